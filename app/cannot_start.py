"""The one way in which a process says that it cannot start."""


class CannotStart(Exception):
    """Why a part cannot start, in sentences for the person who started it; the command line exits with code 2."""
