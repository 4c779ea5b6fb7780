"""`orderway dev`: every part that is not set to be elsewhere, on loopback, with its data in one folder."""

import asyncio
import fcntl
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app.cannot_start import CannotStart
from app.embedded import parts
from app.embedded.ports import free_port, require_free_port
from app.embedded.processes import PartStopped, Supervisor
from app.settings.model import Settings

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# How long the parts of a killed `dev` may take to be gone, before a new one is refused.
LEFTOVERS_TIMEOUT: Final = 5.0

Say = Callable[[str], None]
WhenReady = Callable[[str], Awaitable[None]]
"""Called once, with the gateway's address, when it is ready."""


@contextmanager
def claimed(data_dir: Path) -> Iterator[int]:
    """Have the data folder for ourselves; gives the lock's descriptor.

    A part that inherits it holds the folder too, so that nothing starts on data that a part of a killed
    `dev` still has open. Raises CannotStart when the folder is in use or cannot be made.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as refusal:
        raise CannotStart(f"The data folder {data_dir} cannot be used: {refusal.strerror}.") from refusal
    try:
        _take(lock, data_dir)
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield lock
    finally:
        os.close(lock)


def _take(lock: int, data_dir: Path) -> None:
    deadline = time.monotonic() + LEFTOVERS_TIMEOUT
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as refusal:
            owner = os.pread(lock, 20, 0).decode()
            if _runs(owner) or time.monotonic() > deadline:
                raise CannotStart(
                    f"Another `orderway dev` (process {owner}) uses {data_dir}: stop it, "
                    "or choose another folder with --data."
                ) from refusal
            time.sleep(0.05)  # the guardian of the one before is at work; a lock cannot be waited for with a deadline
        else:
            return


def _runs(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (ValueError, ProcessLookupError):
        return False
    return True


def develop(settings: Settings, *, say: Say, when_ready: WhenReady | None = None) -> int:
    """Start everything, serve until a signal ends it, and give the exit code.

    Raises CannotStart when something cannot be started; then nothing is left running.
    """
    with claimed(settings.data_dir) as lock:
        require_free_port(settings.host, settings.port)
        return asyncio.run(_develop(settings, lock, say, when_ready))


async def _develop(settings: Settings, lock: int, say: Say, when_ready: WhenReady | None) -> int:
    logs = settings.data_dir / "logs"
    supervisor = Supervisor(logs, say, inherited=(lock,))
    serving = asyncio.create_task(_serve(settings, supervisor, logs, say, when_ready))
    asked_to_stop = False

    def stop() -> None:
        nonlocal asked_to_stop
        if asked_to_stop:
            supervisor.kill_all()  # the second Ctrl-C
        else:
            asked_to_stop = True
            say("Stopping.")
            serving.cancel()

    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        await serving
    except asyncio.CancelledError:
        return 0
    except PartStopped as end:
        say(str(end))
    return 1


async def _serve(
    settings: Settings, supervisor: Supervisor, logs: Path, say: Say, when_ready: WhenReady | None
) -> None:
    async with supervisor:
        say(f"Orderway starts; its data is in {settings.data_dir}, its logs are in {logs}.")
        settings = await _start_surroundings(settings, supervisor, say)
        environment = parts.environment_of(settings)
        of_worker, of_gateway = free_port(), settings.monitoring.port or free_port()
        await supervisor.start(
            parts.worker(environment | parts.monitored_on(of_worker)),
            parts.gateway(settings, environment | parts.monitored_on(of_gateway)),
        )
        at = f"http://{parts.LOOPBACK}"
        say(f"Metrics: {at}:{of_gateway}/metrics (gateway), {at}:{of_worker}/metrics (worker)")
        say(f"Ready. GraphiQL: {settings.local_url}/graphql   Stop with Ctrl-C.")
        shown = () if when_ready is None else (when_ready(settings.local_url),)
        await asyncio.gather(supervisor.until_a_part_gives_up(), *shown)


async def _start_surroundings(settings: Settings, supervisor: Supervisor, say: Say) -> Settings:
    """Start what is not set to be elsewhere; gives the settings with the addresses of what was started."""
    elsewhere: dict[str, object] = {}
    surroundings = []
    if settings.temporal_address is None:
        port = free_port()
        surroundings.append(parts.temporal(settings, port))
        elsewhere["temporal_address"] = f"{parts.LOOPBACK}:{port}"
    if missing := settings.homeless_backends():
        port = free_port()
        surroundings.append(parts.mock_bss(settings.data_dir, port))
        elsewhere["backends_base_url"] = f"http://{parts.LOOPBACK}:{port}"
        say(f"Mock BSS server: http://{parts.LOOPBACK}:{port} ({', '.join(missing)})")
    await supervisor.start(*surroundings)
    return settings.model_copy(update=elsewhere)
