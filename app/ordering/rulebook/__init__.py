"""Reads rule files, and reads them again when they change: YAML with conditions in Google's Common Expression Language.

Nothing in them runs as Python. A change is taken whole or not at all; what is refused leaves the rules in force as
they are.
"""
