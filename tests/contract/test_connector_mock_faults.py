"""The clients against a mock BSS server that misbehaves: lost answers, outages, nonsense, slowness."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from connectors.backends import APIS, Backends
from connectors.base import BackendFailure, FailureKind
from connectors.breaker import BreakerState
from connectors.credit import NoConsent, RiskAssessment
from connectors.ledger import Line
from connectors.service_resources import ResourceKind
from connectors.workforce import SlotTaken, TimeSlot
from tests.contract.running_mock import NOW, book, connected, product, service_order
from tests.contract.scripted_backend import failure_of
from tests.harness import MockControl, until

Write = Callable[[Backends], Awaitable[object]]
WRITES: dict[str, tuple[str, Write]] = {
    "customer": ("customer", lambda b: b.customer.set_status("cust-1010", "suspended", key="lost-1")),
    "appointment": ("workforce", lambda b: later(b, "addr-1004", "lost-2")),
    "service order": ("provisioning", lambda b: b.provisioning.create(service_order("o:t:3"), key="lost-3")),
    "product": ("inventory", lambda b: b.inventory.create(product("order-5", "cust-1006"), key="lost-4")),
    "product status": ("inventory", lambda b: b.inventory.set_status("prod-1003", "suspended", key="lost-5")),
    "work order": ("workforce", lambda b: work(b, "lost-8")),
    "payment": ("billing", lambda b: payment(b, "lost-9")),
    "account": ("billing", lambda b: b.billing.open_account("cust-1012", "N", key="lost-6")),
    "contact": ("channels", lambda b: contact(b, "lost-10")),
    "message": ("channels", lambda b: message(b, "lost-11")),
    "assessment": ("credit", lambda b: assessment(b, "lost-12")),
    "document": ("documents", lambda b: document(b, "lost-13")),
    "balance": ("intelligent_network", lambda b: balance(b, "lost-14")),
    "activation": ("intelligent_network", lambda b: activation(b, "lost-15")),
    "journal": ("ledger", lambda b: journal(b, "lost-16")),
    "reservation": ("service_resources", lambda b: reservation(b, "lost-17")),
}


async def later(backends: Backends, place: str, key: str) -> object:
    """A slot of a day that no search is needed for, so that the lost answer is that of the booking."""
    day = (NOW + timedelta(days=7)).replace(hour=8, minute=0, second=0, microsecond=0)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return await book(backends, TimeSlot(start=day, end=day + timedelta(hours=2)), place, key)


async def work(backends: Backends, key: str) -> object:
    """A technician's work."""
    return await backends.workforce.create_work_order(
        description="Installation", place_id="a", appointment_id="v", order_id="o", external_id=key, key=key
    )


async def payment(backends: Backends, key: str) -> object:
    """An amount set aside."""
    return await backends.billing.authorise(
        customer_id="cust-1002",
        account_id=None,
        amount=Decimal(5),
        currency="EUR",
        method_id=None,
        order_id="o",
        external_id=key,
        key=key,
    )


async def contact(backends: Backends, key: str) -> object:
    """A customer who called."""
    return await backends.channels.log_interaction(
        customer_id="cust-1002", channel="callCentre", description="d", order_id="o", actor="a", key=key
    )


async def message(backends: Backends, key: str) -> object:
    """A word to a customer."""
    return await backends.channels.send_message(
        receiver_id="cust-1002",
        receiver_name="Olga Roth",
        medium="email",
        address="olga.roth.1002@mail.example",
        subject="s",
        content="c",
        order_id="o",
        external_id=key,
        key=key,
    )


async def assessment(backends: Backends, key: str) -> RiskAssessment | NoConsent:
    """The bureau's advice about a customer."""
    return await backends.credit.assess(
        customer_id="cust-1002",
        offering_ids=["fibre-500"],
        amount=Decimal(5),
        currency="EUR",
        consent_at=NOW,
        key=key,
    )


async def assessment_found_again(backends: Backends) -> object:
    """The same, read by its id."""
    assessed = await assessment(backends, "found-again")
    assert isinstance(assessed, RiskAssessment)
    return await backends.credit.by_ids([assessed.id])


async def document(backends: Backends, key: str) -> object:
    """A contract."""
    return await backends.documents.store(
        name="Contract",
        document_type="contract",
        version="1",
        order_id="o",
        customer_id="cust-1002",
        content=b"%PDF",
        mime_type="application/pdf",
        signature_required=True,
        external_id=key,
        key=key,
    )


async def balance(backends: Backends, key: str) -> object:
    """A prepaid balance."""
    return await backends.intelligent_network.create_bucket(
        msisdn="m", product_id="p", customer_id="cust-1002", external_id=key, key=key
    )


async def activation(backends: Backends, key: str) -> object:
    """A prepaid number in use."""
    return await backends.intelligent_network.activate(
        msisdn="m", customer_id="cust-1002", bucket_id="b", external_id=key, key=key
    )


async def journal(backends: Backends, key: str) -> object:
    """Revenue booked."""
    return await backends.ledger.post(
        external_id=key,
        order_id="o",
        order_item_id=None,
        currency="EUR",
        booked_on=NOW.date(),
        lines=[Line(account="1200", debit=Decimal(5)), Line(account="4000", credit=Decimal(5))],
        key=key,
    )


async def reservation(backends: Backends, key: str) -> object:
    """Any number."""
    return await backends.service_resources.reserve(
        ResourceKind.NUMBER, value=None, customer_id="cust-1002", place_id=None, external_id=key, key=key
    )


@pytest.mark.parametrize(("backend", "write"), WRITES.values(), ids=WRITES)
async def test_a_write_whose_answer_was_lost_is_repeated_and_acts_once(
    mock: MockControl, backends: Backends, backend: str, write: Write
) -> None:
    before = len(await mock.effects())
    await mock.fault(backend, failNext=1, failAfter=True)

    first = await write(backends)
    again = await write(backends)

    assert first == again
    assert not isinstance(first, SlotTaken)
    assert len(await mock.effects()) - before == 1
    assert sum((await mock.requests())[backend].values()) == 3


READS: dict[str, Callable[[Backends], Awaitable[object]]] = {
    "customer": lambda b: b.customer.by_ids(["cust-1001"]),
    "catalog": lambda b: b.catalog.offerings_by_ids(["fibre-500"]),
    "address": lambda b: b.address.validate("Hafenstraße 12"),
    "serviceability": lambda b: b.serviceability.check("addr-1001", ["cfs-tv"]),
    "workforce": lambda b: b.workforce.time_slots("addr-1001", NOW, NOW + timedelta(days=3)),
    "provisioning": lambda b: b.provisioning.by_ids(["so-1"]),
    "inventory": lambda b: b.inventory.products_of(["cust-1003"]),
    "billing": lambda b: b.billing.accounts_of(["cust-1003"]),
    "channels": lambda b: b.channels.interactions_of(["cust-1003"]),
    "credit": assessment_found_again,
    "documents": lambda b: b.documents.documents_of(["o"]),
    "intelligent_network": lambda b: b.intelligent_network.buckets_of(["cust-1003"]),
    "ledger": lambda b: b.ledger.journals_of(["o"]),
    "service_resources": lambda b: b.service_resources.available(
        ResourceKind.NUMBER, pattern=None, place_id=None, limit=1
    ),
}
every_read = pytest.mark.parametrize(("backend", "read"), READS.items(), ids=READS)


@every_read
async def test_one_failed_answer_is_not_noticed(
    mock: MockControl, backends: Backends, backend: str, read: Callable[[Backends], Awaitable[object]]
) -> None:
    await mock.fault(backend, failNext=1, errorStatus=503)

    assert await read(backends)


@every_read
async def test_nonsense_is_a_failure_of_that_backend_alone(
    mock: MockControl, backends: Backends, backend: str, read: Callable[[Backends], Awaitable[object]]
) -> None:
    await mock.fault(backend, malformedRate=1.0)

    failures = {name: await outcome(other(backends)) for name, other in READS.items()}

    assert {name: f.kind for name, f in failures.items() if f} == {backend: FailureKind.MALFORMED}


def test_every_backend_is_read() -> None:
    assert READS.keys() == APIS.keys()


async def outcome(call: Awaitable[object]) -> BackendFailure | None:
    try:
        await call
    except BackendFailure as failure:
        return failure
    return None


async def test_an_outage_is_unreachable_and_over_when_it_is_over(mock: MockControl, backends: Backends) -> None:
    await mock.fault("catalog", outage=True)
    failure = await failure_of(backends.catalog.offerings_by_ids(["fibre-500"]))
    assert (failure.backend, failure.kind, failure.retryable) == ("catalog", FailureKind.UNREACHABLE, True)
    assert backends.health()["catalog"].last_failure == "listProductOffering: UNREACHABLE"
    assert backends.health()["customer"].last_failure is None

    await mock.heal()
    assert "fibre-500" in await backends.catalog.offerings_by_ids(["fibre-500"])


async def test_a_slow_backend_is_a_timeout_within_the_deadline(mock: MockControl) -> None:
    await mock.fault("customer", latency={"fixedMs": 1000})

    async with asyncio.timeout(5), connected(mock, deadline=0.4, attempt_timeout=0.1) as backends:
        failure = await failure_of(backends.customer.by_ids(["cust-1001"]))

    assert (failure.kind, failure.retryable) == (FailureKind.TIMEOUT, True)
    assert (await mock.requests())["customer"]["GET customer"] == 2


async def test_an_outage_opens_the_breaker_of_that_backend_alone(mock: MockControl) -> None:
    await mock.fault("billing", outage=True)

    async with connected(mock, attempts=1) as backends:

        async def broken() -> bool:
            await failure_of(backends.billing.accounts_of(["cust-1003"]))
            return backends.health()["billing"].breaker is BreakerState.OPEN

        await until(broken)
        await mock.heal()
        await mock.forget_requests()
        await failure_of(backends.billing.accounts_of(["cust-1003"]))

        assert (await mock.requests())["billing"] == {}
        assert {n for n, h in backends.health().items() if h.breaker is not BreakerState.CLOSED} == {"billing"}


async def test_a_probe_tells_which_backends_answer(mock: MockControl, backends: Backends) -> None:
    await mock.fault("address", outage=True)

    answers = {name: await http.probe() for name, http in backends.http.items()}

    assert answers == {name: name != "address" for name in APIS}
