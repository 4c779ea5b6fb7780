"""The demo: a sales channel of its own that places a sample order through the public GraphQL API and shows it live."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from rich.console import Console

from app.demo.connection import ConnectionLost, GraphQLConnection, Refused, connected
from app.demo.samples import FOLLOW_ORDERS, FREE_TIME_SLOTS, SAMPLES, Sample, document, variables
from app.demo.view import View

__all__ = ["SAMPLES", "place_sample"]

ENDED: Final = frozenset({"COMPLETED", "PARTIAL", "FAILED", "CANCELLED", "REJECTED"})
NEEDS_PEOPLE: Final = "HELD"
PATIENCE: Final = timedelta(minutes=5)
RECONNECT_SECONDS: Final = 1.0
WATCHED: Final = """
query Watched($id: ID!) {
  productOrder(id: $id) {
    key state
    items { id offeringName state productKey }
    totals { priceType period taxIncluded { amount currency } }
    plan { tasks { id itemId name backend state startedAt endedAt cause { message } } }
  }
}
"""
FIRST_EVENT: Final = "query FirstEvent($id: ID!) { productOrder(id: $id) { timeline(first: 1) { nodes { cursor } } } }"


async def place_sample(url: str, token: str, sample: str, console: Console) -> bool:
    """Place the sample order at this gateway, show it until its end; whether it completed."""
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()), connected(url, token) as connection:
            console.print(SAMPLES[sample].title)
            key = await _place(connection, SAMPLES[sample])
            start = await connection.execute(FIRST_EVENT, {"id": key})
        cursor = start["data"]["productOrder"]["timeline"]["nodes"][0]["cursor"]
        async with asyncio.timeout(PATIENCE.total_seconds()):
            with View(console) as view:
                order = await _watch(url, token, key, cursor, view)
    except (ConnectionLost, Refused, NotPlaced) as failure:
        console.print(str(failure), style="red", markup=False)
        return False
    except TimeoutError:
        console.print(f"The order did not end within {PATIENCE.total_seconds():.0f} seconds.", style="red")
        return False
    view.final(order)
    for task in order["plan"]["tasks"]:
        if task["cause"]:
            view.say(f"{task['id']}: {task['cause']['message']}")
    return bool(order["state"] == "COMPLETED")


class NotPlaced(Exception):
    """The gateway refused the order; the message says why."""


async def _place(connection: GraphQLConnection, sample: Sample) -> str:
    """Place the order in the first free slot, or in the next when somebody else was faster; its order number."""
    given = variables(sample.example)
    slots: list[dict[str, str]] = await _free_slots(connection, sample.visit_at) if sample.visit_at else []
    while True:
        given["idempotencyKey"] = str(uuid4())
        if "purchaseOrder" in given:
            given["purchaseOrder"] = f"{given['purchaseOrder']}-{uuid4().hex[:8]}"
        if sample.visit_at:
            if not slots:
                raise NotPlaced("No technician is free.")
            given["slot"] = slots.pop(0)
        answer = await connection.execute(document(sample.example), given)
        if not answer.get("data") or not (payload := answer["data"]["placeProductOrder"]):
            raise Refused(answer["errors"])
        if payload["order"]:
            return str(payload["order"]["key"])
        errors: list[dict[str, Any]] = payload["errors"]
        if any(error["code"] != "SLOT_UNAVAILABLE" for error in errors):
            raise NotPlaced("The order was refused: " + " ".join(error["message"] for error in errors))


async def _free_slots(connection: GraphQLConnection, place: str) -> list[dict[str, str]]:
    start = datetime.now(UTC)
    period = {"placeId": place, "start": start.isoformat(), "end": (start + timedelta(days=180)).isoformat()}
    answer = await connection.execute(document(FREE_TIME_SLOTS), period)
    if not answer.get("data") or answer["data"]["timeSlots"] is None:
        raise Refused(answer["errors"])
    return list(answer["data"]["timeSlots"])


async def _watch(url: str, token: str, key: str, cursor: str, view: View) -> dict[str, Any]:
    """Show the order with each of its events until it ends; a lost connection is taken up where it broke off."""
    while True:
        try:
            async with connected(url, token) as connection:
                order = await _show(connection, key, view)
                following = {"filter": {"orderIds": [key]}, "after": cursor}
                async with aclosing(connection.results(document(FOLLOW_ORDERS), following)) as events:
                    while order["state"] not in ENDED and order["state"] != NEEDS_PEOPLE:
                        event = await anext(events)
                        cursor = event["data"]["productOrderEvents"]["cursor"]
                        order = await _show(connection, key, view)
                return order
        except (ConnectionLost, StopAsyncIteration):
            await asyncio.sleep(RECONNECT_SECONDS)


async def _show(connection: GraphQLConnection, key: str, view: View) -> dict[str, Any]:
    answer = await connection.execute(WATCHED, {"id": key})
    if not answer.get("data") or not answer["data"]["productOrder"]:
        raise Refused(answer.get("errors", []))
    order: dict[str, Any] = answer["data"]["productOrder"]
    view.show(order, order["plan"]["tasks"] if order["plan"] else [])
    return order
