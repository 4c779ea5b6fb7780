"""TMF641 service orders: acknowledged → inProgress → completed over time, each step told to the registered listeners.

A service characteristic `mock.fail=true` makes the service order fail. A killed server goes on with its open service
orders when it is back.
"""

import asyncio
from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.mock.collection import Refused, Resource, answer, body_of, error, now
from connectors.mock.faults import Control
from connectors.mock.hub import Hub
from connectors.mock.state import Document, State, text_of

ROOT = "tmf-api/serviceOrdering/v4"
SECONDS = {"cfs-fibre-access": 0.4, "cfs-business-access": 0.4, "cfs-tv": 0.3, "cfs-mobile-line": 0.2}
DEFAULT_SECONDS = 0.25
ENDED = frozenset({"completed", "failed", "cancelled", "rejected"})
STATE_CHANGE = "serviceOrderStateChangeEvent"


class Provisioning:
    """Carries service orders through their states. `pace` multiplies how long each takes."""

    def __init__(self, state: State, hub: Hub, control: Control, pace: float) -> None:
        self._state = state
        self._hub = hub
        self._control = control
        self._pace = pace
        self._work: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Go on with what was open when the server stopped."""
        for order in list(self._state.members("serviceOrder").values()):
            if order["state"] not in ENDED:
                self._begin(order)

    async def stop(self) -> None:
        """Leave the open service orders as they are."""
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

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
        """Cancellation."""
        return [Route(f"/{ROOT}/cancelServiceOrder", self._cancel, methods=["POST"])]

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
            await self._control.worked("provisioning", _seconds(order) * self._pace)
            order = self._state.members("serviceOrder")[order_id]
            if order["state"] in ENDED:
                return
            order = {**order, "state": state}
            if state == "failed":
                order["errorMessage"] = [{"code": "E17", "message": "the network element refused the configuration"}]
            if state == "completed":
                order["completionDate"] = now()
            self._state.put("serviceOrder", order)
            self._announce(order)

    def _announce(self, order: Document) -> None:
        told = ("id", "href", "externalId", "state", "errorMessage", "completionDate")
        self._hub.tell(STATE_CHANGE, "serviceOrder", {name: order[name] for name in told if name in order})

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
            self._announce(order)
        state = "done" if accepted else "terminatedWithError"
        return answer(201, {"id": f"cancel-{order_id}", "serviceOrder": {"id": order_id}, "state": state})


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
