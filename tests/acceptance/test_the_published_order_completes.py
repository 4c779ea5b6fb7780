"""TMF622's own published example, with its ids, prices and relationships, is an order like any other."""

from tests.channel import PUBLISHED, key, place, run, until_state
from tests.harness import Product


async def test_it_is_accepted_at_its_published_prices_and_completes(product: Product) -> None:
    placed = (await run(product, PUBLISHED, {"idempotencyKey": key()}))["placeProductOrder"]

    assert placed["errors"] == []
    order = placed["order"]
    assert [item["id"] for item in order["items"]] == ["100", "110", "120", "130"]
    totals = {(t["priceType"], t["period"]): t["taxIncluded"] for t in order["totals"]}
    assert totals == {
        ("ONE_TIME", None): {"amount": "0.99", "currency": "EUR"},
        # 20 EUR a month less the welcome discount of 20 %
        ("RECURRING", "month"): {"amount": "16.00", "currency": "EUR"},
    }
    assert order["items"][2]["terms"] == [{"name": "12Months", "amount": 12, "unit": "month"}]

    completed = await until_state(product, order["key"], "COMPLETED", "HELD", "FAILED")

    assert completed["state"] == "COMPLETED"
    assert completed["customer"]["name"] == "Jean Pontus"
    tasks = {task["id"]: task["dependsOn"] for task in completed["plan"]["tasks"]}
    assert "110/provision" in tasks["130/provision"], "coverage relies on mobile telephony"
    assert "order/billing-account" not in tasks, "the order names its billing account"


async def test_another_price_than_the_catalogs_is_refused(product: Product) -> None:
    item = {
        "offeringId": "14305",
        "agreedPrices": [{"name": "Access Fee", "price": {"amount": "0.98", "currency": "EUR"}}],
    }
    placed = await place(product, {"customerId": "ff55-hjy4", "items": [item]})

    assert [v["rule"] for v in placed["errors"][0]["violations"]] == ["pricesAgreed"]
    assert placed["errors"][0]["violations"][0]["path"] == "/items/0/agreedPrices/0/price"
