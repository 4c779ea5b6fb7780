"""Child processes are kept running, ended in order, and never outlive their supervisor."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cannot_start import CannotStart
from app.embedded.development import claimed
from app.embedded.ports import answers_ok, free_port, listens, require_free_port
from app.embedded.processes import ChildProcess, Part, PartStopped, Supervisor

STEADY = "import sys, time; print('up', flush=True); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + STEADY
REFUSING = "import sys; print('ORDERWAY_PORT: 0 is not a port.'); sys.exit(2)"
POLITE = (
    "import signal, sys, time\n"
    "def end(*_):\n    open(sys.argv[1], 'a').write(sys.argv[2] + '\\n'); sys.exit(0)\n"
    "signal.signal(signal.SIGTERM, end)\n"
    "print('up', flush=True)\ntime.sleep(600)"
)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  # another process makes it true
            await asyncio.sleep(0.01)


def runs(pid: int) -> bool:
    """Whether the process is there and not just waiting for its parent to notice its end."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # gone, or gone while it was read
        return False


def part(tmp_path: Path, code: str, *arguments: str, name: str = "part", grace: float = 10.0) -> Part:
    async def wrote_a_line() -> bool:
        log = tmp_path / f"{name}.log"
        return log.exists() and log.read_text().startswith("up")

    return Part(name=name, command=(sys.executable, "-S", "-c", code, *arguments), ready=wrote_a_line, grace=grace)


def pid_of(supervisor: Supervisor, number: int = 0) -> int:
    return supervisor.children[number].pid


async def test_a_killed_part_is_started_again_and_one_line_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    async with Supervisor(tmp_path, said.append) as supervisor:
        await supervisor.start(part(tmp_path, STEADY))
        first = pid_of(supervisor)

        os.kill(first, signal.SIGKILL)

        await until(lambda: pid_of(supervisor) != first)
        assert supervisor.children[0].alive
    assert said == ["part was ended by SIGKILL; starting it again."]


async def test_a_part_that_refuses_to_start_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"part did not start: ORDERWAY_PORT: 0 is not a port\."):
        async with Supervisor(tmp_path, print) as supervisor:
            await supervisor.start(part(tmp_path, REFUSING))


async def test_a_part_that_keeps_dying_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.embedded.processes.FIRST_BACKOFF", 0.0)
    monkeypatch.setattr("app.embedded.processes.RESTARTS", 2)
    said: list[str] = []

    with pytest.raises(PartStopped, match=r"part ended with exit code 3 and stays down: up \(log: .*part\.log\)"):
        async with Supervisor(tmp_path, said.append) as supervisor:
            await supervisor.start(part(tmp_path, "print('up', flush=True); import sys; sys.exit(3)"))
            await supervisor.until_a_part_gives_up()

    assert said == ["part ended with exit code 3; starting it again."] * 2


async def test_parts_end_in_reverse_order(tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    async with Supervisor(tmp_path, print) as supervisor:
        for name in ("temporal", "worker", "gateway"):
            await supervisor.start(part(tmp_path, POLITE, str(diary), name, name=name))

    assert diary.read_text().split() == ["gateway", "worker", "temporal"]


async def test_a_part_that_ignores_the_request_to_end_is_killed(tmp_path: Path) -> None:
    async with Supervisor(tmp_path, print) as supervisor:
        await supervisor.start(part(tmp_path, STUBBORN, grace=0.1))
        pid = pid_of(supervisor)

    assert not runs(pid)


async def test_a_child_can_be_killed_and_started_again_by_hand(tmp_path: Path) -> None:
    async with Supervisor(tmp_path, print) as supervisor:
        child = ChildProcess(part(tmp_path, STEADY), tmp_path, supervisor.guard)
        await child.start()
        await child.until_ready()
        first = child.pid

        await child.kill()
        assert not child.alive
        await child.start()

        assert child.alive
        assert child.pid != first
        await child.stop()


async def start_supervisor(tmp_path: Path) -> tuple[asyncio.subprocess.Process, int, int]:
    """Another process that supervises one part: its handle, the part's process id and the guardian's."""
    program = f"""
import asyncio, sys
from pathlib import Path
from app.embedded.processes import Part, Supervisor

async def yes():
    return True

async def main():
    async with Supervisor(Path(sys.argv[1]), print) as supervisor:
        await supervisor.start(Part(name="part", command=(sys.executable, "-S", "-c", {STEADY!r}), ready=yes))
        print(supervisor.children[0].pid, supervisor.guard.pid, flush=True)
        await supervisor.until_a_part_gives_up()

asyncio.run(main())
"""
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert supervisor.stdout is not None
    child, guardian = map(int, (await supervisor.stdout.readline()).split())
    return supervisor, child, guardian


async def test_parts_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    supervisor, child, guardian = await start_supervisor(tmp_path)
    assert runs(child)

    supervisor.kill()
    await supervisor.wait()

    await until(lambda: not runs(child) and not runs(guardian))


async def test_a_killed_guardian_is_replaced_with_all_that_it_guarded(tmp_path: Path) -> None:
    async with Supervisor(tmp_path, print) as supervisor:
        await supervisor.start(part(tmp_path, STEADY, name="first"))
        guardian = supervisor.guard.pid
        assert guardian is not None
        os.kill(guardian, signal.SIGKILL)
        await until(lambda: not runs(guardian))

        await supervisor.start(part(tmp_path, STEADY, name="second"))

        children = [child.pid for child in supervisor.children]
        supervisor.guard.close()  # as if we had gone
        await until(lambda: not any(runs(pid) for pid in children))


def test_a_data_folder_belongs_to_one_dev_at_a_time(tmp_path: Path) -> None:
    with (
        claimed(tmp_path / "data"),
        pytest.raises(CannotStart, match=rf"Another `orderway dev` \(process {os.getpid()}\) uses .*data: stop it"),
        claimed(tmp_path / "data"),
    ):
        pass

    with claimed(tmp_path / "data"):
        pass


def test_a_data_folder_waits_for_the_parts_that_a_killed_dev_left(tmp_path: Path) -> None:
    with claimed(tmp_path) as lock:
        leftover = subprocess.Popen(["sh", "-c", "sleep 0.5; touch ended"], cwd=tmp_path, pass_fds=(lock,))
        (tmp_path / "lock").write_text("999999999")  # the process id of a `dev` that is gone

    with claimed(tmp_path):
        assert (tmp_path / "ended").exists()
    assert leftover.wait() == 0


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(CannotStart, match=r"The data folder .*file/data cannot be used: Not a directory\."),
        claimed(tmp_path / "file" / "data"),
    ):
        pass


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request = await reader.readline()
    status = b"200 OK" if b"/health/ready" in request else b"503 Service Unavailable"
    writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()
    writer.close()


async def test_a_taken_port_is_refused_in_one_sentence() -> None:
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]

        with pytest.raises(CannotStart, match=f"^Port {port} on 127.0.0.1 is in use: stop what listens there"):
            require_free_port("127.0.0.1", port)
        assert await listens("127.0.0.1", port)
        assert await answers_ok("127.0.0.1", port, "/health/ready")
        assert not await answers_ok("127.0.0.1", port, "/elsewhere")

    require_free_port("127.0.0.1", port)
    assert not await listens("127.0.0.1", port)
    assert not await answers_ok("127.0.0.1", port, "/health/ready")


def test_a_foreign_address_is_refused() -> None:
    with pytest.raises(CannotStart, match=r"^Cannot listen on 192\.0\.2\.1 port \d+: "):
        require_free_port("192.0.2.1", free_port())


def test_no_port_is_given_to_two_who_have_not_begun_to_listen() -> None:
    given = [free_port() for _ in range(500)]

    assert len(set(given)) == len(given)
