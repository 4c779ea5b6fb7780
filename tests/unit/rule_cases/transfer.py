"""Cases of the rules about owned products that go to another customer, place or offering."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from app.domain.catalog import Offering, OfferingRelation, OfferingRelationship, Term
from app.domain.facts import CustomerFact, QuoteFact
from app.domain.order import (
    Agreement,
    Characteristic,
    ItemAction,
    OwnershipChange,
    ProductStatus,
    QuoteItemRef,
    Repackaging,
)
from app.domain.ownership import LONGEST_WAIT
from app.domain.pricing import price_order
from app.domain.rules.case import Case
from app.domain.rules.documents import content_of
from tests.unit.orders import NOW, customer, facts, item, offering, order, owned, place, price
from tests.unit.rule_cases.business import before, born
from tests.unit.rule_cases.row import MOMENT, C, Row, S, of, one, row


def handed_over(*, to: CustomerFact | None = None, offered: Offering | None = None, **more: Any) -> Case:
    """A product that goes over to `to`; `more` is of the change, of its item, or of the facts."""
    change = OwnershipChange(acceptor_id="c2", consent_until=NOW + LONGEST_WAIT)
    of_change = {name: more.pop(name) for name in list(more) if hasattr(change, name)}
    going = replace(item("1"), action=ItemAction.MODIFY, product_id="p1")
    of_item = {name: more.pop(name) for name in list(more) if hasattr(going, name)}
    wanted = replace(order(replace(going, **of_item)), ownership=replace(change, **of_change))
    acceptor = to or customer(id="c2", name="Ben")
    return of(wanted, offered or offering(), **{"owned": (owned("p1"),), "acceptor": acceptor, **more})


def ownership() -> Iterable[Row]:
    known = ("acceptorKnown", "/ownership/acceptorId")
    yield row("its own", *known, C.INVALID_VALUE, S.CUSTOMER, handed_over(acceptor_id="c1"), handed_over())
    yield row(
        "closed", *known, C.REFERENCE_NOT_FOUND, S.CUSTOMER, handed_over(to=customer(status="closed")), handed_over()
    )
    youth = replace(offering(), minimum_age=18, maximum_age=27)
    segment = replace(offering(), market_segments=("consumer",))
    suits = ("acceptorSuits", "/items/0/offeringId", C.INVALID_VALUE, S.OFFERING)
    yield row(
        "another segment",
        *suits,
        handed_over(offered=segment, to=customer(segment="business")),
        handed_over(offered=segment, to=customer(segment="consumer")),
        handed_over(offered=segment),
    )
    yield row(
        "too young",
        *suits,
        handed_over(offered=youth, to=customer(birth_date=born(18, 1))),
        handed_over(offered=youth, to=customer(birth_date=born(18))),
    )
    yield row(
        "too old",
        *suits,
        handed_over(offered=youth, to=customer(birth_date=born(28))),
        handed_over(offered=youth, to=customer(birth_date=born(27))),
    )
    yield row(
        "of no known age",
        *suits,
        handed_over(offered=youth),
        handed_over(offered=youth, to=customer(birth_date=born(20))),
    )
    late = NOW + LONGEST_WAIT + MOMENT
    until = ("consentInTime", "/ownership/consentUntil", C.INVALID_VALUE, S.REVIEW)
    yield row("too late", *until, handed_over(consent_until=late), handed_over())
    yield row("no time", *until, handed_over(consent_until=NOW), handed_over(consent_until=NOW + MOMENT))
    yield row(
        "passed",
        "effectiveAhead",
        "/ownership/effectiveAt",
        C.INVALID_VALUE,
        S.REVIEW,
        handed_over(effective_at=NOW - MOMENT),
        handed_over(effective_at=NOW),
    )
    only = ("handedOverOnly", "/items/0/action", C.INVALID_VALUE, S.OFFERING)
    yield row("ended", *only, handed_over(action=ItemAction.DELETE), handed_over())
    yield row("suspended", *only, handed_over(product_status=ProductStatus.SUSPENDED), handed_over())
    configured_anew = (Characteristic("colour", "red"),)
    yield row("changed", *only, handed_over(characteristics=configured_anew), handed_over())
    yield row(
        "another order is about it",
        "nothingUnderWay",
        "/items/0/productId",
        C.OTHER_ISSUE,
        S.OFFERING,
        handed_over(other_orders=(before(1, product_ids=("p1",)),)),
        handed_over(other_orders=(before(1, product_ids=("p2",)),)),
        handed_over(other_orders=(before(1, product_ids=("p1",), open=False),)),
    )
    yield row(
        "prepaid",
        "prepaidStaysWithOwner",
        "/items/0/productId",
        C.OTHER_ISSUE,
        S.OFFERING,
        handed_over(offered=replace(offering(), categories=("prepaid",))),
        handed_over(),
    )
    required = (OfferingRelationship(OfferingRelation.REQUIRES, "line", "any"),)
    sport = replace(offering("sport"), relationships=required)
    needing = handed_over(owned=(owned("p1"), owned("p2", "sport")))
    left = replace(needing, facts=replace(needing.facts, offerings={**needing.facts.offerings, "sport": sport}))
    yield row(
        "something that stays needs it",
        "dependentsKept",
        "/items/0/productId",
        C.OTHER_ISSUE,
        S.OFFERING,
        left,
        handed_over(),
    )


def bundles_in_use() -> Iterable[Row]:
    together = ("bundleKeptTogether", "/items/0/productId", C.OTHER_ISSUE, S.OFFERING)
    alone = handed_over(owned=(owned("p1", parts=("p2",)), owned("p2")))
    both = replace(
        alone,
        order=replace(alone.order, items=(*alone.order.items, replace(alone.order.items[0], id="2", product_id="p2"))),
    )
    yield row("without a part", *together, alone, both, handed_over(owned=(owned("p1", parts=("p9",)),)))
    yield row("without its bundle", *together, handed_over(owned=(owned("p1"), owned("p2", parts=("p1",)))), both)


def moves() -> Iterable[Row]:
    def moving(to: str, **more: Any) -> Case:
        moved = one(
            action=ItemAction.MODIFY, product_id="p1", place=place(to), moved_from=place("addr-1"), offering_id="line"
        )
        return of(moved, **{"owned": (owned("p1", place_id="addr-1"),), **more})

    yield row(
        "to where it is",
        "movesElsewhere",
        "/items/0/placeId",
        C.INVALID_VALUE,
        S.PLACE,
        moving("addr-1"),
        moving("addr-2"),
        of(one(action=ItemAction.MODIFY, product_id="p1", place=place("addr-1")), owned=(owned("p1"),)),
    )
    yield row(
        "another order is about it",
        "nothingUnderWay",
        "/items/0/productId",
        C.OTHER_ISSUE,
        S.OFFERING,
        moving("addr-2", other_orders=(before(1, product_ids=("p1",)),)),
        moving("addr-2"),
        of(
            one(action=ItemAction.MODIFY, product_id="p1"),
            owned=(owned("p1"),),
            other_orders=(before(1, product_ids=("p1",)),),
        ),
    )
    excluded = replace(offering(), relationships=(OfferingRelationship(OfferingRelation.EXCLUDES, "other"),))
    there = owned("p2", "other", place_id="addr-2")
    moved = replace(moving("addr-2"), facts=facts(excluded, owned=(owned("p1", place_id="addr-1"), there)))
    yield row(
        "moved beside it",
        "nothingExcluded",
        "/items/0/offeringId",
        C.INVALID_VALUE,
        S.OFFERING,
        moved,
        replace(moved, facts=replace(moved.facts, owned=(moved.facts.owned[0], replace(there, place_id="addr-1")))),
    )


def repackaged(fee: str, *, quote: QuoteFact | None = None, signed: bool = True, **agreed: Any) -> Case:
    """A product that becomes another for this fee a month, for a year; `agreed` is what its contract says."""
    sold = replace(offering("line", price(fee, tax="0")), terms=(Term(name="a year", amount=12, unit="month"),))
    swapped = replace(item("1"), action=ItemAction.MODIFY, product_id="p1")
    wanted = replace(
        order(swapped),
        repackaging=Repackaging(target_offering_id="line", product_ids=("p1",), quote_id="q1" if quote else None),
    )
    wanted = price_order(wanted, {"line": sold}, at=NOW)
    agreement = Agreement(
        version=1,
        content=content_of(wanted),
        contract_id="d1",
        summary_id="d2",
        signature_required=True,
        prepared_at=NOW,
    )
    return of(
        replace(wanted, agreement=replace(agreement, **agreed)),
        sold,
        owned=(owned("p1", "old"),),
        quotes={"q1": quote} if quote else {},
        signed=frozenset({"d1"} if signed else ()),
    )


def repackaging() -> Iterable[Row]:
    accepted = QuoteFact(id="q1", state="accepted", customer_ids=("c1",))
    little, much = "41.66", "41.67"
    quoted = ("repackagingQuoted", "/repackaging/quoteId", C.MISSING_PROPERTY, S.PRICE)
    for name, quote in (
        ("not quoted", None),
        ("not accepted", replace(accepted, state="approved")),
        ("quoted to somebody else", replace(accepted, customer_ids=("c2",))),
    ):
        yield row(name, *quoted, repackaged(much, quote=quote), repackaged(much, quote=accepted), repackaged(little))
    agreed = ("repackagingAgreed", "/agreement", C.MISSING_PROPERTY, S.AGREEMENT)
    fine = repackaged(much, quote=accepted)
    for name, broken in (
        ("not signed", repackaged(much, quote=accepted, signed=False)),
        ("agreed otherwise", repackaged(much, quote=accepted, content="something else")),
        ("nothing agreed", replace(fine, order=replace(fine.order, agreement=None))),
    ):
        yield row(name, *agreed, broken, fine, repackaged(little, signed=False))
    ref = QuoteItemRef(quote_id="q1", id="1")
    covered = replace(fine.order, items=tuple(replace(i, quote_item=ref) for i in fine.order.items))
    yield row(
        "not in the quote",
        "quoteCovers",
        "/items/0/quoteItem",
        C.MISSING_PROPERTY,
        S.PRICE,
        fine,
        replace(fine, order=covered),
        repackaged(much),
    )
