"""`orderway dev` is one command for everything, and when it ends, however it ends, nothing of it is left."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.embedded.ports import answers_ok, free_port
from tests.harness import ROOT, WAIT_SECONDS, until


@dataclass(frozen=True, slots=True)
class Dev:
    """A running `orderway dev`."""

    process: asyncio.subprocess.Process
    port: int
    lines: list[str]

    async def line(self, beginning: str) -> str:
        """The next line that begins so."""
        assert self.process.stdout is not None
        async with asyncio.timeout(WAIT_SECONDS):
            async for line in self.process.stdout:
                self.lines.append(line.decode().rstrip())
                if self.lines[-1].startswith(beginning):
                    return self.lines[-1]
        pytest.fail("\n".join(self.lines))


@asynccontextmanager
async def dev(folder: Path, port: int) -> AsyncIterator[Dev]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "dev", "--port", str(port), "--data", str(folder / "data")),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Dev(process, port, [])
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def descendants(ancestor: int) -> set[int]:
    """Every process that this one has started, and those that they have."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent, *_ = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            parents[int(stat.parent.name)] = int(parent)
    found = {ancestor}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {ancestor}


def running(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists()}


async def test_a_signal_ends_all_that_was_started(tmp_path: Path) -> None:
    port = free_port()
    async with dev(tmp_path, port) as orderway:
        ready = await orderway.line("Ready.")
        started = descendants(orderway.process.pid)
        healthy = await answers_ok("127.0.0.1", port, "/health/ready")

        orderway.process.send_signal(signal.SIGTERM)
        await orderway.line("Stopping.")
        code = await orderway.process.wait()

    assert f"http://127.0.0.1:{port}/graphql" in ready
    assert healthy
    assert any(str(tmp_path / "data" / "logs") in line for line in orderway.lines)
    assert len(started) >= 4
    assert (code, running(started)) == (0, set())


async def test_kill_9_ends_all_that_was_started_and_the_data_can_be_used_at_once(tmp_path: Path) -> None:
    port = free_port()
    async with dev(tmp_path, port) as orderway:
        await orderway.line("Ready.")
        started = descendants(orderway.process.pid)

        orderway.process.kill()
        await orderway.process.wait()

        async with dev(tmp_path, port) as again:
            await again.line("Ready.")

            async def gone() -> bool:
                return not running(started)

            assert await until(gone)


async def test_a_second_dev_on_the_same_data_is_refused(tmp_path: Path) -> None:
    async with dev(tmp_path, free_port()) as orderway:
        await orderway.line("Orderway starts")

        async with dev(tmp_path, free_port()) as second:
            refusal = await second.line("Another")
            code = await second.process.wait()

    assert refusal == (
        f"Another `orderway dev` (process {orderway.process.pid}) uses {tmp_path / 'data'}: "
        "stop it, or choose another folder with --data."
    )
    assert code == 2
