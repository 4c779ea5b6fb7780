"""Products are suspended in full or part, for somebody and until a day, go on by themselves, and are renewed."""

from datetime import UTC, datetime, timedelta

from app.domain.actor import Role
from tests.channel import Json, effects_of, key, run, until_state
from tests.harness import Product
from tests.owned import at, broken, done, ordered, owned, previewed, rates, resumptions, tasks_of, whole

SUSPEND, RESUME, RENEW = "45-suspend-a-product", "46-resume-a-product", "48-renew-a-product"


async def asked_for(product: Product, found: Json) -> Json:
    """What provisioning was asked to do for the order's item."""
    reference = next(task["reference"] for task in found["plan"]["tasks"] if task["id"] == "1/provision")
    service_order = await product.mock_control.get(f"/tmf-api/serviceOrdering/v4/serviceOrder/{reference}")
    [item] = service_order["serviceOrderItem"]
    said = {c["name"]: c["value"] for c in item["service"]["serviceCharacteristic"]}
    return item["service"]["state"], said["suspendedPart"]


async def test_how_a_product_is_suspended_is_carried_to_every_backend(product: Product) -> None:
    until_then = (datetime.now(UTC) + timedelta(days=90)).isoformat()
    how = {"originator": "CREDIT", "scope": "OUTGOING", "billing": "PAUSE", "resumeAt": until_then}

    found = await done(product, SUSPEND, "prod-1156", reason="A bill is open", **how)

    mine = await owned(product, "prod-1156")
    said = {c["name"]: c["value"] for c in mine["productCharacteristic"]}
    assert mine["status"] == "suspended"
    assert said == {
        "suspensionReason": "A bill is open",
        "suspensionOriginator": "credit",
        "suspensionScope": "outgoing",
        "suspensionBilling": "pause",
        "suspensionResumesAt": said["suspensionResumesAt"],
    }
    assert at(said["suspensionResumesAt"]) == at(until_then)
    assert await asked_for(product, found) == ("active", "outgoing"), "what is suspended in part goes on otherwise"
    [rate] = await rates(product, "prod-1156")
    assert [list(pause) for pause in rate["pause"]] == [["startDateTime"]]
    told = (await whole(product, found["key"]))["items"][0]["suspension"]
    assert (told["originator"], told["scope"], told["billing"]) == ("CREDIT", "OUTGOING", "PAUSE")
    in_graph = (await run(product, "55-what-a-customer-has-and-pays", {"id": "cust-1156"}))["customer"]["products"]
    [shown] = [p for p in in_graph if p["key"] == "prod-1156"]
    assert (shown["suspension"]["originator"], shown["suspension"]["scope"]) == ("credit", "outgoing")
    assert shown["charges"][0]["pauses"][0]["endsAt"] is None

    resumed = await done(product, RESUME, "prod-1156")

    assert await asked_for(product, resumed) == ("active", "none")
    now = await owned(product, "prod-1156")
    assert (now["status"], now["productCharacteristic"]) == ("active", [])
    [rate] = await rates(product, "prod-1156")
    assert [sorted(pause) for pause in rate["pause"]] == [["endDateTime", "startDateTime"]]


async def test_what_is_charged_on_and_suspended_in_full(product: Product) -> None:
    found = await done(product, SUSPEND, "prod-1160")

    assert await asked_for(product, found) == ("inactive", "full")
    assert "pause" not in (await rates(product, "prod-1160"))[0]
    assert "1/pause-billing" not in await tasks_of(product, found["key"])


async def test_a_suspension_for_credit_is_lifted_by_the_operator_only(product: Product) -> None:
    customer = product.token(Role.CUSTOMER, "cust-1163")
    claimed = await ordered(product, SUSPEND, "prod-1163", originator="CREDIT", token=customer)
    await done(product, SUSPEND, "prod-1163", originator="CREDIT")

    refused = await ordered(product, RESUME, "prod-1163", token=customer)
    foreseen = await previewed(product, "51-preview-a-resumption", "prod-1163", token=customer)
    assert broken(claimed) == ["suspendedForOthers"]
    assert broken(refused) == broken(foreseen) == ["resumedByWhoSuspended"]
    assert (await owned(product, "prod-1163"))["status"] == "suspended"
    await done(product, RESUME, "prod-1163")

    await done(product, SUSPEND, "prod-1163", token=customer)
    await done(product, RESUME, "prod-1163", token=customer)


async def test_a_product_goes_on_by_itself_when_its_day_comes_once(product: Product) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=6)).isoformat()
    suspended = await done(product, SUSPEND, "prod-1166", resumeAt=soon, billing="PAUSE")

    [waiting] = await resumptions(product, "cust-1166")
    assert (waiting["createdBy"], at(waiting["requestedStartAt"])) == ("orderway-resumption", at(soon))
    assert [e["id"] for e in waiting["externalIds"]] == [f"{suspended['key']}:1"]
    resumed = await until_state(product, waiting["key"], "COMPLETED", "HELD", "FAILED")

    assert resumed["state"] == "COMPLETED"
    assert (await owned(product, "prod-1166"))["status"] == "active"
    begun = min(task["startedAt"] for task in resumed["plan"]["tasks"] if task["startedAt"])
    assert at(begun) >= at(soon)
    [rate] = await rates(product, "prod-1166")
    assert at(rate["pause"][0]["endDateTime"]) >= at(soon)
    assert len(await resumptions(product, "cust-1166")) == 1
    assert len(await effects_of(product, waiting["key"])) == len(set(await effects_of(product, waiting["key"])))


async def test_who_resumes_earlier_has_no_second_resumption(product: Product) -> None:
    later = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    await done(product, SUSPEND, "prod-1169", resumeAt=later)
    [first] = await resumptions(product, "cust-1169")

    await done(product, RESUME, "prod-1169")
    withdrawn = await until_state(product, first["key"], "CANCELLED")
    await done(product, SUSPEND, "prod-1169", resumeAt=later)
    [second, _] = await resumptions(product, "cust-1169")
    await done(product, "47-discontinue-a-product", "prod-1169")

    assert withdrawn["cancellations"][0]["reason"].endswith("came before")
    assert (await until_state(product, second["key"], "CANCELLED"))["state"] == "CANCELLED"
    assert (await owned(product, "prod-1169"))["status"] == "terminated"


async def test_a_resumption_in_the_past_is_refused(product: Product) -> None:
    payload = await ordered(product, SUSPEND, "prod-1175", resumeAt="2026-01-01T00:00:00Z")

    assert broken(payload) == ["resumesLater"]


async def test_only_the_term_of_a_renewed_product_changes(product: Product) -> None:
    before = await owned(product, "prod-1159")

    found = await done(product, RENEW, "prod-1159", termName="24 months")

    after = await owned(product, "prod-1159")
    old, new = after["productTerm"]
    assert old["validFor"]["endDateTime"] == new["validFor"]["startDateTime"]
    assert (new["name"], at(new["validFor"]["endDateTime"])) == ("24 months", datetime(2029, 3, 1, tzinfo=UTC))
    for unchanged in ("status", "productOffering", "startDate", "productCharacteristic", "place"):
        assert before[unchanged] == after[unchanged]
    assert await effects_of(product, found["key"]) == [
        f"PATCH product {found['key']}:1/renew-product:1",
        f"POST partyInteraction {found['key']}:order/log-interaction:1",
    ]
    assert [t["id"] for t in found["plan"]["tasks"]] == [
        "1/renew-product",
        "order/tell-customer",
        "order/log-interaction",
    ]
    mine = (await run(product, "55-what-a-customer-has-and-pays", {"id": "cust-1159"}))["customer"]["products"]
    assert [at(p["termEndsAt"]) for p in mine] == [datetime(2029, 3, 1, tzinfo=UTC)]


async def test_what_is_not_offered_or_not_in_use_is_not_renewed(product: Product) -> None:
    other_term = await ordered(product, RENEW, "prod-1162", termName="6 months")
    other_offering = await ordered(product, RENEW, "prod-1162", termName=None, offeringId="fibre-250")
    await done(product, SUSPEND, "prod-1162")
    resting = await ordered(product, RENEW, "prod-1162", termName=None)

    assert broken(other_term) == ["termOffered"]
    assert broken(other_offering) == ["productOffering"]
    assert broken(resting) == ["productStatusAllows"]


async def test_a_repeated_renewal_is_one_term(product: Product) -> None:
    same = key()
    first = await ordered(product, RENEW, "prod-1165", termName=None, idempotencyKey=same)
    again = await ordered(product, RENEW, "prod-1165", termName=None, idempotencyKey=same)
    await until_state(product, first["order"]["key"], "COMPLETED")

    assert first["order"]["key"] == again["order"]["key"]
    assert len((await owned(product, "prod-1165"))["productTerm"]) == 2
