"""Billing begins when a product is delivered, changes and ends with it; only then is the order complete."""

from datetime import timedelta

from tests.channel import free_slot, messages_of, order, place, until_state, until_task
from tests.harness import Product
from tests.owned import at, done, owned, rates, whole

ESIM = [{"name": "simType", "value": "eSIM"}]


async def bought(product: Product, customer: str, offering: str, **more: object) -> tuple[str, str]:
    """The order, completed, and the product that it brought."""
    item = {"offeringId": offering, "characteristics": ESIM, **more}
    placed = await place(product, {"customerId": customer, "items": [item]})
    assert placed["errors"] == []
    found = await until_state(product, placed["order"]["key"], "COMPLETED", "HELD", "FAILED")
    assert found["state"] == "COMPLETED"
    return found["key"], found["items"][0]["product"]["key"]


async def test_a_product_is_charged_from_the_day_on_which_it_is_active(product: Product) -> None:
    order_key, product_id = await bought(product, "cust-1147", "mobile-m")

    [rate] = await rates(product, product_id)
    mine = await owned(product, product_id)
    assert (rate["type"], rate["chargePeriod"], rate["taxIncludedAmount"]) == (
        "recurring",
        "month",
        {"unit": "EUR", "value": 17.84},
    )
    begins = at(rate["periodCoverage"]["startDateTime"])
    assert timedelta() <= begins - at(mine["startDate"]) < timedelta(minutes=1)
    assert "endDateTime" not in rate["periodCoverage"]
    assert rate["billingAccount"]["id"] == mine["billingAccount"]["id"]
    [price] = mine["productPrice"]
    assert price["price"]["dutyFreeAmount"] == {"unit": "EUR", "value": 14.99}
    [term] = mine["productTerm"]
    assert (at(term["validFor"]["endDateTime"]).year, term["validFor"]["startDateTime"]) == (
        at(mine["startDate"]).year + 2,
        mine["startDate"],
    )
    tasks = {task["id"]: task for task in (await order(product, order_key))["plan"]["tasks"]}
    assert tasks["1/start-billing"]["dependsOn"] == ["1/activate-product"]
    assert tasks["1/start-billing"]["compensation"] == "billing.cancelRecurring"


async def test_a_reduced_price_is_followed_by_the_full_one(product: Product) -> None:
    slot = await free_slot(product, "addr-1149")
    line = {"offeringId": "fibre-1000", "slot": slot, "characteristics": [{"name": "router", "value": "standard"}]}
    placed = await place(product, {"customerId": "cust-1149", "placeId": "addr-1149", "items": [line]})
    assert placed["errors"] == []
    found = await until_state(product, placed["order"]["key"], "COMPLETED", "HELD")

    first, then = await rates(product, found["items"][0]["product"]["key"])

    assert (first["taxIncludedAmount"]["value"], then["taxIncludedAmount"]["value"]) == (59.49, 65.44)
    assert first["periodCoverage"]["endDateTime"] == then["periodCoverage"]["startDateTime"]
    half_a_year = at(then["periodCoverage"]["startDateTime"]) - at(first["periodCoverage"]["startDateTime"])
    assert timedelta(days=180) < half_a_year < timedelta(days=185)


async def test_prepaid_is_not_charged_again(product: Product) -> None:
    sim = {"offeringId": "prepaid-start", "characteristics": ESIM}
    request = {"customerId": "cust-1148", "items": [sim], "paymentMethodId": "pm-cust-1148"}
    placed = await place(product, request)
    assert placed["errors"] == []

    found = await until_state(product, placed["order"]["key"], "COMPLETED", "HELD")

    assert await rates(product, found["items"][0]["product"]["key"]) == []
    assert "1/start-billing" not in [task["id"] for task in found["plan"]["tasks"]]


async def test_an_order_is_complete_only_when_all_of_it_is_confirmed(product: Product) -> None:
    await product.mock_control.fault("billing", errorRate=1.0, operations=["POST appliedCustomerBillingRate"])
    item = {"offeringId": "mobile-m", "characteristics": ESIM}
    placed = await place(product, {"customerId": "cust-1150", "items": [item]})
    order_key = placed["order"]["key"]
    await until_task(product, order_key, "1/charge", "RUNNING")
    await product.mock_control.fault("channels", errorRate=1.0, operations=["POST communicationMessage"])
    await product.mock_control.fault("billing")
    await until_task(product, order_key, "1/activate-product", "COMPLETED")

    waiting = await until_task(product, order_key, "order/log-interaction", "COMPLETED")
    assert waiting["state"] == "IN_PROGRESS", "the customer has not been told"
    assert waiting["completedAt"] is None
    await product.mock_control.heal()
    found = await until_state(product, order_key, "COMPLETED", "HELD", "FAILED")

    tasks = {task["id"]: task for task in found["plan"]["tasks"]}
    last = {"order/tell-customer", "order/log-interaction"}
    for task_id in last:
        assert set(tasks[task_id]["dependsOn"]) == {
            "1/activate-product",
            "1/charge",
            "1/start-billing",
            "order/activate-customer",
            "order/post-journal",
        }
    assert not last & {before for task in tasks.values() for before in task["dependsOn"]}
    told = await messages_of(product, order_key)
    assert told.count(f"{order_key}:order/tell-customer:1") == 1
    subjects = [message["subject"] for message in (await whole(product, order_key))["messages"]]
    assert [s for s in subjects if s.endswith("Completed")] == [f"Your order {order_key}: Completed"]


async def test_what_ends_is_charged_until_then(product: Product) -> None:
    await done(product, "47-discontinue-a-product", "prod-1151")

    [rate] = await rates(product, "prod-1151")
    ended = await owned(product, "prod-1151")
    until = at(rate["periodCoverage"]["endDateTime"])
    assert timedelta() <= until - at(ended["terminationDate"]) < timedelta(minutes=1)


async def test_what_is_changed_without_another_price_is_charged_as_before(product: Product) -> None:
    before = await rates(product, "prod-1153")

    found = await done(
        product, "44-change-a-product", "prod-1153", characteristics=[{"name": "router", "value": "own"}]
    )

    assert "1/change-billing" in [task["id"] for task in found["plan"]["tasks"]]
    assert await rates(product, "prod-1153") == before


async def test_what_becomes_something_dearer_is_charged_anew(product: Product) -> None:
    _, product_id = await bought(product, "cust-1152", "mobile-m")
    [cheap] = await rates(product, product_id)
    upgrade = {"offeringId": "mobile-l", "action": "MODIFY", "productId": product_id}

    placed = await place(product, {"customerId": "cust-1152", "items": [upgrade]})
    assert placed["errors"] == []
    found = await until_state(product, placed["order"]["key"], "COMPLETED", "HELD", "FAILED")

    ended, dearer = await rates(product, product_id)
    assert (ended["id"], dearer["taxIncludedAmount"]["value"]) == (cheap["id"], 29.74)
    assert ended["periodCoverage"]["endDateTime"] == dearer["periodCoverage"]["startDateTime"]
    mine = await owned(product, product_id)
    assert (mine["productOffering"]["id"], mine["productPrice"][0]["price"]["dutyFreeAmount"]["value"]) == (
        "mobile-l",
        24.99,
    )
    assert [term["name"] for term in mine["productTerm"]] == ["24 months", "24 months"]
    assert found["items"][0]["product"]["key"] == product_id
