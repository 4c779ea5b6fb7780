"""How Orderway's gateway does beside GraphQL servers on Node and beside plain Strawberry, on one schema and backend.

One process each, on one core; load and backend on another one. Only one is loaded at a time, in turns, the order turned
round each time, and the median round counts. Absolute figures mean little: what counts are ratios within one run, and
on a busy machine those of the processor time of a request.
"""

import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

import aiohttp
import msgspec
from rich.console import Console
from rich.table import Table

from app.domain.actor import Actor, Role
from app.embedded.ports import free_port
from app.security.tokens import DevelopmentKey
from tests.harness import ROOT
from tools.npm import npm

HERE: Final = Path(__file__).resolve().parent
PEERS: Final = HERE / "peers"
APOLLO: Final = "Apollo Server"
MERCURIUS: Final = "Mercurius + jit"
IDIOMATIC: Final = "Strawberry"
ORDERWAY: Final = "Orderway"
UNCOMPILED: Final = "Orderway, not compiled"
NODE_PEERS: Final = {APOLLO: "apollo", "GraphQL Yoga": "yoga", MERCURIUS: "mercurius"}
OWN: Final = (ORDERWAY, UNCOMPILED)
LEAVES_OF_ORDER: Final = (
    "id href state externalId description category priority channel orderDate completionDate expectedCompletionDate "
    "requestedStartDate currency totalPrice taxRate itemCount version isUrgent isBundle siteName"
)
Q1: Final = f"""query Page($first: Int!) {{ orders(first: $first) {{
  {LEAVES_OF_ORDER} requestedCompletionDate cancellationDate cancellationReason notificationContact note
  customer {{ id name email segment city }}
  items {{ id action quantity unitPrice state offering {{ id name version price lifecycleStatus }} }} }} }}"""
Q2: Final = f"""query One($id: ID!) {{ order(id: $id) {{
  {LEAVES_OF_ORDER}
  customer {{ id name email phone segment status city country }}
  items {{ id action quantity state offering {{ id name price lifecycleStatus }} }} }} }}"""
QUERIES: Final[Mapping[str, Mapping[str, object]]] = {
    "Q1": {"query": Q1, "variables": {"first": 50}},
    "Q2": {"query": Q2, "variables": {"id": "7"}},
    "Q3": {"query": "{ hello }"},
}
WAIT_MS: Final = 20
CRITICAL_PATH_MS: Final = 2 * WAIT_MS
"""Orders first, then customers and offerings at once."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked, by how many at once, of a backend that takes this long."""

    query: str
    at_once: int
    wait_ms: int = 0

    def __str__(self) -> str:
        slow = f", backend {self.wait_ms} ms" if self.wait_ms else ""
        return f"{self.query}, {self.at_once} at once{slow}"


CASES: Final = (Case("Q1", 16), Case("Q2", 16), Case("Q3", 16), Case("Q1", 1, WAIT_MS))


class Load(msgspec.Struct):
    """What the load saw; times in ms."""

    requests: int
    per_second: float
    p50: float
    p95: float
    failed: int


@dataclass(frozen=True, slots=True)
class Round:
    """One contender under one case once. `cpu_ms`: processor time of its process for a request."""

    load: Load
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Contender:
    """A server under measurement."""

    name: str
    port: int
    process: subprocess.Popen[bytes]

    def cpu_seconds(self) -> float:
        """Processor time so far, of all its threads."""
        times = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")

    def until_idle(self) -> None:
        """Returns when it has worked off what the load left behind."""
        before = -1.0
        while (now := self.cpu_seconds()) - before > 0.01:
            before = now
            time.sleep(0.15)  # a process does not tell when it is idle: its processor time has to stand still


@dataclass(slots=True)
class Ring:
    """Where contenders meet: one backend, and keys that tokens are signed with."""

    folder: Path
    stack: ExitStack
    peers: Path
    backend_port: int = field(default_factory=free_port)

    @property
    def backend(self) -> str:
        """The backend's address."""
        return f"http://127.0.0.1:{self.backend_port}"

    def begin(
        self, command: Sequence[str], *, core: int, environment: Mapping[str, str] = MappingProxyType({})
    ) -> subprocess.Popen[bytes]:
        """A process on this core, ended with the ring."""
        log = self.stack.enter_context((self.folder / "servers.log").open("ab"))
        told = {**os.environ, "NODE_ENV": "production", "BACKEND": self.backend, **environment}
        process = subprocess.Popen(on_core(core, command), cwd=ROOT, env=told, stdout=log, stderr=log)
        self.stack.callback(process.wait)
        self.stack.callback(process.terminate)
        return process


def on_core(core: int, command: Sequence[str]) -> list[str]:
    """The command, kept on one core where that can be done."""
    taskset = shutil.which("taskset")
    return [taskset, "-c", str(core), *command] if taskset and (os.cpu_count() or 1) > 1 else [*command]


@contextmanager
def ring(peers: Path) -> Iterator[Ring]:
    """The backend answers; everything that is begun here ends here."""
    with tempfile.TemporaryDirectory(prefix="orderway-bench-") as folder, ExitStack() as stack:
        where = Ring(Path(folder), stack, peers)
        where.begin([sys.executable, "-m", "tests.bench.gateway.backend", str(where.backend_port)], core=1)
        yield where


def installed_peers() -> Path:
    """The folder that the Node peers and the load run in, installed as locked when they are not there."""
    done = PEERS / "node_modules" / ".package-lock.json"
    lock = PEERS / "package-lock.json"
    if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run([*npm(), "ci", "--ignore-scripts"], cwd=PEERS, check=True)
        done.touch()
    return PEERS


def node() -> str:
    """The node that comes with npm."""
    own = Path(npm()[0])
    return str(own) if own.name == "node" else shutil.which("node") or "node"


def contenders(where: Ring, names: Sequence[str], token: str) -> list[Contender]:
    """These servers, started."""
    found = []
    for name in names:
        port = free_port()
        environment = {"TOKEN": token, "KEYS": str(where.folder)}
        if name in NODE_PEERS:
            command = [node(), str(where.peers / "server.mjs"), NODE_PEERS[name], str(port)]
        elif name == IDIOMATIC:
            command = [sys.executable, "-m", "tests.bench.gateway.idiomatic", str(port)]
        else:
            command = [sys.executable, "-m", "tests.bench.gateway.server", str(port)]
            environment["ORDERWAY_COMPILED"] = str(name != UNCOMPILED).lower()
        found.append(Contender(name, port, where.begin(command, core=0, environment=environment)))
    return found


async def _answers(all_: Sequence[Contender], token: str) -> None:
    """Returns when all answer each query alike; raises when one answers differently."""
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for name, query in QUERIES.items():
            expected: object = None
            for one in all_:
                answer = await _answer(session, one, query)
                expected = expected or answer.get("data")
                if answer.get("data") != expected or "errors" in answer:
                    raise RuntimeError(f"{one.name} answers {name} otherwise: {str(answer)[:300]}")


async def _answer(session: aiohttp.ClientSession, one: Contender, query: Mapping[str, object]) -> Mapping[str, object]:
    for _ in range(300):
        try:
            async with session.post(f"http://127.0.0.1:{one.port}/graphql", json=query) as answer:
                found: Mapping[str, object] = await answer.json()
                return found
        except aiohttp.ClientConnectorError:
            if one.process.poll() is not None:
                break
            await asyncio.sleep(0.1)
    raise RuntimeError(f"{one.name} does not answer.")


def _load(where: Ring, one: Contender, case: Case, seconds: int, token: str) -> Load:
    body = where.folder / f"{case.query}.json"
    body.write_text(json.dumps(QUERIES[case.query]))
    url = f"http://127.0.0.1:{one.port}/graphql"
    if wrk := shutil.which("wrk"):
        command = [
            wrk,
            "-t1",
            f"-c{case.at_once}",
            f"-d{seconds}s",
            "--timeout",
            "30s",
            "-s",
            str(HERE / "load.lua"),
            url,
        ]
    else:
        command = [node(), str(where.peers / "load.mjs"), url, str(case.at_once), str(seconds), str(body)]
    told = {**os.environ, "BODY": str(body), "TOKEN": token}
    done = subprocess.run(on_core(1, command), env=told, capture_output=True, text=True, check=True)
    load = msgspec.json.decode(next(line for line in done.stdout.splitlines() if line.startswith("{")), type=Load)
    if load.failed:
        raise RuntimeError(f"{one.name}, {case}: {load.failed} of {load.requests} failed")
    return load


def measure(
    where: Ring, all_: Sequence[Contender], cases: Sequence[Case], *, rounds: int, seconds: int, token: str
) -> dict[tuple[Case, str], list[Round]]:
    """What each contender did in each case, round by round."""
    found: dict[tuple[Case, str], list[Round]] = {}
    for number in range(rounds + 1):
        for case in cases:
            asyncio.run(_wait(where, case.wait_ms))
            for one in all_ if number % 2 else reversed(all_):
                one.until_idle()
                before = one.cpu_seconds()
                load = _load(where, one, case, seconds if number else 1, token)
                one.until_idle()
                cpu_ms = (one.cpu_seconds() - before) * 1000 / (load.requests + case.at_once)
                if number:  # the first round warms up
                    found.setdefault((case, one.name), []).append(Round(load, cpu_ms))
    return found


async def _wait(where: Ring, milliseconds: int) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{where.backend}/wait/{milliseconds}") as answer:
        answer.raise_for_status()


def _print(found: Mapping[tuple[Case, str], list[Round]], names: Sequence[str], console: Console) -> None:
    def ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
        return f"{statistics.median(a / (b or a or 1) for a, b in zip(ours, theirs, strict=True)):.2f}"

    for case in dict.fromkeys(case for case, _ in found):
        table = Table(title=str(case), title_justify="left")
        base = names[0]
        columns = ("", "requests/s", f"× {base}", "CPU ms", f"× {base}", "p50 ms", "p95/p50")
        for column in columns:
            table.add_column(column, justify="right" if column else "left")
        for name in names:
            rounds, others = found[case, name], found[case, base]
            rates, costs = [r.load.per_second for r in rounds], [r.cpu_ms for r in rounds]
            table.add_row(
                name,
                f"{statistics.median(rates):.0f}",
                ratio(rates, [r.load.per_second for r in others]),
                f"{statistics.median(costs):.3f}",
                ratio(costs, [r.cpu_ms for r in others]),
                f"{statistics.median(r.load.p50 for r in rounds):.1f}",
                f"{statistics.median(r.load.p95 / (r.load.p50 or r.load.p95 or 1) for r in rounds):.2f}",
            )
        console.print(table)


def compare(console: Console, names: Sequence[str], cases: Sequence[Case], *, rounds: int, seconds: int) -> None:
    """Measure and print; ratios are to the first of these contenders."""
    with ring(installed_peers()) as where:
        key = DevelopmentKey.load_or_create(where.folder)
        actor = Actor(subject="agent-1", role=Role.AGENT, channel="callCentre")
        token = key.mint(actor, timedelta(days=1))
        all_ = contenders(where, names, token)
        asyncio.run(_answers(all_, token))
        _print(measure(where, all_, cases, rounds=rounds, seconds=seconds, token=token), names, console)
