"""Ends process groups that lost their supervisor. Run as a script, with no import but the standard library.

The supervisor writes `+GROUP` and `-GROUP` lines. When its end of the pipe closes, it has gone, however it went
(kill -9 included), and the groups that are left are killed. Works on every POSIX system.
"""

import os
import signal
import sys
from contextlib import suppress


def main() -> None:
    """Follow the supervisor's lines until it is gone, then leave nothing of it behind."""
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line[0] == "+":
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
