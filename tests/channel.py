"""What a sales channel does with Orderway, for the tests: the example operations with their variables filled in."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any, Final
from uuid import uuid4

from app.demo.samples import document, variables
from tests.harness import Product, until

Json = Any
"""A JSON value as it came over the wire."""

FAMILY = "01-place-the-family-bundle"
FOLLOW = "02-follow-orders"
ONE_ORDER = "04-one-order-in-full"
PUBLISHED = "18-place-the-published-tmf622-order"
FOR_AN_ORDER: Final = re.compile(r"[0-9a-v]{20}:")
"""How the key begins under which something is done for an order."""
ENDED = {"COMPLETED", "PARTIAL", "FAILED", "CANCELLED", "REJECTED"}


def key() -> str:
    """An idempotency key that nobody has used."""
    return str(uuid4())


async def run(product: Product, example: str, given: Mapping[str, Json] | None = None, **options: Json) -> Json:
    """The data of an example operation, with these variables in place of its own."""
    answer = await product.graphql(document(example), {**variables(example), **(given or {})}, **options)
    return answer.whole()


async def free_slot(product: Product, place: str = "addr-1001") -> dict[str, str]:
    """A time in which a technician is free at this place."""
    start = datetime.now(UTC)
    period = {"placeId": place, "start": start.isoformat(), "end": (start + timedelta(days=300)).isoformat()}
    slots: list[dict[str, str]] = (await run(product, "08-free-time-slots", period))["timeSlots"]
    return slots[0]


FAMILIES = cycle((f"cust-{1000 + n}", f"addr-{1000 + n}") for n in (8, 14, 17, 20, 23, 26, 29, 32, 38, 41, 44, 1, 2))
"""Customers of the mock who own no line yet, each with a place of its own."""


async def family(product: Product) -> dict[str, Json]:
    """The variables that place the family bundle for the next family, in the next free slot."""
    customer, place = next(FAMILIES)
    return {
        "customerId": customer,
        "placeId": place,
        "slot": await free_slot(product, place),
        "idempotencyKey": key(),
    }


async def place_family_bundle(product: Product, **options: Json) -> str:
    """Place the family bundle for the next family; its order number."""
    given = await family(product)
    placed = (await run(product, FAMILY, given, **options))["placeProductOrder"]
    assert placed["errors"] == []
    return str(placed["order"]["key"])


async def place_mobile(product: Product, customer: str = "cust-1003", **options: Json) -> str:
    """Place one mobile line, the smallest order that needs provisioning; its order number."""
    item = {"offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "eSIM"}]}
    placed = await place(product, {"customerId": customer, "items": [item]}, **options)
    assert placed["errors"] == []
    return str(placed["order"]["key"])


async def place(product: Product, request: Mapping[str, Json], **options: Json) -> Json:
    """Place a complete order; the payload, errors and all."""
    mutation = """
        mutation Place($input: PlaceProductOrderInput!) {
          placeProductOrder(input: $input) {
            replayed
            order { id key version state }
            errors {
              __typename code message path
              ... on ValidationFailed { violations { rule path code message severity } }
              ... on IdempotencyConflict { firstUsedAt }
            }
          }
        }"""
    answer = await product.graphql(mutation, {"input": {"idempotencyKey": key(), **request}}, **options)
    return answer.whole()["placeProductOrder"]


async def order(product: Product, order_key: str, **options: Json) -> Json:
    """The order in full."""
    return (await run(product, ONE_ORDER, {"id": order_key}, **options))["productOrder"]


async def timeline_of(product: Product, order_key: str) -> list[Json]:
    """Every event of the order, page by page."""
    query = """query Timeline($id: ID!, $after: String) { productOrder(id: $id) {
      timeline(first: 100, after: $after) {
        nodes { __typename sequence summary } pageInfo { hasNextPage endCursor } } } }"""
    found: list[Json] = []
    after = None
    while True:
        page = (await product.graphql(query, {"id": order_key, "after": after})).whole()["productOrder"]["timeline"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


async def until_state(product: Product, order_key: str, *states: str) -> Json:
    """The order in full, once it is in one of these states, and still is when it is read."""

    async def there() -> Json | None:
        if (await _progress(product, order_key))["state"] not in states:
            return None
        found = await order(product, order_key)
        return found if found["state"] in states else None

    found = await until(there)
    assert found is not None
    return found


async def until_task(product: Product, order_key: str, task_id: str, state: str) -> Json:
    """The order in full, once this task of it is in this state."""

    async def there() -> bool:
        found = await _progress(product, order_key)
        tasks = {t["id"]: t["state"] for t in (found["plan"] or {"tasks": []})["tasks"]}
        return tasks.get(task_id) == state

    await until(there)
    return await order(product, order_key)


async def _progress(product: Product, order_key: str) -> Json:
    """How far the order is, and no more: asked for often."""
    query = "query Progress($id: ID!) { productOrder(id: $id) { state plan { tasks { id state } } } }"
    return (await product.graphql(query, {"id": order_key})).whole()["productOrder"]


MADE = {
    "billing.authorisePayment": ["POST payment"],
    "billing.capturePayment": ["PATCH payment"],
    "billing.chargeOneTime": ["POST appliedCustomerBillingRate"],
    "billing.startRecurring": ["POST appliedCustomerBillingRate"],
    "channels.logInteraction": ["POST partyInteraction"],
    "intelligent_network.activate": ["POST prepaidService"],
    "intelligent_network.createBucket": ["POST bucket"],
    "intelligent_network.topUp": ["POST topupBalance"],
    "inventory.activateProduct": ["PATCH product"],
    "inventory.createProduct": ["POST product"],
    "ledger.postJournal": ["POST journal"],
    "provisioning.createServiceOrder": ["POST serviceOrder"],
    "service_resources.assignNumber": ["POST reservation", "PATCH reservation"],
    "service_resources.assignPort": ["POST reservation", "PATCH reservation"],
    "service_resources.assignSim": ["POST reservation", "PATCH reservation"],
    "workforce.confirmAppointment": ["PATCH appointment"],
    "workforce.createWorkOrder": ["POST workOrder"],
}
"""By operation, what the backends do for one of its tasks."""


async def effects_of(product: Product, order_key: str) -> list[str]:
    """What backends did for the tasks of this order: `POST serviceOrder` and the like, each with its task's key.

    Fails when one of them did something twice. Left out are billing accounts, which only a customer's first order
    opens, and messages, most of which go with the states of the order and not with its tasks.
    """
    return effects_in(await product.mock_control.effects(), order_key)


def effects_in(effects: list[Json], order_key: str) -> list[str]:
    """The same, of effects that were asked for before."""
    done = [e for e in effects if (e["key"] or "").startswith(f"{order_key}:")]
    each = [(e["method"], e["resource"], e["key"]) for e in done]
    assert len(set(each)) == len(each), each
    others = {"billingAccount", "communicationMessage"}
    # what a task does more than once has keys of its own behind that of the task
    return sorted({f"{m} {r} {':'.join(k.split(':')[:3])}" for m, r, k in each if r not in others})


def expected_effects(found: Json) -> list[str]:
    """What backends should have done for a completed order: each task with an effect once."""
    tasks = found["plan"]["tasks"]
    return sorted(f"{made} {found['key']}:{t['id']}:1" for t in tasks for made in MADE.get(t["operation"], []))


async def messages_of(product: Product, order_key: str) -> list[str]:
    """What the customer was told about this order."""
    return [
        e["key"]
        for e in await product.mock_control.effects()
        if e["resource"] == "communicationMessage" and e["key"].startswith(f"{order_key}:")
    ]
