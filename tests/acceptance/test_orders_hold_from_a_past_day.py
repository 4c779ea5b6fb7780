"""Retro-active orders: what was agreed before it was entered holds from then on, in every book."""

from datetime import UTC, date, datetime, timedelta

from app.domain.actor import Role
from tests.channel import Json, place, until_state
from tests.harness import Product
from tests.owned import at, broken, charged_once, done, owned, previewed, rates, whole

MOBILE = {"offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "eSIM"}]}


def days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).replace(microsecond=0).isoformat()


async def delivered(product: Product, customer: str, start: str) -> tuple[str, Json]:
    """The order's key and the product that it brought."""
    placed = await place(product, {"customerId": customer, "items": [MOBILE], "requestedStartAt": start})
    assert placed["errors"] == []
    found = await until_state(product, placed["order"]["key"], "COMPLETED", "HELD", "FAILED")
    assert found["state"] == "COMPLETED"
    return found["key"], found["items"][0]["product"]["key"]


async def test_the_past_day_is_carried_to_inventory_billing_and_ledger(product: Product) -> None:
    start = days_ago(20)

    order_key, product_id = await delivered(product, "cust-1155", start)

    found, mine, [rate] = (
        await whole(product, order_key),
        await owned(product, product_id),
        await rates(product, product_id),
    )
    [charge] = await charged_once(product, order_key)
    assert at(found["effectiveAt"]) == at(mine["startDate"]) == at(start)
    assert at(rate["periodCoverage"]["startDateTime"]) == at(start)
    assert at(charge["date"]) == at(start)
    assert [journal["bookedOn"] for journal in found["journals"]] == [at(start).date().isoformat()]


async def test_a_closed_period_is_left_closed(product: Product) -> None:
    start = days_ago(89)

    order_key, product_id = await delivered(product, "cust-1158", start)

    found = await whole(product, order_key)
    this_month = datetime.now(UTC).date().replace(day=1)
    first_open = (this_month - timedelta(days=1)).replace(day=1)
    assert [date.fromisoformat(journal["bookedOn"]) for journal in found["journals"]] == [first_open]
    assert at((await owned(product, product_id))["startDate"]) == at(start), (
        "the product holds from then on all the same"
    )


async def test_what_ended_in_the_past_is_charged_until_then(product: Product) -> None:
    start = days_ago(10)

    await done(product, "47-discontinue-a-product", "prod-1154", startAt=start)

    [rate] = await rates(product, "prod-1154")
    assert at((await owned(product, "prod-1154"))["terminationDate"]) == at(start)
    assert at(rate["periodCoverage"]["endDateTime"]) == at(start)


async def test_who_may_and_how_far_back(product: Product) -> None:
    customer = product.token(Role.CUSTOMER, "cust-1161")
    request = {"customerId": "cust-1161", "items": [MOBILE]}

    own = await place(product, {**request, "requestedStartAt": days_ago(2)}, token=customer)
    ages = await place(product, {**request, "requestedStartAt": days_ago(91)})
    preview = await previewed(product, "53-preview-an-end", "prod-1157", startAt=days_ago(91))
    ahead = await place(product, {**request, "requestedStartAt": "2040-01-01T00:00:00Z"})

    assert broken(own) == ["retroactiveByOwnPeople"]
    assert broken(ages) == broken(preview) == ["retroactiveWithinLimit"]
    assert ahead["errors"] == []
    assert (await whole(product, ahead["order"]["key"]))["effectiveAt"] is None
