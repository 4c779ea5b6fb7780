"""The parts: the Temporal development server, the mock BSS server, the worker and the gateway."""

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from app.cannot_start import CannotStart
from app.embedded.ports import answers_ok, listens
from app.embedded.processes import Part
from app.settings.model import Settings

LOOPBACK: Final = "127.0.0.1"
# Temporal forgets an ended order after this; the development server's own 24 hours are too short to look back on.
RETENTION: Final = "8760h"
# Orders take turns by priority only where Temporal has fairness switched on, and strictly so only in a task queue of
# one part. And a server with a single shard looks for new work just 20 times a second when it is not told otherwise:
# each step of an order would wait for it.
DYNAMIC: Final = (
    "matching.enableFairness=true",
    "matching.numTaskqueueReadPartitions=1",
    "matching.numTaskqueueWritePartitions=1",
    "history.transferProcessorMaxPollRPS=200",
)
ORDERWAY: Final = (sys.executable, "-m", "app.cli")


def temporal_executable(settings: Settings) -> str:
    """The `temporal` program: the one that is set, else the one installed with us, else the one on the path.

    Raises CannotStart when there is none.
    """
    beside_us = str(Path(sys.executable).parent)
    path = os.pathsep.join((beside_us, os.environ.get("PATH", os.defpath)))
    found = shutil.which(settings.temporal_executable or "temporal", path=path)
    if found:
        return found
    if settings.temporal_executable:
        raise CannotStart(
            f"ORDERWAY_TEMPORAL_EXECUTABLE: {settings.temporal_executable} is not a program that can be run."
        )
    raise CannotStart(
        "The `temporal` program is missing: install orderway[embedded], name the program with "
        "ORDERWAY_TEMPORAL_EXECUTABLE, or name a running server with ORDERWAY_TEMPORAL_ADDRESS."
    )


def temporal(settings: Settings, port: int) -> Part:
    """The Temporal development server, with its histories in the data folder."""
    program = temporal_executable(settings)
    # Somebody's own Temporal profile must not lead these commands to another server.
    alone = ("--disable-config-file", "--disable-config-env")
    namespace = () if settings.temporal_namespace == "default" else ("--namespace", settings.temporal_namespace)
    retain = (
        *(program, "operator", "namespace", "update", "--namespace", settings.temporal_namespace),
        *("--retention", RETENTION, "--address", f"{LOOPBACK}:{port}", "--command-timeout", "5s", *alone),
    )

    async def keeps_histories() -> bool:
        """Whether the server answers, and has taken our retention time."""
        if not await listens(LOOPBACK, port):
            return False
        update = await asyncio.create_subprocess_exec(
            *retain, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        return await update.wait() == 0

    return Part(
        name="temporal",
        command=(
            *(program, "server", "start-dev", "--headless", "--ip", LOOPBACK, "--port", str(port)),
            *("--db-filename", str(settings.data_dir / "temporal.db"), "--log-level", "warn", *namespace),
            *("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=NORMAL", *alone),
            *(argument for value in DYNAMIC for argument in ("--dynamic-config-value", value)),
        ),
        environment={"TEMPORAL_VERSION_CHECK_DISABLED": "1"},
        ready=keeps_histories,
    )


def mock_bss(data_dir: Path, port: int, pace: float = 1.0, environment: Mapping[str, str] | None = None) -> Part:
    """The mock BSS server, for the backends that are not set. `pace` multiplies how long provisioning takes."""

    async def accepts() -> bool:
        return await listens(LOOPBACK, port)

    return Part(
        name="mock-bss",
        command=(
            *(*ORDERWAY, "mock-bss", "--host", LOOPBACK, "--port", str(port)),
            *("--data", str(data_dir), "--pace", str(pace)),
        ),
        environment=environment or {},
        ready=accepts,
    )


def worker(environment: Mapping[str, str]) -> Part:
    """The worker that carries the orders out. It listens on nothing; orders wait in Temporal until it is there."""

    async def runs() -> bool:
        return True

    return Part(name="worker", command=(*ORDERWAY, "worker"), environment=environment, ready=runs)


def gateway(settings: Settings, environment: Mapping[str, str], name: str = "gateway") -> Part:
    """The gateway, ready when it says so itself."""

    async def says_ready() -> bool:
        return await answers_ok(settings.host, settings.port, "/health/ready")

    return Part(
        name=name,
        command=(*ORDERWAY, "serve"),
        environment=environment,
        ready=says_ready,
        grace=settings.drain_seconds + 5.0,
    )


def monitored_on(port: int) -> dict[str, str]:
    """What a worker or gateway is told besides, to show its metrics and health at this port."""
    return {"ORDERWAY_MONITORING__HOST": LOOPBACK, "ORDERWAY_MONITORING__PORT": str(port)}


def environment_of(settings: Settings) -> dict[str, str]:
    """What a worker or gateway started by us is told on top of what it reads for itself."""
    told = {
        "ORDERWAY_HOST": settings.host,
        "ORDERWAY_PORT": str(settings.port),
        "ORDERWAY_PUBLIC_URL": settings.public_url,
        "ORDERWAY_DATA_DIR": str(settings.data_dir),
        "ORDERWAY_TEMPORAL_ADDRESS": settings.temporal_address,
        "ORDERWAY_BACKENDS_BASE_URL": settings.backends_base_url,
        "ORDERWAY_DEVELOPMENT_TOKENS": str(settings.development_tokens).lower(),
        "ORDERWAY_LOG_FORMAT": settings.log_format,
    }
    return {name: value for name, value in told.items() if value is not None}
