"""The order and its rules as pure values and functions: no I/O, no clock, no random; time, ids and facts come in.

Nothing here imports anything but the standard library.
"""
