"""The audit log: every mutation with its outcome, and every operation that showed personal data, once."""

from uuid import uuid4

from app.demo.samples import document
from app.domain.actor import Role
from tests.channel import Json, key, place_mobile
from tests.harness import Product, until

LOG = "110-who-did-what"
MOBILE = {"offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "eSIM"}]}


async def log_of(product: Product, **wanted: Json) -> list[Json]:
    """The records that are found, the oldest first, without their ids and times."""
    operations = product.token(Role.OPERATIONS)
    answer = await product.graphql(document(LOG), {"first": 50, "filter": wanted}, token=operations)
    nodes = answer.whole()["auditLog"]["nodes"]
    return [{name: value for name, value in node.items() if name not in ("key", "at")} for node in reversed(nodes)]


def outcomes(records: list[Json]) -> list[tuple[str, str, list[str]]]:
    return [(record["field"].removeprefix("Mutation."), record["outcome"], record["codes"]) for record in records]


async def test_a_mutation_is_on_record_whatever_became_of_it(product: Product) -> None:
    subject = f"agent-{uuid4()}"
    agent = product.token(Role.AGENT, subject, on_behalf_of="cust-1033")
    order = await place_mobile(product, "cust-1033", token=agent)
    place = """mutation Again($input: PlaceProductOrderInput!) { placeProductOrder(input: $input) { replayed } }"""
    once = {"input": {"idempotencyKey": key(), "customerId": "cust-1033", "items": [MOBILE]}}
    note = """mutation($input: AddProductOrderNoteInput!) { addProductOrderNote(input: $input) { errors { code } } }"""
    told = {"id": order, "expectedVersion": 99, "idempotencyKey": key(), "text": "planted-remark", "internal": False}
    decide = """mutation($input: ResolveFalloutInput!) { resolveFallout(input: $input) { errors { code } } }"""
    what = {"id": order, "expectedVersion": 1, "taskId": "t", "action": "RETRY", "reason": "r", "idempotencyKey": key()}

    for _ in range(2):
        (await product.graphql(place, once, token=agent)).whole()
    (await product.graphql(note, {"input": told}, token=agent)).whole()
    assert (await product.graphql(decide, {"input": what}, token=agent)).codes == ["FORBIDDEN"]
    await product.mock_control.fault("customer", outage=True)
    broken = {"input": {**once["input"], "idempotencyKey": key()}}
    [failed] = (await product.graphql(place, broken, token=agent)).codes

    records = await log_of(product, subject=subject, kinds=["MUTATION"])
    assert outcomes(records) == [
        ("placeProductOrder", "DONE", []),
        ("placeProductOrder", "DONE", []),
        ("placeProductOrder", "REPLAYED", []),
        ("addProductOrderNote", "REFUSED", ["STALE_VERSION"]),
        ("resolveFallout", "FORBIDDEN", ["FORBIDDEN"]),
        ("placeProductOrder", "FAILED", [failed]),
    ]
    assert records[0]["about"] == ["Customer:cust-1033", f"ProductOrder:{order}"]
    assert {(r["role"], r["channel"], r["onBehalfOf"]) for r in records} == {("agent", "callCentre", "cust-1033")}
    assert (records[1]["operationName"], all(r["correlationId"] for r in records)) == ("Again", True)
    assert "planted-remark" not in str(records)


async def test_what_a_running_order_is_told_is_on_record_with_what_it_changes(slow: Product) -> None:
    subject = f"agent-{uuid4()}"
    agent = slow.token(Role.AGENT, subject)
    order = await place_mobile(slow, "cust-1033")
    hold = """mutation($input: HoldProductOrderInput!) { holdProductOrder(input: $input) { errors { code } } }"""

    async def version() -> Json:
        query = "query($id: ID!) { productOrder(id: $id) { version state } }"
        now = (await slow.graphql(query, {"id": order})).whole()["productOrder"]
        return now["version"] if now["state"] == "IN_PROGRESS" else None

    async def held() -> bool:
        ask = {"id": order, "expectedVersion": await until(version), "reason": "planted", "idempotencyKey": key()}
        payload = (await slow.graphql(hold, {"input": ask}, token=agent)).whole()["holdProductOrder"]
        return bool(payload["errors"] == [])

    await until(held)

    *_, done = await log_of(slow, subject=subject)
    assert (done["field"], done["outcome"], done["about"]) == (
        "Mutation.holdProductOrder",
        "DONE",
        [f"ProductOrder:{order}"],
    )


async def test_an_operation_that_shows_personal_data_is_on_record_once(product: Product) -> None:
    subject = f"agent-{uuid4()}"
    agent = product.token(Role.AGENT, subject)
    everybody = "query Everybody { customers(first: 30) { nodes { name email } } productOfferings { nodes { name } } }"
    nothing = '{ productOfferings(first: 5) { nodes { name } } customer(id: "cust-1001") { key segment } }'

    (await product.graphql(nothing, token=agent)).whole()
    shown = (await product.graphql(everybody, token=agent)).whole()["customers"]["nodes"]

    async def recorded() -> list[Json]:
        return await log_of(product, subject=subject)

    [read] = await until(recorded)
    assert (read["kind"], read["operationName"]) == ("READ", "Everybody")
    assert read["fields"] == ["Customer.email", "Customer.name"]
    assert len(read["about"]) == len(shown) > 20
    assert all(about.startswith("Customer:cust-") for about in read["about"])
    assert shown[0]["name"] not in str(read)


async def test_an_upload_is_on_record_too(product: Product) -> None:
    subject = f"agent-{uuid4()}"
    status, _ = await product.upload("{}\n", key(), token=product.token(Role.AGENT, subject))

    assert status == 202
    assert outcomes(await log_of(product, subject=subject)) == [("POST /batches", "DONE", [])]
