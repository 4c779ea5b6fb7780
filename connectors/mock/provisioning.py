"""TMF641 service orders: acknowledged → inProgress → completed over time, each step told to the registered listeners.

A service characteristic `mock.fail=true` makes the service order fail. A killed server goes on with its open service
orders when it is back.
"""

import asyncio
import uuid
from collections.abc import Iterable
from http import HTTPStatus

import aiohttp
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.mock.collection import Refused, Resource, answer, body_of, error, now
from connectors.mock.faults import Control
from connectors.mock.state import Document, State, text_of

ROOT = "tmf-api/serviceOrdering/v4"
SECONDS = {"cfs-fibre-access": 0.4, "cfs-business-access": 0.4, "cfs-tv": 0.3, "cfs-mobile-line": 0.2}
DEFAULT_SECONDS = 0.25
ENDED = frozenset({"completed", "failed", "cancelled", "rejected"})
DELIVERY_PAUSES = (0.0, 0.2, 1.0)


class Provisioning:
    """Carries service orders through their states. `pace` multiplies how long each takes."""

    def __init__(self, state: State, control: Control, pace: float) -> None:
        self._state = state
        self._control = control
        self._pace = pace
        self._work: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Go on with what was open when the server stopped."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))
        for order in list(self._state.members("serviceOrder").values()):
            if order["state"] not in ENDED:
                self._begin(order)

    async def stop(self) -> None:
        """Leave the open service orders as they are."""
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        if self._session:
            await self._session.close()

    def resources(self) -> Iterable[Resource]:
        """The plain collection."""
        yield Resource(
            backend="provisioning",
            name="serviceOrder",
            root=ROOT,
            id_prefix="so-",
            required=("serviceOrderItem",),
            on_create=self._accept,
            created=self._begin,
        )

    def routes(self) -> list[Route]:
        """Cancellation and the hub."""
        return [
            Route(f"/{ROOT}/cancelServiceOrder", self._cancel, methods=["POST"]),
            Route(f"/{ROOT}/hub", self._register, methods=["POST"]),
            Route(f"/{ROOT}/hub/{{id}}", self._unregister, methods=["DELETE"]),
        ]

    @staticmethod
    def _accept(order: Document) -> None:
        order["state"] = "acknowledged"
        order["orderDate"] = now()

    def _begin(self, order: Document) -> None:
        task = asyncio.create_task(self._carry_out(text_of(order, "id")))
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _carry_out(self, order_id: str) -> None:
        order = self._state.members("serviceOrder")[order_id]
        for state in ("inProgress", "failed" if _asked_to_fail(order) else "completed"):
            if order["state"] == state:
                continue
            await asyncio.sleep(_seconds(order) * self._pace)
            order = self._state.members("serviceOrder")[order_id]
            if order["state"] in ENDED:
                return
            order = {**order, "state": state}
            if state == "failed":
                order["errorMessage"] = [{"code": "E17", "message": "the network element refused the configuration"}]
            if state == "completed":
                order["completionDate"] = now()
            self._state.put("serviceOrder", order)
            await self._announce(order)

    async def _announce(self, order: Document) -> None:
        told = ("id", "href", "externalId", "state", "errorMessage", "completionDate")
        event: Document = {
            "eventId": str(uuid.uuid4()),
            "eventTime": now(),
            "eventType": "serviceOrderStateChangeEvent",
            "event": {"serviceOrder": {name: order[name] for name in told if name in order}},
        }
        for hub in list(self._state.members("hub").values()):
            for _ in range(self._control.callback_copies("provisioning")):
                task = asyncio.create_task(self._deliver(text_of(hub, "callback"), event))
                self._work.add(task)
                task.add_done_callback(self._work.discard)

    async def _deliver(self, callback: str, event: Document) -> None:
        """Tries a few times; a listener that stays away has to ask for itself."""
        assert self._session is not None
        await asyncio.sleep(self._control.faults["provisioning"].callback_delay_ms / 1000)
        url = f"{callback.rstrip('/')}/listener/serviceOrderStateChangeEvent"
        for pause in DELIVERY_PAUSES:
            await asyncio.sleep(pause)
            try:
                async with self._session.post(url, json=event) as response:
                    if response.status < HTTPStatus.BAD_REQUEST:
                        return
            except (aiohttp.ClientError, TimeoutError):
                continue

    async def _cancel(self, request: Request) -> Response:
        try:
            document = await body_of(request)
        except Refused as refusal:
            return error(refusal.status, refusal.reason, refusal.message)
        wanted = document.get("serviceOrder")
        order_id = text_of(wanted, "id") if isinstance(wanted, dict) else ""
        order = self._state.members("serviceOrder").get(order_id)
        if order is None:
            return error(404, "not found", f"there is no serviceOrder {order_id}")
        accepted = order["state"] not in ENDED
        if accepted:
            order = {**order, "state": "cancelled"}
            self._state.put("serviceOrder", order)
            await self._announce(order)
        state = "done" if accepted else "terminatedWithError"
        return answer(201, {"id": f"cancel-{order_id}", "serviceOrder": {"id": order_id}, "state": state})

    async def _register(self, request: Request) -> Response:
        try:
            document = await body_of(request)
        except Refused as refusal:
            return error(refusal.status, refusal.reason, refusal.message)
        callback = text_of(document, "callback")
        if not callback:
            return error(400, "missing attribute", "callback is required")
        hubs = self._state.members("hub")
        known = next((hub for hub in hubs.values() if hub["callback"] == callback), None)
        if known is None:
            known = {"id": self._state.next_id("hub", "hub-"), "callback": callback, "query": document.get("query")}
            self._state.put("hub", known)
        return answer(201, known)

    async def _unregister(self, request: Request) -> Response:
        hub = self._state.members("hub").get(request.path_params["id"])
        if hub is None:
            return error(404, "not found", "there is no such registration")
        self._state.remove("hub", request.path_params["id"])
        return Response(status_code=204)


def _services(order: Document) -> Iterable[Document]:
    items = order.get("serviceOrderItem")
    for item in items if isinstance(items, list) else []:
        service = item.get("service") if isinstance(item, dict) else None
        if isinstance(service, dict):
            yield service


def _seconds(order: Document) -> float:
    specifications = (service.get("serviceSpecification") for service in _services(order))
    ids = [text_of(s, "id") for s in specifications if isinstance(s, dict)]
    return max((SECONDS.get(i, DEFAULT_SECONDS) for i in ids), default=DEFAULT_SECONDS)


def _asked_to_fail(order: Document) -> bool:
    for service in _services(order):
        characteristics = service.get("serviceCharacteristic")
        for c in characteristics if isinstance(characteristics, list) else []:
            if isinstance(c, dict) and c.get("name") == "mock.fail" and str(c.get("value")).lower() == "true":
                return True
    return False
