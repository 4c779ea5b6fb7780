"""Settings are read again at SIGHUP: what can change while a process runs does; what is wrong changes nothing."""

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase

import structlog

from app import metrics
from app.cannot_start import CannotStart
from app.settings.model import Settings
from app.settings.variables import values

log = structlog.get_logger()

Commit = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Live:
    """Settings that can change while the process runs.

    `variables` are patterns of their names. `prepare` looks at the new settings and gives what puts them into force;
    it raises CannotStart when they are of no use, and changes nothing yet.
    """

    variables: tuple[str, ...]
    prepare: Callable[[Settings], Commit]

    def holds(self, variable: str) -> bool:
        """Whether this one changes with it."""
        return any(fnmatchcase(variable, pattern) for pattern in self.variables)


class Reload:
    """What is in force, and how it is changed."""

    def __init__(self, settings: Settings, read: Callable[[], Settings], live: Sequence[Live]) -> None:
        """`read` gives the settings as they are now set; it raises CannotStart when they are wrong."""
        self._read = read
        self._live = live
        self._in_force = values(settings)

    def again(self) -> None:
        """Read the settings and put into force what is new; when anything is wrong all stays as it was.

        The values are told to nobody: some of them are secrets.
        """
        try:
            settings = self._read()
            wanted = values(settings)
            changed = {name for name, value in wanted.items() if value != self._in_force[name]}
            concerned = [live for live in self._live if any(live.holds(name) for name in changed)]
            commits = [live.prepare(settings) for live in concerned]
        except CannotStart as refusal:
            metrics.RELOADS.labels("refused").inc()
            log.error("settings_refused", why=str(refusal))
            return
        for commit in commits:
            commit()
        applied = {name for name in changed if any(live.holds(name) for live in concerned)}
        self._in_force |= {name: wanted[name] for name in applied}
        metrics.RELOADS.labels("applied").inc()
        log.info("settings_reloaded", changed=sorted(applied))
        if waiting := changed - applied:
            log.warning("settings_need_restart", changed=sorted(waiting))

    @contextmanager
    def at_hangup(self) -> Iterator[None]:
        """SIGHUP does this while the context is entered."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self.again)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGHUP)
