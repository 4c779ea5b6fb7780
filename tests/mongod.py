"""A MongoDB-compatible server for the tests, as a process of its own."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from app.embedded.ports import free_port
from tests.harness import until


class Mongod:
    """A MongoDB-compatible server of our own, or the one that ORDERWAY_TEST_MONGODB_URI names."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.given = os.environ.get("ORDERWAY_TEST_MONGODB_URI")
        self.uri = self.given or f"mongodb://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        """The process, when it is our own."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        if self.given:
            return
        command = [str(Path(sys.executable).parent / "secantusd-py"), "--host", "127.0.0.1", "--port", str(self._port)]
        command += ["--storage-path", str(self._folder), "--cache-size", "256M", "--sync-on-commit"]
        self._process = await asyncio.to_thread(
            subprocess.Popen, command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

        async def answers() -> bool:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                return False
            writer.close()
            return True

        await until(answers)

    def stop_for_now(self) -> None:
        """It takes what comes, and says nothing."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)
            os.waitpid(self._process.pid, os.WUNTRACED)  # it may still be answering

    def go_on(self) -> None:
        """It says again what it was asked."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
