"""Listeners of a backend, registered at its hub (TMF630), and the notifications they get."""

import asyncio
import uuid
from collections.abc import Callable, Mapping
from http import HTTPStatus

import aiohttp
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.mock.collection import Refused, answer, body_of, error, now
from connectors.mock.faults import Control
from connectors.mock.state import Document, State, text_of

DELIVERY_PAUSES = (0.0, 0.2, 1.0)


class Hub:
    """Who listens to one backend; what is told survives no restart, who listens does.

    `in_v5` translates a document for those who registered in that dialect.
    """

    def __init__(
        self, backend: str, root: str, state: State, control: Control, in_v5: Callable[[str, Document], Document]
    ) -> None:
        self._in_v5 = in_v5
        self._backend = backend
        self._root = root
        self._name = f"{backend}Hub"
        self._state = state
        self._control = control
        self._work: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Be ready to tell."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))

    async def stop(self) -> None:
        """Tell no more."""
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        if self._session:
            await self._session.close()

    def routes(self) -> list[Route]:
        """Registration and its end."""
        return [
            Route(f"/{self._root}/hub", self._register, methods=["POST"]),
            Route(f"/{self._root}/hub/{{id}}", self._unregister, methods=["DELETE"]),
        ]

    def tell(self, event_type: str, resource: str, told: Mapping[str, object]) -> None:
        """Send this to whoever listens."""
        for hub in list(self._state.members(self._name).values()):
            event: Document = {
                "eventId": str(uuid.uuid4()),
                "eventTime": now(),
                "eventType": event_type,
                "event": {resource: self._in_v5(resource, dict(told)) if hub.get("dialect") == "v5" else told},
            }
            for _ in range(self._control.callback_copies(self._backend)):
                url = f"{text_of(hub, 'callback').rstrip('/')}/listener/{event_type}"
                task = asyncio.create_task(self._deliver(url, event))
                self._work.add(task)
                task.add_done_callback(self._work.discard)

    async def _deliver(self, url: str, event: Document) -> None:
        """Tries a few times; a listener that stays away has to ask for itself."""
        assert self._session is not None
        await asyncio.sleep(self._control.faults[self._backend].callback_delay_ms / 1000)
        for pause in DELIVERY_PAUSES:
            await asyncio.sleep(pause)
            try:
                async with self._session.post(url, json=event) as response:
                    if response.status < HTTPStatus.BAD_REQUEST:
                        return
            except (aiohttp.ClientError, TimeoutError):
                continue

    async def _register(self, request: Request) -> Response:
        try:
            document = await body_of(request)
        except Refused as refusal:
            return error(refusal.status, refusal.reason, refusal.message)
        callback = text_of(document, "callback")
        if not callback:
            return error(400, "missing attribute", "callback is required")
        hubs = self._state.members(self._name)
        known = next((hub for hub in hubs.values() if hub["callback"] == callback), None)
        if known is None:
            known = {**document, "id": self._state.next_id(self._name, "hub-"), "dialect": request.scope.get("dialect")}
            self._state.put(self._name, known)
        return answer(201, known)

    async def _unregister(self, request: Request) -> Response:
        hub = self._state.members(self._name).get(request.path_params["id"])
        if hub is None:
            return error(404, "not found", "there is no such registration")
        self._state.remove(self._name, request.path_params["id"])
        return Response(status_code=204)
