"""Numbers, balances, books, documents, credit and contacts against the running mock BSS server: states move once."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.backends import Backends
from connectors.base import FailureKind
from connectors.credit import Decision, RiskAssessment
from connectors.documents import Document, SignatureState
from connectors.intelligent_network import ActivationState, Bucket, TopUp
from connectors.ledger import Journal, Line, PeriodClosed, Unbalanced
from connectors.service_resources import NoneLeft, Reservation, ResourceKind
from connectors.wire import Json
from tests.contract.running_mock import NOW, change
from tests.contract.scripted_backend import failure_of
from tests.harness import MockControl

POOLS = "/tmf-api/resourcePoolManagement/v4"
BUREAU = "/tmf-api/riskManagement/v4/partyRoleProductOfferingRiskAssessment"
TODAY = NOW.date()
FIRST_OPEN = (TODAY.replace(day=1) - timedelta(days=1)).replace(day=1)


# Numbers, SIMs and ports


async def free(backends: Backends, kind: ResourceKind = ResourceKind.NUMBER, place: str | None = None) -> str:
    (value,) = await backends.service_resources.available(kind, pattern=None, place_id=place, limit=1)
    return value


async def ask_for(
    backends: Backends,
    key: str,
    value: str | None,
    kind: ResourceKind = ResourceKind.NUMBER,
    place: str | None = None,
    external_id: str = "",
) -> Reservation | NoneLeft:
    return await backends.service_resources.reserve(
        kind, value=value, customer_id="cust-1001", place_id=place, external_id=external_id or key, key=key
    )


async def held(
    backends: Backends,
    key: str,
    value: str | None = None,
    kind: ResourceKind = ResourceKind.NUMBER,
    place: str | None = None,
) -> Reservation:
    """A reservation that was to be had."""
    reservation = await ask_for(backends, key, value, kind, place)
    assert isinstance(reservation, Reservation)
    return reservation


async def test_a_number_from_reservation_to_release(backends: Backends) -> None:
    resources, number = backends.service_resources, await free(backends)

    reserved = await held(backends, "number-1", number)
    assert (reserved.kind, reserved.value, reserved.state) == (ResourceKind.NUMBER, number, "reserved")
    assert reserved.expires_at is not None and reserved.expires_at > datetime.now(UTC)
    assert isinstance(await ask_for(backends, "number-2", number), NoneLeft)
    assert await free(backends) != number

    confirmed = await resources.confirm(reserved.id, key="number-3")
    assert isinstance(confirmed, Reservation)
    assert (confirmed.state, confirmed.expires_at) == ("inUse", None)
    assert await resources.by_ids([reserved.id, "none"]) == {reserved.id: confirmed}
    assert await free(backends) != number

    for key in ("number-4", "number-5"):
        released = await resources.release(reserved.id, key=key)
        assert isinstance(released, Reservation) and released.state == "released"
    assert await free(backends) == number
    assert isinstance(await resources.confirm(reserved.id, key="number-6"), NoneLeft)


async def test_a_number_that_is_not_taken_into_use_in_time_is_free_again(mock: MockControl, backends: Backends) -> None:
    resources = backends.service_resources
    reserved, kept = await held(backends, "late-1"), await held(backends, "late-2")
    assert reserved.value != kept.value
    await resources.confirm(kept.id, key="late-3")

    for late in (reserved, kept):
        over = {"validFor": {"endDateTime": (datetime.now(UTC) - timedelta(seconds=1)).isoformat()}}
        await change(mock, f"{POOLS}/reservation/{late.id}", over)

    states = {found.value: found.state for found in (await resources.by_ids([reserved.id, kept.id])).values()}
    assert states == {reserved.value: "expired", kept.value: "inUse"}
    assert isinstance(await resources.confirm(reserved.id, key="late-4"), NoneLeft)
    again = await held(backends, "late-5", reserved.value)
    assert again.id != reserved.id


async def test_giving_back_twice_takes_nothing_from_the_next_holder(backends: Backends) -> None:
    first = await held(backends, "twice-1")
    await backends.service_resources.release(first.id, key="twice-2")
    await held(backends, "twice-3", first.value)

    await backends.service_resources.release(first.id, key="twice-4")

    assert isinstance(await ask_for(backends, "twice-5", first.value), NoneLeft)


async def test_a_reservation_that_was_given_back_is_not_given_out_again(backends: Backends) -> None:
    first = await held(backends, "again-1")
    await backends.service_resources.release(first.id, key="again-2")

    again = await ask_for(backends, "again-3", None, external_id="again-1")

    assert isinstance(again, Reservation) and again.state == "reserved"


async def test_numbers_are_found_by_their_digits(backends: Backends) -> None:
    found = await backends.service_resources.available(ResourceKind.NUMBER, pattern="707", place_id=None, limit=5)

    assert len(set(found)) == 5
    assert all("707" in number for number in found)


@pytest.mark.parametrize("value", ["+4915100000000", "port-addr-1001-1"])
async def test_what_is_not_in_the_pool_is_not_reserved(backends: Backends, value: str) -> None:
    assert isinstance(await ask_for(backends, f"no-{value}", value), NoneLeft)


async def test_a_sim_and_a_port(backends: Backends) -> None:
    sim = await held(backends, "sim-1", kind=ResourceKind.SIM)
    port = await held(backends, "port-1", kind=ResourceKind.PORT, place="addr-1001")

    assert (sim.kind, sim.place_id, len(sim.value)) == (ResourceKind.SIM, None, 19)
    assert (port.kind, port.place_id, "addr-1001" in port.value) == (ResourceKind.PORT, "addr-1001", True)
    assert await free(backends, ResourceKind.PORT, "addr-1001") != port.value


async def test_no_port_is_left(backends: Backends) -> None:
    resources = backends.service_resources

    assert await resources.available(ResourceKind.PORT, pattern=None, place_id="addr-1903", limit=1) == ()
    refused = await ask_for(backends, "port-2", None, ResourceKind.PORT, "addr-1903")
    assert isinstance(refused, NoneLeft) and "none left" in refused.reason


async def test_a_reservation_that_is_not_there_is_an_answer(backends: Backends) -> None:
    assert isinstance(await backends.service_resources.confirm("rsv-none", key="none-1"), NoneLeft)
    assert isinstance(await backends.service_resources.release("rsv-none", key="none-2"), NoneLeft)


async def test_nobody_has_services_in_use_yet(backends: Backends) -> None:
    assert await backends.service_resources.services_of(["cust-1001"]) == {"cust-1001": ()}


# Prepaid balances


async def bucket(backends: Backends, key: str, customer_id: str = "cust-1002") -> Bucket:
    """An empty balance."""
    return await backends.intelligent_network.create_bucket(
        msisdn=f"+49151{key}", product_id="prod-1", customer_id=customer_id, external_id=key, key=key
    )


async def top_up(backends: Backends, bucket_id: str, key: str, amount: str = "9.95") -> TopUp:
    return await backends.intelligent_network.top_up(bucket_id, Decimal(amount), "EUR", external_id=key, key=key)


async def remaining(backends: Backends, bucket_id: str) -> Decimal:
    return (await backends.intelligent_network.by_ids([bucket_id, "none"]))[bucket_id].remaining


async def test_a_balance_from_opening_to_reversal(backends: Backends) -> None:
    network, opened = backends.intelligent_network, await bucket(backends, "b1", "cust-1004")
    assert (opened.status, opened.unit, opened.msisdn) == ("active", "EUR", "+49151b1")
    assert opened.remaining == 0
    assert opened.valid_until is not None and opened.valid_until > datetime.now(UTC)
    assert await network.buckets_of(["cust-1004", "nobody"]) == {"cust-1004": (opened,), "nobody": ()}

    first, second = await top_up(backends, opened.id, "b1-1"), await top_up(backends, opened.id, "b1-2", "5.10")
    assert (first.status, first.amount, first.bucket_id, first.reversed) == (
        "completed",
        Decimal("9.95"),
        opened.id,
        False,
    )
    assert await remaining(backends, opened.id) == Decimal("15.05")

    for key in ("b1-3", "b1-3", "b1-4"):
        taken_off = await network.reverse_top_up(first.id, key=key)
        assert taken_off is not None and (taken_off.id, taken_off.reversed) == (first.id, True)
        assert await remaining(backends, opened.id) == Decimal("5.1")
    assert await network.reverse_top_up("top-none", key="b1-5") is None
    assert not second.reversed


async def test_nothing_is_loaded_onto_a_balance_that_is_not_there(backends: Backends) -> None:
    failure = await failure_of(top_up(backends, "bkt-none", "b2"))

    assert (failure.kind, failure.retryable) == (FailureKind.REFUSED, False)


@pytest.mark.parametrize(
    ("msisdn", "state"), [("+4915155000665", ActivationState.ACTIVE), ("+4915155000666", ActivationState.FAILED)]
)
async def test_not_every_number_is_activated(backends: Backends, msisdn: str, state: ActivationState) -> None:
    activation = await backends.intelligent_network.activate(
        msisdn=msisdn, customer_id="cust-1002", bucket_id="bkt-1", external_id=msisdn, key=msisdn
    )

    assert (activation.state, activation.problem is None) == (state, state is ActivationState.ACTIVE)


# The books


async def post(
    backends: Backends, order_id: str, *, booked_on: date = TODAY, credit: str = "59.49", key: str = ""
) -> Journal | Unbalanced | PeriodClosed:
    return await backends.ledger.post(
        external_id=f"{order_id}:journal",
        order_id=order_id,
        order_item_id=None,
        currency="EUR",
        booked_on=booked_on,
        lines=[
            Line(account="1200", debit=Decimal("59.49")),
            Line(account="4000", credit=Decimal("49.99")),
            Line(account="2200", credit=Decimal(credit) - Decimal("49.99")),
        ],
        key=key or f"{order_id}:journal",
    )


async def test_a_journal_from_posting_to_reversal(backends: Backends) -> None:
    ledger, journal = backends.ledger, await post(backends, "order-j1")
    assert isinstance(journal, Journal)
    assert (journal.booked_on, journal.period, journal.currency) == (TODAY, TODAY.isoformat()[:7], "EUR")
    assert await ledger.journals_of(["order-j1", "nothing"]) == {"order-j1": (journal,), "nothing": ()}

    reversals = [await ledger.reverse(journal.id, booked_on=TODAY, key=key) for key in ("j1-1", "j1-1", "j1-2")]

    before, after = (await ledger.journals_of(["order-j1"]))["order-j1"]
    assert reversals == [after] * 3
    assert (after.reverses, before.reversed_by) == (journal.id, after.id)
    assert [(line.account, line.debit, line.credit) for line in after.lines] == [
        (line.account, line.credit, line.debit) for line in journal.lines
    ]


async def test_a_journal_that_does_not_balance_is_not_booked(backends: Backends) -> None:
    refused = await post(backends, "order-j2", credit="59.50")

    assert isinstance(refused, Unbalanced) and "59.49" in refused.reason and "59.5" in refused.reason
    assert await backends.ledger.journals_of(["order-j2"]) == {"order-j2": ()}


async def test_a_closed_period_says_when_the_next_one_begins(backends: Backends) -> None:
    too_late = FIRST_OPEN - timedelta(days=1)
    refused = await post(backends, "order-j3", booked_on=too_late)
    assert isinstance(refused, PeriodClosed) and refused.next_open_on == FIRST_OPEN
    assert refused.reason == f"{too_late.isoformat()[:7]} is closed"

    booked = await post(backends, "order-j3", booked_on=refused.next_open_on, key="j3-open")
    assert isinstance(booked, Journal) and booked.period == FIRST_OPEN.isoformat()[:7]
    assert await backends.ledger.reverse(booked.id, booked_on=too_late, key="j3-late") == refused
    assert await backends.ledger.journals_of(["order-j3"]) == {"order-j3": (booked,)}


async def test_one_external_id_is_one_journal(backends: Backends) -> None:
    assert await post(backends, "order-j4") == await post(backends, "order-j4", key="j4-again")


async def test_what_was_never_booked_is_not_reversed(backends: Backends) -> None:
    failure = await failure_of(backends.ledger.reverse("jrn-none", booked_on=TODAY, key="j5"))

    assert (failure.kind, failure.retryable) == (FailureKind.REFUSED, False)


# Documents


async def keep(backends: Backends, key: str, version: str = "1", *, signature_required: bool = True) -> Document:
    return await backends.documents.store(
        name="Contract",
        document_type="contract",
        version=version,
        order_id=f"order-{key}",
        customer_id="cust-1001",
        content=f"%PDF {version} \x00".encode(),
        mime_type="application/pdf",
        signature_required=signature_required,
        external_id=f"{key}:{version}",
        key=f"{key}:{version}",
    )


async def test_a_later_version_is_another_document(backends: Backends) -> None:
    documents, kept = backends.documents, [await keep(backends, "d1", version) for version in ("1", "2")]

    assert await documents.documents_of(["order-d1", "nothing"]) == {"order-d1": tuple(kept), "nothing": ()}
    assert await documents.by_ids([kept[1].id, "none"]) == {kept[1].id: kept[1]}
    assert [await documents.content(document.id) for document in kept] == [b"%PDF 1 \x00", b"%PDF 2 \x00"]
    assert [(d.version, d.size, d.signature) for d in kept] == [
        ("1", 8, SignatureState.REQUESTED),
        ("2", 8, SignatureState.REQUESTED),
    ]


async def test_a_document_is_signed_once(backends: Backends) -> None:
    documents, kept = backends.documents, await keep(backends, "d2")

    signed = await documents.sign(kept.id, signed_by="Ada", key="d2-1")
    assert signed is not None and (signed.signature, signed.id) == (SignatureState.SIGNED, kept.id)
    assert signed.signed_at is not None

    assert await documents.sign(kept.id, signed_by="Ada", key="d2-1") == signed
    assert await documents.sign(kept.id, signed_by="Eve", key="d2-2") is None
    assert (await documents.by_ids([kept.id]))[kept.id] == signed
    assert await documents.content(kept.id) == b"%PDF 1 \x00"


async def test_not_every_document_can_be_signed(mock: MockControl, backends: Backends) -> None:
    free_of_it, declined = await keep(backends, "d3", signature_required=False), await keep(backends, "d4")
    await change(mock, f"/tmf-api/document/v4/document/{declined.id}", {"signature": {"state": "declined"}})

    for document_id in (free_of_it.id, declined.id, "doc-none"):
        assert await backends.documents.sign(document_id, signed_by="Ada", key=f"d3-{document_id}") is None

    found = await backends.documents.by_ids([free_of_it.id, declined.id])
    assert found[free_of_it.id].signature is SignatureState.NOT_REQUIRED
    assert found[declined.id].signature is SignatureState.DECLINED


# The credit bureau


async def assess(backends: Backends, customer_id: str, key: str, amount: str = "1000") -> RiskAssessment:
    """An assessment of a customer who agreed to it."""
    assessed = await backends.credit.assess(
        customer_id=customer_id,
        offering_ids=["fibre-500"],
        amount=Decimal(amount),
        currency="EUR",
        consent_at=NOW,
        key=key,
    )
    assert isinstance(assessed, RiskAssessment)
    return assessed


@pytest.mark.parametrize(
    ("customer_id", "decision", "amount", "deposit"),
    [
        ("cust-1001", Decision.ACCEPT, "1000", None),
        ("cust-1010", Decision.DEPOSIT, "1000", Decimal(200)),
        ("cust-1010", Decision.DEPOSIT, "10", Decimal(50)),
        ("cust-1011", Decision.REVIEW, "1000", None),
        ("cust-1012", Decision.REJECT, "1000", None),
    ],
)
async def test_advice_about_a_customer(
    backends: Backends, customer_id: str, decision: Decision, amount: str, deposit: Decimal | None
) -> None:
    assessed = await assess(backends, customer_id, f"credit-{customer_id}-{amount}", amount)

    assert (assessed.decision, assessed.customer_id) == (decision, customer_id)
    assert (assessed.deposit_amount, assessed.deposit_currency) == (deposit, "EUR" if deposit else None)
    assert bool(assessed.reasons) is (decision is not Decision.ACCEPT)
    assert assessed.valid_until is not None
    assert assessed.valid_until - assessed.assessed_at >= timedelta(days=30)
    assert await backends.credit.by_ids([assessed.id, "none"]) == {assessed.id: assessed}


@pytest.mark.parametrize("decision", [Decision.ACCEPT, Decision.REJECT])
async def test_people_decide_what_is_in_review(mock: MockControl, backends: Backends, decision: Decision) -> None:
    assessed = await assess(backends, "cust-1011", f"credit-decided-{decision}")

    await change(mock, f"{BUREAU}/{assessed.id}", {"decision": decision})

    decided = (await backends.credit.by_ids([assessed.id]))[assessed.id]
    assert (decided.decision, decided.score, decided.reasons) == (decision, assessed.score, ("decided by people",))
    assert decided.valid_until == assessed.valid_until


async def test_nobody_is_assessed_without_having_agreed(mock: MockControl, backends: Backends) -> None:
    before = len(await mock.effects())
    body: Json = {"partyRole": {"id": "cust-1001"}, "productOffering": [{"id": "fibre-500"}]}

    failure = await failure_of(backends.http["credit"].write("POST", "c", BUREAU.rsplit("/", 1)[1], body, key="nc"))

    assert (failure.kind, "no consent" in failure.detail) == (FailureKind.REFUSED, True)
    assert len(await mock.effects()) == before


# Channels


async def test_the_channels_of_the_operator(backends: Backends) -> None:
    channels = {channel.id: channel for channel in await backends.channels.all()}

    assert list(channels) == ["online", "callCentre", "retail", "dealer", "affiliate", "backOffice"]
    online, shops = channels["online"], channels["retail"]
    assert (online.kind, online.active, online.draft_days, online.market_segments) == (
        "selfService",
        True,
        30,
        ("consumer",),
    )
    assert (shops.draft_days, shops.market_segments) == (7, ())


async def test_a_contact_is_found_by_the_customer(backends: Backends) -> None:
    logged = [
        await backends.channels.log_interaction(
            customer_id="cust-1006",
            channel="retail",
            description="d",
            order_id=order,
            actor="agent-1",
            key=f"c-{order}",
        )
        for order in ("order-i1", None, "order-i1")
    ]

    assert logged[0] == logged[2]
    assert (logged[0].status, logged[0].channel, logged[0].order_id) == ("completed", "retail", "order-i1")
    assert await backends.channels.interactions_of(["cust-1006", "agent-1"]) == {
        "cust-1006": tuple(logged[:2]),
        "agent-1": (),
    }


@pytest.mark.parametrize(
    ("customer_id", "medium", "contact"), [("cust-1001", "email", "email"), ("cust-1003", "sms", "phoneNumber")]
)
async def test_a_customer_is_written_to_as_preferred(
    mock: MockControl, backends: Backends, customer_id: str, medium: str, contact: str
) -> None:
    customer = (await backends.customer.by_ids([customer_id]))[customer_id]
    address = {"email": customer.email, "sms": customer.phone}[customer.preferred_medium or ""]
    assert address is not None

    first, again = [
        await backends.channels.send_message(
            receiver_id=customer_id,
            receiver_name=customer.name,
            medium=customer.preferred_medium or "",
            address=address,
            subject="s",
            content="c",
            order_id=f"order-{medium}",
            external_id=f"order-{medium}:1",
            key=f"order-{medium}:1",
        )
        for _ in range(2)
    ]

    assert first == again
    assert (first.state, first.medium, first.receiver_id) == ("completed", medium, customer_id)
    assert await backends.channels.messages_for([f"order-{medium}", "none"]) == {
        f"order-{medium}": (first,),
        "none": (),
    }
    stored = await mock.get(f"/tmf-api/communicationManagement/v4/communicationMessage/{first.id}")
    assert stored["receiver"] == [{"id": customer_id, "name": customer.name, contact: address}]
