"""The product as its users run it: every part an operating system process, reached over real HTTP and WebSockets."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import aiohttp
from aiohttp import StreamReader

from app.cli import development_token
from app.demo.connection import GraphQLConnection, Result, connected
from app.domain.actor import Role
from app.embedded import parts
from app.embedded.ports import free_port
from app.embedded.processes import ChildProcess, Guard, Part
from app.settings.model import Settings

T = TypeVar("T")
ROOT = Path(__file__).parents[1]
WAIT_SECONDS = 150.0
"""How long a condition may take to come true, on a machine that is busy with other things."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 0.4

Json = Any
"""A JSON value as it came over the wire."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One GraphQL answer over HTTP."""

    status: int
    data: Json
    errors: list[dict[str, Json]]

    @property
    def codes(self) -> list[str]:
        """The code of each top-level error."""
        return [error["extensions"]["code"] for error in self.errors]

    def whole(self) -> Json:
        """The data of an answer without errors."""
        assert not self.errors, self.errors
        return self.data


class MockControl:
    """The mock BSS server's own door: faults to set, requests and effects to look at."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self.url = url

    async def fault(self, backend: str, **faults: Json) -> None:
        """Set what goes wrong with one backend, in place of what was set; the names are the control endpoint's."""
        await self._call("PUT", f"/control/{backend}", faults)

    async def heal(self) -> None:
        """Nothing goes wrong from now on."""
        await self._call("DELETE", "/control")

    async def effects(self) -> Json:
        """What the backends have really done."""
        return await self._call("GET", "/control/effects")

    async def forget_requests(self, *, only_of: str | None = None) -> None:
        """Count requests from zero; those of this correlation id alone, when one is named."""
        await self._call("POST", f"/control/reset-counters{f'?correlationId={only_of}' if only_of else ''}")

    async def requests(self) -> dict[str, dict[str, int]]:
        """By backend and operation ("POST serviceOrder"), how many requests came in."""
        counts: dict[str, dict[str, int]] = (await self._call("GET", "/control"))["requests"]
        return counts

    async def stalled(self, backend: str) -> list[str]:
        """The idempotency keys of the requests that a `stall` of this backend holds back."""
        keys: list[str] = (await self._call("GET", "/control"))["stalled"][backend]
        return keys

    async def abandoned(self, backend: str) -> int:
        """How many requests that a `stall` of this backend held back were given up by their caller."""
        return int((await self._call("GET", "/control"))["abandoned"][backend])

    async def get(self, path: str) -> Json:
        """A backend's resource, past Orderway."""
        return await self._call("GET", path)

    async def _call(self, method: str, path: str, body: Json = None) -> Json:
        async with self._http.request(method, f"{self.url}{path}", json=body) as response:
            response.raise_for_status()
            return await response.json(content_type=None)


class Product:
    """A running Orderway: `temporal`, `mock`, `worker` and `gateways`, each to be killed and started again alone."""

    def __init__(
        self,
        folder: Path,
        guard: Guard,
        http: aiohttp.ClientSession,
        *,
        gateways: int = 1,
        pace: float = 0.1,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`pace` is how long the mock's provisioning takes, `environment` holds further settings by variable."""
        temporal_port, mock_port, worker_monitor, *ports = (free_port() for _ in range(3 + 2 * gateways))
        gateway_ports, monitor_ports = ports[:gateways], ports[gateways:]
        callbacks = f"http://{parts.LOOPBACK}:{gateway_ports[0]}"  # as they would go to a load balancer
        settings = Settings(
            _env_file=None,
            data_dir=folder,
            temporal_address=f"{parts.LOOPBACK}:{temporal_port}",
            backends_base_url=f"http://{parts.LOOPBACK}:{mock_port}",
            public_url=callbacks,
            development_tokens=True,
            log_format="console",
        )
        told = {**parts.environment_of(settings), "PYTHONPATH": str(ROOT), **(environment or {})}

        def child(part: Part) -> ChildProcess:
            return ChildProcess(part, folder / "logs", guard, folder=folder)

        def gateway(port: int, monitor: int) -> ChildProcess:
            own = settings.model_copy(update={"port": port})
            environment = {**told, **parts.monitored_on(monitor), "ORDERWAY_PORT": str(port)}
            return child(parts.gateway(own, environment, f"gateway-{port}"))

        self._gateway = gateway
        folder.mkdir(parents=True, exist_ok=True)
        self.settings = settings
        self.urls = [f"http://{parts.LOOPBACK}:{port}" for port in gateway_ports]
        self.temporal = child(parts.temporal(settings, temporal_port))
        self.mock = child(parts.mock_bss(folder, mock_port, pace, {"PYTHONPATH": str(ROOT)}))
        self.worker = child(parts.worker({**told, **parts.monitored_on(worker_monitor)}))
        self.gateways = [gateway(port, monitor) for port, monitor in zip(gateway_ports, monitor_ports, strict=True)]
        self.monitors = {
            "worker": f"http://{parts.LOOPBACK}:{worker_monitor}",
            "gateway": f"http://{parts.LOOPBACK}:{monitor_ports[0]}",
        }
        self.mock_control = MockControl(http, f"http://{parts.LOOPBACK}:{mock_port}")
        self._http = http
        self._correlation: dict[str, str] = {}

    @property
    def children(self) -> list[ChildProcess]:
        """Every part, in the order of start."""
        return [self.temporal, self.mock, self.worker, *self.gateways]

    async def start(self) -> None:
        """Start every part and return when all can be used."""
        await start(self.temporal, self.mock)
        await start(self.worker, *self.gateways)

    @asynccontextmanager
    async def one_more_gateway(self) -> AsyncIterator[int]:
        """The number of a gateway that serves the same until this is left; it may be killed."""
        number, port = len(self.gateways), free_port()
        gateway = self._gateway(port, free_port())
        self.urls.append(f"http://{parts.LOOPBACK}:{port}")
        self.gateways.append(gateway)
        try:
            await start(gateway)
            yield number
        finally:
            await gateway.stop()
            del self.urls[number:], self.gateways[number:]

    async def stop(self) -> None:
        """End what still runs, the last started first."""
        for child in reversed(self.children):
            await child.stop()

    def token(
        self,
        role: Role = Role.AGENT,
        subject: str | None = None,
        channel: str | None = None,
        on_behalf_of: str | None = None,
        scopes: frozenset[str] | None = None,
    ) -> str:
        """A development token, as `orderway token` prints it."""
        return development_token(self.settings, role, subject, channel, on_behalf_of, scopes)

    async def graphql(
        self, query: str, variables: Mapping[str, Json] | None = None, *, token: str | None = None, gateway: int = 0
    ) -> Answer:
        """One operation over HTTP POST; without a token as an agent."""
        async with self._http.post(
            f"{self.urls[gateway]}/graphql",
            json={"query": query, "variables": variables or {}},
            headers={
                "Authorization": f"Bearer {token or self.token()}",
                "Accept": "application/graphql-response+json",
                **self._correlation,
            },
        ) as response:
            body = await response.json(content_type=None)
            return Answer(response.status, body.get("data"), body.get("errors", []))

    @asynccontextmanager
    async def counted(self) -> AsyncIterator[Callable[[], Awaitable[dict[str, dict[str, int]]]]]:
        """What the backends are asked for by the operations within, as `MockControl.requests` tells it.

        Orders of other tests may still be under way: what is done for those does not count.
        """
        own = uuid4().hex
        await self.mock_control.forget_requests(only_of=own)
        self._correlation = {"X-Correlation-ID": own}
        try:
            yield self.mock_control.requests
        finally:
            self._correlation = {}
            await self.mock_control.forget_requests()

    async def upload(
        self, lines: str, key: str, *, token: str | None = None, content_type: str = "application/x-ndjson"
    ) -> tuple[int, Json]:
        """One batch of orders over POST /batches: status and body; without a token as an agent."""
        headers = {
            "Authorization": f"Bearer {token or self.token()}",
            "Content-Type": content_type,
            "Idempotency-Key": key,
        }
        async with self._http.post(
            f"{self.urls[0]}/batches", data=BytesIO(lines.encode()), headers=headers
        ) as response:
            return response.status, await response.json(content_type=None)

    async def monitor(self, part: str, path: str = "/metrics") -> tuple[int, str]:
        """Status and body of what "gateway" or "worker" shows the platform at this path."""
        async with self._http.get(f"{self.monitors[part]}{path}") as response:
            return response.status, await response.text()

    @asynccontextmanager
    async def events(self, query: str, variables: Mapping[str, Json], **headers: str) -> AsyncIterator[StreamReader]:
        """What a server-sent event stream for this operation says, as an agent."""
        headers = {"Authorization": f"Bearer {self.token()}", "Accept": "text/event-stream", **headers}
        asked = {"query": query, "variables": variables}
        async with self._http.post(f"{self.urls[0]}/graphql", json=asked, headers=headers) as response:
            yield response.content

    def connection(
        self, *, token: str | None = None, gateway: int = 0
    ) -> AbstractAsyncContextManager[GraphQLConnection]:
        """A graphql-transport-ws connection; without a token as an agent."""
        return connected(self.urls[gateway], token or self.token())

    @asynccontextmanager
    async def subscribed(
        self, query: str, variables: Mapping[str, Json] | None = None, *, token: str | None = None, gateway: int = 0
    ) -> AsyncIterator[AsyncGenerator[Result, None]]:
        """The results of a subscription over a connection of its own, as they come."""
        async with (
            self.connection(token=token, gateway=gateway) as connection,
            aclosing(connection.results(query, variables)) as results,
        ):
            yield results


async def start(*children: ChildProcess) -> None:
    """Start parts that do not need each other and return when all can be used."""
    for child in children:
        await child.start()
    for child in children:
        await child.until_ready()


async def until(condition: Callable[[], Awaitable[T]]) -> T:
    """Ask until the answer is true, ever more seldom, and give it. Fails after `WAIT_SECONDS`."""
    pause = SHORTEST_PAUSE
    async with asyncio.timeout(WAIT_SECONDS):
        while not (answer := await condition()):
            await asyncio.sleep(pause)
            pause = min(pause * 1.3, LONGEST_PAUSE)
        return answer


@asynccontextmanager
async def running_product(
    folder: Path, *, gateways: int = 1, pace: float = 0.1, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Product]:
    """A started product with its data in this folder; nothing of it is left afterwards, however the tests end."""
    guard = Guard()
    try:
        async with aiohttp.ClientSession() as http:
            product = Product(folder, guard, http, gateways=gateways, pace=pace, environment=environment)
            try:
                await product.start()
                yield product
            finally:
                await product.stop()
    finally:
        guard.close()
