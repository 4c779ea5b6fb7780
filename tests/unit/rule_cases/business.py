"""Cases of the rules that an operator decides: ages, what is overdue, what looks suspicious."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.domain.catalog import ProductSpecification
from app.domain.facts import OtherOrder, OverdueFact, PlaceFact
from app.domain.order import ItemAction, ProductStatus
from app.domain.rules.case import Case
from app.domain.violations import Severity, StepKind
from tests.unit.orders import NOW, customer, euros, owned, place
from tests.unit.rule_cases.row import MOMENT, C, Row, S, line, of, of_one, one, row


def born(years: int, days_later: int = 0) -> date:
    return date(NOW.year - years, NOW.month, NOW.day) + timedelta(days=days_later)


def business() -> Iterable[Row]:
    where = "/items/0/offeringId"

    def sold(name: str, rule: str, step: StepKind, broken: Case, *kept: Case) -> Row:
        return row(name, rule, where, C.INVALID_VALUE, step, broken, *kept)

    ended = one(action=ItemAction.DELETE, product_id="p1")
    elsewhere = line(channels=("retail", "dealer"))
    yield sold(
        "sold elsewhere",
        "channelAllowed",
        S.OFFERING,
        of_one(elsewhere),
        of_one(line(channels=("retail", "online"))),
        of_one(line(channels=())),
        of(ended, elsewhere, owned=(owned("p1"),)),
        of(replace(one(), controlled_by="dealer"), elsewhere),
    )
    private, for_business = customer(segment="residential"), line(market_segments=("business",))
    yield sold(
        "of another segment",
        "marketSegmentAllowed",
        S.OFFERING,
        of_one(for_business, customer=private),
        of_one(for_business, customer=customer(segment="business")),
        of_one(for_business, customer=customer(segment=None)),
        of_one(line(), customer=private),
        of(ended, for_business, customer=private, owned=(owned("p1"),)),
    )

    def located(*markets: str, at: str = "addr-1", action: ItemAction = ItemAction.ADD, **more: Any) -> Case:
        found = replace(PlaceFact(id="addr-1", label="1", country="DE", postcode="20457"), **more)
        return of(one(place=place(at), action=action), line(markets=markets), places={"addr-1": found})

    yield row(
        "in another country",
        "marketAllowed",
        where.replace("offeringId", "placeId"),
        C.INVALID_VALUE,
        S.PLACE,
        located("AT", "10"),
        located("AT", "DE"),
        located(),
        located("AT", at="addr-2"),
        located("AT", action=ItemAction.MODIFY),
        of(one(), line(markets=("AT",))),
    )
    yield row(
        "in another region",
        "marketAllowed",
        where.replace("offeringId", "placeId"),
        C.INVALID_VALUE,
        S.PLACE,
        located("21"),
        located("20"),
        located("20457"),
    )
    yield row(
        "where no market is known",
        "marketAllowed",
        where.replace("offeringId", "placeId"),
        C.INVALID_VALUE,
        S.PLACE,
        located("DE", country=None, postcode=None),
        located("DE", postcode=None),
        located("20", country=None),
    )
    yield from ages()
    yield from overdue()
    yield from suspicious()


def aged(birth: date | None, at: datetime = NOW, **limits: Any) -> Case:
    return of(one(), line(**limits), at=at, customer=customer(birth_date=birth))


def ages() -> Iterable[Row]:
    where = "/items/0/offeringId"

    def allowed(name: str, broken: Case, *kept: Case) -> Row:
        return row(name, "ageAllowed", where, C.INVALID_VALUE, S.OFFERING, broken, *kept)

    yield allowed(
        "18 tomorrow",
        aged(born(18, days_later=1), minimum_age=18),
        aged(born(18), minimum_age=18),
        aged(born(18, days_later=1)),
        aged(born(18, days_later=1), minimum_age=17),
        aged(None, minimum_age=18),
    )
    yield allowed(
        "28 today",
        aged(born(28), maximum_age=27),
        aged(born(28, days_later=1), maximum_age=27),
        aged(born(28), maximum_age=28),
        aged(born(28)),
    )
    yield row(
        "with a lower limit",
        "ageKnown",
        where,
        C.INVALID_VALUE,
        S.CUSTOMER,
        aged(None, minimum_age=1),
        aged(born(30), minimum_age=1),
        aged(born(0), maximum_age=1),
        aged(None, minimum_age=0),
        aged(None),
    )
    yield row(
        "with an upper limit",
        "ageKnown",
        where,
        C.INVALID_VALUE,
        S.CUSTOMER,
        aged(None, maximum_age=998),
        aged(None, maximum_age=999),
    )
    mobile: dict[str, Any] = {"categories": ("mobile",)}
    begins, ends = datetime(2026, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)

    def told(name: str, broken: Case, *kept: Case) -> Row:
        return row(name, "seniorsAreTold", where, C.INVALID_VALUE, S.PRICE, broken, *kept, severity=Severity.WARNING)

    old = date(1940, 1, 1)
    yield told(
        "60 today",
        aged(born(60), **mobile),
        aged(born(60, days_later=1), **mobile),
        aged(born(60), categories=("fixed",)),
        aged(born(60), minimum_age=60, **mobile),
    )
    yield told("from its first moment", aged(old, begins, **mobile), aged(old, begins - MOMENT, **mobile))
    yield told("until its last moment", aged(old, ends - MOMENT, **mobile), aged(old, ends, **mobile))


def overdue() -> Iterable[Row]:
    def owes(amount: str, days: int) -> Case:
        return of(one(), overdue=OverdueFact(amount=euros(amount), since=NOW.date() - timedelta(days=days)))

    yield row(
        "much for long",
        "noOverdueBalance",
        "/customerId",
        C.OTHER_ISSUE,
        S.PAYMENT,
        owes("10.00", 15),
        owes("9.99", 15),
        owes("10.00", 14),
        of(one()),
        replace(owes("10.00", 15), order=one(action=ItemAction.DELETE, product_id="p1")),
        replace(owes("10.00", 15), order=one(action=ItemAction.MODIFY, product_status=ProductStatus.SUSPENDED)),
    )
    for name, broken in (("much since lately", owes("10.00", 14)), ("little for long", owes("9.99", 15))):
        yield row(
            name,
            "overdueBalanceKnown",
            "/customerId",
            C.INVALID_VALUE,
            S.PAYMENT,
            broken,
            owes("10.00", 15),
            owes("0.00", 14),
            of(one()),
            severity=Severity.WARNING,
        )


def before(hours: float, other: str = "o2", **more: Any) -> OtherOrder:
    made = OtherOrder(
        id=other, offering_ids=("line",), place_ids=(), submitted_at=NOW - timedelta(hours=hours), open=True
    )
    return replace(made, **more)


def suspicious() -> Iterable[Row]:
    where = "/items/0/offeringId"
    placed = replace(one(), place=place())

    def again(*others: OtherOrder) -> Case:
        return of(placed, other_orders=others)

    here, there = before(3, place_ids=("addr-2", "addr-1")), before(3, place_ids=("addr-2",))
    neither = (
        again(replace(here, open=False)),
        again(replace(here, offering_ids=("other",))),
        of(
            replace(one(action=ItemAction.DELETE, product_id="p1"), place=place()),
            other_orders=(here,),
            owned=(owned("p1"),),
        ),
    )
    yield row(
        "to one place",
        "noDuplicateOrder",
        where,
        C.INVALID_VALUE,
        S.OFFERING,
        again(there, here),
        again(there),
        of(one(), other_orders=(here,)),
        *neither,
    )
    yield row(
        "to another place",
        "duplicateOrderKnown",
        where,
        C.INVALID_VALUE,
        S.OFFERING,
        again(there),
        again(there, here),
        again(),
        *neither,
        severity=Severity.WARNING,
    )

    def busy(count: int, hours: float = 24, **more: Any) -> Case:
        others = tuple(before(hours, f"o{n}", offering_ids=()) for n in range(count))
        return of(one(), customer=customer(**more), other_orders=others)

    yield row(
        "100 orders",
        "fraudOrdersPerDay",
        "/customerId",
        C.OTHER_ISSUE,
        S.REVIEW,
        busy(100),
        busy(99),
        busy(100, hours=24.01),
        busy(100, vip=True),
        busy(100, segment="business"),
    )
    device = line(specification=ProductSpecification(id="s", name="s", resource_specification_ids=("rs-device",)))
    six = one(quantity=6)
    yield row(
        "6 devices",
        "fraudDevicesOfNewCustomer",
        "/items/0/quantity",
        C.INVALID_VALUE,
        S.OFFERING,
        of(six, device),
        of(one(quantity=5), device),
        of(six, device, owned=(owned("p1"),)),
        of(six, line()),
    )
