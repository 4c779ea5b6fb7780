"""Many orders at once, by upload or mutation: each line becomes one order or says why not."""

import json
from collections.abc import Sequence
from http import HTTPStatus

import pytest

from app.demo.samples import document
from app.domain.actor import Role
from tests.channel import Json, key, run
from tests.harness import Product, until

BATCH = "31-one-batch"
FOLLOW_BATCH = "32-follow-a-batch"


def line(n: int, **other: Json) -> Json:
    """One mobile line for one of a hundred customers."""
    item = {"offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "eSIM"}]}
    return {"customerId": f"cust-{1031 + n % 50}", "items": [item], **other}


async def upload(product: Product, lines: Sequence[Json], *, batch_key: str | None = None, **options: Json) -> Json:
    """Send these lines; status and body. A line that is text goes as it stands."""
    text = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines)
    return await product.upload(text, batch_key or key(), **options)


async def completed(product: Product, batch: str, **options: Json) -> Json:
    """The batch with its lines, once each has a result."""

    async def whole() -> Json:
        found = (await run(product, BATCH, {"id": batch, "first": 100}, **options))["productOrderBatch"]
        return found if found["state"] == "COMPLETED" else None

    return await until(whole)


async def test_each_line_becomes_an_order_or_says_everything_that_is_wrong(product: Product) -> None:
    owner = key()
    external = {"owner": owner, "type": "line", "id": "1"}
    lines = [
        line(1, externalIds=[external]),
        line(2, items=[{"offeringId": "no-such"}], placeId="nowhere"),
        "{not json",
        {"items": [{"offeringId": "mobile-m", "quantity": "many"}], "colour": "red"},
        line(5),
    ]

    status, taken = await upload(product, lines)
    batch = await completed(product, taken["batch"]["key"])

    assert status == HTTPStatus.ACCEPTED
    assert (taken["batch"]["lineCount"], taken["batch"]["refusedCount"], taken["replayed"]) == (5, 2, False)
    assert (batch["lineCount"], batch["acceptedCount"], batch["refusedCount"], batch["pendingCount"]) == (5, 2, 3, 0)
    found = {n["number"]: n for n in batch["lines"]["nodes"]}
    assert [found[n]["state"] for n in range(1, 6)] == ["ACCEPTED", "REFUSED", "REFUSED", "REFUSED", "ACCEPTED"]
    assert {e["rule"] for e in found[2]["errors"]} == {"offeringKnown", "placeKnown"}
    assert [e["code"] for e in found[3]["errors"]] == ["BAD_USER_INPUT"]
    assert {e["path"] for e in found[4]["errors"]} >= {None, "/items/0/quantity"}
    assert "customerId" in " ".join(e["message"] for e in found[4]["errors"])
    assert found[1]["order"]["key"] != found[5]["order"]["key"]
    search = {"filter": {"externalId": "1", "externalIdOwner": owner, "externalIdType": "line"}}
    orders = (await run(product, "03-list-orders", search))["productOrders"]["nodes"]
    assert [o["key"] for o in orders] == [found[1]["order"]["key"]]


async def test_an_external_id_names_one_order_only(product: Product) -> None:
    external = {"owner": "dealer", "type": "po", "id": key()}

    _, taken = await upload(product, [line(7, externalIds=[external])] * 2)
    batch = await completed(product, taken["batch"]["key"])

    assert (batch["acceptedCount"], batch["refusedCount"]) == (1, 1)
    [refused] = [n for n in batch["lines"]["nodes"] if n["state"] == "REFUSED"]
    assert [(e["code"], e["path"]) for e in refused["errors"]] == [("EXTERNAL_ID_TAKEN", "/externalIds/0")]


async def test_the_same_upload_again_is_the_same_batch(product: Product) -> None:
    same = key()

    _, first = await upload(product, [line(8)], batch_key=same)
    await completed(product, first["batch"]["key"])
    again_status, again = await upload(product, [line(8)], batch_key=same)
    other_status, other = await upload(product, [line(9)], batch_key=same)

    assert (again_status, again["batch"]["key"], again["replayed"]) == (202, first["batch"]["key"], True)
    assert (other_status, other["errors"][0]["extensions"]["code"]) == (HTTPStatus.CONFLICT, "IDEMPOTENCY_CONFLICT")


async def test_progress_is_told_as_it_happens_until_the_end(product: Product) -> None:
    _, taken = await upload(product, [line(n) for n in range(10, 30)])

    async with product.subscribed(document(FOLLOW_BATCH), {"id": taken["batch"]["key"]}) as results:
        told = [result["data"]["productOrderBatchProgress"] async for result in results]

    accepted = [t["acceptedCount"] for t in told]
    assert accepted == sorted(accepted)
    assert (told[-1]["state"], told[-1]["acceptedCount"]) == ("COMPLETED", 20)
    assert all(t["state"] == "IN_PROGRESS" for t in told[:-1])


async def test_a_batch_is_its_senders_and_the_operators_own(product: Product) -> None:
    dealer = product.token(Role.DEALER, "dealer-1")
    other = product.token(Role.DEALER, "dealer-2")
    query = "{ productOrderBatches { totalCount nodes { key sentBy } } }"

    _, taken = await upload(product, [line(30)], token=dealer)
    mine = await completed(product, taken["batch"]["key"], token=dealer)

    assert mine["lines"]["nodes"][0]["order"]["sellerKey"] == "dealer-1"
    assert (await run(product, BATCH, {"id": mine["key"]}, token=other))["productOrderBatch"] is None
    assert (await run(product, BATCH, {"id": mine["key"]}))["productOrderBatch"]["key"] == mine["key"]
    theirs = (await product.graphql(query, token=other)).whole()["productOrderBatches"]
    assert theirs == {"totalCount": 0, "nodes": []}
    own = (await product.graphql(query, token=dealer)).whole()["productOrderBatches"]
    assert {n["sentBy"] for n in own["nodes"]} == {"dealer-1"}
    assert mine["key"] in {n["key"] for n in own["nodes"]}


REFUSED_WHOLE = [
    ([], {}, HTTPStatus.BAD_REQUEST, "VALIDATION_FAILED"),
    ([line(1)], {"batch_key": " " * 201}, HTTPStatus.BAD_REQUEST, "VALIDATION_FAILED"),
    (["{}"] * 10_001, {}, HTTPStatus.BAD_REQUEST, "BAD_REQUEST"),
    (["x" * 17_000_000], {}, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "BODY_TOO_LARGE"),
    ([line(1)], {"content_type": "text/plain"}, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE"),
    ([line(1)], {"token": "nonsense"}, HTTPStatus.UNAUTHORIZED, "UNAUTHENTICATED"),
]


@pytest.mark.parametrize(
    ("lines", "options", "expected", "code"),
    REFUSED_WHOLE,
    ids=["empty", "key", "lines", "bytes", "type", "token"],
)
async def test_what_is_wrong_with_the_upload_as_a_whole_refuses_it_and_keeps_nothing(
    product: Product, lines: list[Json], options: dict[str, Json], expected: HTTPStatus, code: str
) -> None:
    query = "{ productOrderBatches { totalCount } }"
    before = (await product.graphql(query)).whole()

    status, body = await upload(product, lines, **options)

    assert (status, body["errors"][0]["extensions"]["code"]) == (expected, code)
    assert (await product.graphql(query)).whole() == before


async def test_who_may_not_order_may_send_no_batch(product: Product) -> None:
    status, body = await upload(product, [line(1)], token=product.token(Role.OPERATIONS))

    assert (status, body["errors"][0]["extensions"]["code"]) == (HTTPStatus.FORBIDDEN, "FORBIDDEN")


async def test_a_backend_that_is_away_delays_the_lines_it_is_needed_for(product: Product) -> None:
    await product.mock_control.fault("customer", outage=True)
    _, taken = await upload(product, [line(n) for n in range(31, 34)])
    waiting = (await run(product, BATCH, {"id": taken["batch"]["key"]}))["productOrderBatch"]

    await product.mock_control.heal()
    batch = await completed(product, taken["batch"]["key"])

    assert (waiting["state"], waiting["pendingCount"]) == ("IN_PROGRESS", 3)
    assert batch["acceptedCount"] == 3
