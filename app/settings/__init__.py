"""What an installation can set: environment variables that start with ORDERWAY_, or the same names in a `.env` file.

Every setting says its rule, so that a wrong value is refused by name, in one sentence, before anything starts.
"""
