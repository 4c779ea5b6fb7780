"""Child processes: started, waited for by condition, started again when they die, ended when we end."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from app.cannot_start import CannotStart
from app.embedded import guardian

ERROR_OF_USE: Final = 2
"""The exit code by which a part says that starting it again is of no use."""
START_TIMEOUT: Final = 60.0
POLL_INTERVAL: Final = 0.05
RESTARTS: Final = 10
RESTART_WINDOW: Final = 60.0
FIRST_BACKOFF: Final = 0.2
LONGEST_BACKOFF: Final = 5.0
LARGEST_LOG: Final = 20_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one process runs and how to tell that it can be used.

    `environment` comes on top of ours. `ready` is asked again and again until it says yes. `grace` is how many
    seconds the process has to end by itself after SIGTERM.
    """

    name: str
    command: tuple[str, ...]
    ready: Callable[[], Awaitable[bool]]
    environment: Mapping[str, str] = field(default_factory=dict)
    grace: float = 10.0


class PartStopped(Exception):
    """A part ended and will not be started again."""


class Guard:
    """Our end of the guardian's pipe: process groups that must not outlive us, even when we are killed."""

    def __init__(self) -> None:
        self._groups: set[int] = set()
        self._guardian: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The guardian's process id; None while there is nothing to guard."""
        return self._guardian.pid if self._guardian else None

    def add(self, group: int) -> None:
        """From now on the group ends with us."""
        self._groups.add(group)
        self._tell(f"+{group}\n")

    def remove(self, group: int) -> None:
        """The group has ended; its number may be given to somebody else."""
        self._groups.discard(group)
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """Release the guardian, which kills what is still in its care."""
        if self._guardian is not None:
            self._guardian.communicate()
            self._guardian = None

    def _tell(self, line: str) -> None:
        try:
            self._write(line)
        except BrokenPipeError:  # somebody killed the guardian: the next one gets the whole list
            self.close()
            self._write("".join(f"+{group}\n" for group in self._groups))

    def _write(self, text: str) -> None:
        if self._guardian is None:
            # A session of its own: Ctrl-C in the terminal is for the supervisor alone.
            self._guardian = subprocess.Popen(
                [sys.executable, "-I", "-S", guardian.__file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        assert self._guardian.stdin is not None
        self._guardian.stdin.write(text.encode())
        self._guardian.stdin.flush()


class ChildProcess:
    """One part as a running process. Its output goes to `<logs>/<name>.log`."""

    def __init__(
        self, part: Part, logs: Path, guard: Guard, inherited: Sequence[int] = (), folder: Path | None = None
    ) -> None:
        """`inherited` are file descriptors that the process keeps open, besides its standard three.

        `folder` is where it runs; None: where we run.
        """
        self.part = part
        self.log = logs / f"{part.name}.log"
        self._guard = guard
        self._inherited = tuple(inherited)
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The process id of the last start."""
        return self._running.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.returncode is None

    @property
    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError(f"{self.part.name} has not been started")
        return self._process

    async def start(self) -> None:
        """Start the process, in a group of its own so that signals from the terminal do not reach it."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.part.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, **self.part.environment},
                cwd=self._folder,
                start_new_session=True,
                pass_fds=self._inherited,
            )
        self._guard.add(self._process.pid)

    async def until_ready(self) -> None:
        """Return when the part can be used. Raises CannotStart when it ends before that, or takes too long."""
        deadline = time.monotonic() + START_TIMEOUT
        while not await self.part.ready():
            if not self.alive:
                raise CannotStart(f"{self.part.name} did not start: {self.last_words()} (log: {self.log})")
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"{self.part.name} was not ready within {START_TIMEOUT:.0f} seconds (log: {self.log})."
                )
            await asyncio.sleep(POLL_INTERVAL)

    async def wait(self) -> int:
        """Return the exit code once the process has ended: negative, the signal that ended it."""
        code = await self._running.wait()
        self._guard.remove(self.pid)
        return code

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the process and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    async def stop(self) -> None:
        """Ask the process to end, and kill it when it has not within its grace."""
        if self.alive:
            self._running.terminate()
            try:
                async with asyncio.timeout(self.part.grace):
                    await self.wait()
            except TimeoutError:
                self.signal_group(signal.SIGKILL)
                await self.wait()

    async def kill(self) -> None:
        """End the process as `kill -9` does, and wait until it is gone."""
        if self.alive:
            self.signal_group(signal.SIGKILL)
            await self.wait()

    def last_words(self) -> str:
        """The last line that the process wrote."""
        if not self.log.exists():
            return "it wrote nothing"
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 4096))
            lines = log.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it wrote nothing")


class Supervisor:
    """Keeps parts running while it is entered; on exit ends them, the last started first.

    `children` are its parts in the order of their start, `guard` sees to it that they end when we are killed.
    """

    def __init__(self, logs: Path, say: Callable[[str], None], inherited: Sequence[int] = ()) -> None:
        """`say` is told, in one line, what a person at the terminal should know."""
        self._logs = logs
        self._say = say
        self._inherited = tuple(inherited)
        self.guard = Guard()
        self.children: list[ChildProcess] = []
        self._keepers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for child in reversed(self.children):
            await child.stop()
        self.guard.close()

    async def start(self, *parts: Part) -> None:
        """Start parts that do not need each other, and return when all of them can be used."""
        started = [ChildProcess(part, self._logs, self.guard, self._inherited) for part in parts]
        for child in started:
            await child.start()
            self.children.append(child)
        for child in started:
            await child.until_ready()
        self._keepers += [asyncio.create_task(self._keep(child)) for child in started]

    async def until_a_part_gives_up(self) -> None:
        """Never returns. Raises PartStopped when a part keeps dying, or cannot run as it is set up."""
        await asyncio.gather(*self._keepers)

    def kill_all(self) -> None:
        """End everything now."""
        for child in self.children:
            if child.alive:
                child.signal_group(signal.SIGKILL)

    async def _keep(self, child: ChildProcess) -> None:
        starts: list[float] = []
        while True:
            code = await child.wait()
            now = time.monotonic()
            starts = [at for at in starts if now - at < RESTART_WINDOW]
            if code == ERROR_OF_USE or len(starts) >= RESTARTS:
                raise PartStopped(
                    f"{child.part.name} {_how(code)} and stays down: {child.last_words()} (log: {child.log})"
                )
            self._say(f"{child.part.name} {_how(code)}; starting it again.")
            await asyncio.sleep(min(FIRST_BACKOFF * 2 ** len(starts), LONGEST_BACKOFF))
            starts.append(now)
            await child.start()


def _how(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
