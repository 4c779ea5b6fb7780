"""Owned products become parts of another offering: compared first, agreed first, and with their ids kept."""

from decimal import Decimal

from app.domain.actor import Role
from tests.channel import Json, effects_of, key, run, until_state
from tests.draft import mutate
from tests.harness import Product

PREVIEW = "61-preview-a-repackaging"
REPACKAGE = "62-repackage-products"
FAMILY = ["prod-1179-fibre", "prod-1179-tv", "prod-1179-mobile"]
OTHERS = ["prod-1188-fibre", "prod-1188-tv", "prod-1188-mobile", "prod-1188-international"]


async def preview(product: Product, **given: Json) -> Json:
    return (await run(product, PREVIEW, {"input": {"reason": "one bill", **given}}))["previewRepackage"]


async def ask(product: Product, **given: Json) -> Json:
    """The payload of a repackaging."""
    given = {"idempotencyKey": key(), "reason": "one bill", **given}
    return (await run(product, REPACKAGE, {"input": given}))["repackageProducts"]


async def owned(product: Product, product_id: str) -> Json:
    return await product.mock_control.get(f"/tmf-api/productInventory/v4/product/{product_id}")


async def signed_and_submitted(product: Product, draft: Json, **other: Json) -> Json:
    """The payload of the submission, once the contract is drawn up and signed."""
    token = product.token()
    given = {"id": draft["key"], "expectedVersion": draft["version"]}
    drawn = await mutate(product, "prepareProductOrderAgreement", given, token)
    assert drawn["errors"] == []
    given["expectedVersion"] = drawn["order"]["version"]
    unsigned = await mutate(product, "submitProductOrder", {**given, **other}, token)
    assert [v["rule"] for v in unsigned["errors"][0]["violations"]] == ["repackagingAgreed"]
    assert (await mutate(product, "signProductOrderAgreement", {**given, "signedBy": "Olga"}, token))["errors"] == []
    return await mutate(product, "submitProductOrder", {**given, **other}, token)


def rules(errors: list[Json]) -> list[str]:
    return [violation["rule"] for error in errors for violation in error["violations"]]


async def rates_at_the_end(product: Product, product_id: str) -> list[Json]:
    """What is charged for the product until further notice."""
    path = f"/tmf-api/customerBillManagement/v4/appliedCustomerBillingRate?product.id={product_id}&type=recurring"
    return [rate for rate in await product.mock_control.get(path) if "endDateTime" not in rate["periodCoverage"]]


async def test_three_products_become_a_family_bundle(product: Product) -> None:
    # Given what it would mean, and that much is taken on
    said = await preview(product, productIds=FAMILY, targetOfferingId="family-bundle", quoteId="quote-1179")
    at_once = await ask(product, productIds=FAMILY, targetOfferingId="family-bundle")
    approved = await ask(product, productIds=FAMILY, targetOfferingId="family-bundle", quoteId="quote-1179-open")

    fates = [(c["fate"], c["productKey"], c["offeringKey"]) for c in said["components"]]
    assert fates == [
        ("ADD", None, "family-bundle"),
        ("SWAP", "prod-1179-fibre", "fibre-500"),
        ("SWAP", "prod-1179-tv", "tv-family"),
        ("SWAP", "prod-1179-mobile", "mobile-unlimited"),
    ]
    before = [Decimal(c["monthlyBefore"]["amount"]) for c in said["components"] if c["monthlyBefore"]]
    assert Decimal(said["monthlyBefore"]["amount"]) == sum(before) == Decimal("68.99")
    after = [Decimal(c["monthlyAfter"]["amount"]) for c in said["components"] if c["monthlyAfter"]]
    assert Decimal(said["monthlyAfter"]["amount"]) == sum(after)
    assert (said["earlyTermination"], said["oneTime"], said["preview"]["charge"]) == (None, None, None)
    assert Decimal(said["commitment"]["amount"]) > 500
    assert rules(said["preview"]["errors"]) == ["repackagingAgreed"]
    assert rules(at_once["errors"]) == ["repackagingQuoted", "repackagingAgreed"]
    assert rules(approved["errors"]) == ["repackagingQuoted", "repackagingAgreed"]
    assert [v["path"] for v in at_once["errors"][0]["violations"]] == ["/quoteId", "/asDraft"]

    # When it is quoted, agreed and submitted
    begun = await ask(product, productIds=FAMILY, targetOfferingId="family-bundle", quoteId="quote-1179", asDraft=True)
    assert begun["errors"] == []
    submitted = await signed_and_submitted(product, begun["order"])
    assert submitted["errors"] == []
    done = await until_state(product, begun["order"]["key"], "COMPLETED", "HELD", "PARTIAL")

    # Then each is what it was to be, with its id, for the new price and term
    assert done["state"] == "COMPLETED"
    for product_id, offering in zip(FAMILY, ("fibre-500", "tv-family", "mobile-unlimited"), strict=True):
        now = await owned(product, product_id)
        assert (now["id"], now["status"], now["productOffering"]["id"]) == (product_id, "active", offering)
        assert max(term["validFor"]["endDateTime"] for term in now["productTerm"])[:10] > "2027-03-01"
    [head] = [item for item in done["items"] if item["offeringName"] == "Family Bundle"]
    bundle = await owned(product, head["product"]["key"])
    assert {r["product"]["id"] for r in bundle["productRelationship"]} == set(FAMILY)
    [discount] = await rates_at_the_end(product, head["product"]["key"])
    assert discount["taxIncludedAmount"]["value"] == -17.85
    assert await rates_at_the_end(product, "prod-1179-mobile") != []
    effects = await effects_of(product, done["key"])
    assert not [effect for effect in effects if "1/provision" in effect], "a bundle itself is nothing to set up"


async def test_what_has_no_place_in_it_ends_when_the_rest_works_and_costs_what_was_said(product: Product) -> None:
    given = {"productIds": OTHERS, "targetOfferingId": "family-bundle", "quoteId": "quote-1188"}
    said = await preview(product, **given)
    dropped = said["components"][-1]
    charge = said["earlyTermination"]
    begun = await ask(product, **given, asDraft=True)
    assert begun["errors"] == []

    refused = await signed_and_submitted(product, begun["order"])
    accepted = {"id": begun["order"]["key"], "expectedVersion": begun["order"]["version"] + 1, "acceptedCharge": charge}
    submitted = await mutate(product, "submitProductOrder", accepted, product.token())
    done = await until_state(product, begun["order"]["key"], "COMPLETED", "HELD", "PARTIAL")

    assert (dropped["fate"], dropped["productKey"]) == ("DROP", "prod-1188-international")
    assert dropped["earlyTermination"]["amount"] == charge["amount"] != "0.00"
    assert [e["code"] for e in refused["errors"]] == ["CHARGE_NOT_ACCEPTED"]
    assert (submitted["errors"], done["state"]) == ([], "COMPLETED")
    assert (await owned(product, "prod-1188-international"))["status"] == "terminated"
    assert await rates_at_the_end(product, "prod-1188-international") == []
    times = {t["id"]: (t["startedAt"], t["endedAt"]) for t in done["plan"]["tasks"]}
    assert times["5/provision"][0] >= times["1/activate-product"][1], "it ends once the bundle works"
    charged = [e for e in await effects_of(product, done["key"]) if "POST appliedCustomerBillingRate" in e]
    assert f"POST appliedCustomerBillingRate {done['key']}:5/charge:1" in charged


async def test_little_is_repackaged_at_once_as_the_preview_says(product: Product) -> None:
    given = {"productIds": ["prod-1124"], "targetOfferingId": "tv-family"}

    said = await preview(product, **given)
    placed = await ask(product, **given)
    done = await until_state(product, placed["order"]["key"], "COMPLETED", "HELD")

    assert (said["preview"]["possible"], placed["errors"], done["state"]) == (True, [], "COMPLETED")
    assert [t["id"] for t in said["preview"]["added"]] == [t["id"] for t in done["plan"]["tasks"]]
    assert [(c["fate"], c["productKey"]) for c in said["components"]] == [("SWAP", "prod-1124")]
    [total] = placed["order"]["totals"]
    assert total["taxIncluded"] == said["monthlyAfter"]
    assert (await owned(product, "prod-1124"))["productOffering"]["id"] == "tv-family"


async def test_what_cannot_be_is_refused_where_it_was_asked_for(product: Product) -> None:
    bundle = {"targetOfferingId": "duo-bundle"}
    mine = product.token(Role.CUSTOMER, "cust-1127")
    not_mine = await mutate(product, "repackageProducts", {"productIds": ["prod-1130"], "reason": "x", **bundle}, mine)
    of_two = await ask(product, productIds=["prod-1127", "prod-1130"], **bundle)
    twice = await ask(product, productIds=["prod-1127", "prod-1127"], **bundle)
    unknown = await ask(product, productIds=["prod-1127"], targetOfferingId="no-such")
    made_otherwise = await ask(
        product, productIds=["prod-1127"], **bundle, components=[{"offeringId": "fibre-250", "productId": "prod-1127"}]
    )
    new_line = await ask(
        product,
        productIds=["prod-1127"],
        **bundle,
        components=[{"offeringId": "fibre-250"}, {"offeringId": "tv-basic"}],
    )

    for refused in (not_mine, of_two):
        assert [(e["code"], e["path"]) for e in refused["errors"]] == [("NOT_FOUND", "/productIds/0")]
    assert [e["path"] for e in twice["errors"]] == ["/productIds"]
    assert [(e["code"], e["path"]) for e in unknown["errors"]] == [("NOT_FOUND", "/targetOfferingId")]
    assert [e["path"] for e in made_otherwise["errors"]] == ["/components/0/productId"]
    found = {(v["path"], v["rule"]) for v in new_line["errors"][0]["violations"]}
    assert {("/components/0/appointment", "appointmentGiven"), ("/quoteId", "repackagingQuoted")} <= found
