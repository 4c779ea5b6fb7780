"""Every rule: a case that breaks it and its nearest neighbours that do not."""

import ast
import inspect
import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest

from app.domain import rules
from app.domain.actor import Role
from app.domain.catalog import (
    BundledOffering,
    CharacteristicSpecification,
    CreditCheck,
    Offering,
    OfferingPrice,
    OfferingRelation,
    OfferingRelationship,
    PriceAlteration,
    PriceType,
    ProductSpecification,
    Term,
)
from app.domain.facts import (
    AppointmentFact,
    BillingAccountFact,
    CustomerFact,
    OtherOrder,
    OverdueFact,
    OwnedProduct,
    PaymentMethodFact,
    PlaceFact,
    QuotedItem,
    QuotedPrice,
    QuoteFact,
)
from app.domain.money import Money
from app.domain.order import (
    AgreedPrice,
    Agreement,
    AppointmentRef,
    Characteristic,
    CreditDecision,
    ExternalId,
    ItemAction,
    ItemRelationship,
    Note,
    OrderItem,
    OwnershipChange,
    PaymentChoice,
    PriceTotal,
    ProductOrder,
    ProductStatus,
    QuoteItemRef,
    RelationshipType,
    Renewal,
    Repackaging,
    ReservationRef,
    Suspension,
    SuspensionOriginator,
)
from app.domain.ownership import LONGEST_WAIT
from app.domain.pricing import price_order
from app.domain.renewal import with_renewals
from app.domain.rulebook import CannotJudge, Condition, Scope, ValidationRule, View
from app.domain.rules import RULES, SERVES, violations
from app.domain.rules.business import case_view, fired, prioritised
from app.domain.rules.case import Case
from app.domain.rules.documents import content_of
from app.domain.rules.payments import amount_due
from app.domain.violations import Severity, StepKind, ViolationCode
from app.orchestration.operations import OPERATIONS
from app.ordering.rulebook.read import read_rulebook
from tests.unit.orders import (
    ALWAYS,
    NOW,
    case,
    credit,
    customer,
    euros,
    facts,
    item,
    offering,
    order,
    owned,
    place,
    price,
    served,
    silent,
)

C, S = ViolationCode, StepKind
RULEBOOK = read_rulebook(None, OPERATIONS)
MOMENT = timedelta(microseconds=1)
DAY = timedelta(days=1)
FIBRE_SERVICE = "cfs-fibre-access"


@dataclass(frozen=True, slots=True)
class Row:
    """`broken` breaks the rule once, at `path`; none of `kept` breaks it anywhere."""

    name: str
    rule: str
    path: str
    code: ViolationCode
    step: StepKind
    broken: Case
    kept: tuple[Case, ...]
    severity: Severity = Severity.ERROR


def row(
    name: str,
    rule: str,
    path: str,
    code: ViolationCode,
    step: StepKind,
    broken: Case,
    *kept: Case,
    severity: Severity = Severity.ERROR,
) -> Row:
    return Row(name, rule, path, code, step, broken, kept, severity)


def of(wanted: ProductOrder, *offerings: Offering, at: datetime = NOW, **more: Any) -> Case:
    return case(wanted, facts(*(offerings or (offering(),)), **more), RULEBOOK, at=at)


def one(**more: Any) -> ProductOrder:
    return order(replace(item("1"), **more))


def line(**more: Any) -> Offering:
    return replace(offering(), **more)


def of_one(offered: Offering, *, at: datetime = NOW, **more: Any) -> Case:
    return of(one(), offered, at=at, **more)


def with_order(**more: Any) -> Case:
    return of(replace(one(), **more))


def people_and_accounts() -> Iterable[Row]:
    yield row(
        "unknown",
        "customerKnown",
        "/customerId",
        C.REFERENCE_NOT_FOUND,
        S.CUSTOMER,
        of(one(), customer=None),
        of(one()),
    )
    for status in ("closed", "Inactive", "TERMINATED"):
        yield row(
            status,
            "customerOpen",
            "/customerId",
            C.INVALID_VALUE,
            S.CUSTOMER,
            of(one(), customer=customer(status=status)),
            of(one(), customer=customer(status="active")),
            of(one(), customer=customer(status="prospective")),
            of(one(), customer=customer(status=None)),
        )

    def paid_from(account: BillingAccountFact | None) -> Case:
        known = {account.id: account} if account else {}
        return of(replace(one(), billing_account_id="ba-1"), billing_accounts=known)

    mine = BillingAccountFact(id="ba-1", customer_ids=("c2", "c1"), state="Active")
    where = "/billingAccountId"
    yield row(
        "unknown",
        "billingAccountKnown",
        where,
        C.REFERENCE_NOT_FOUND,
        S.PAYMENT,
        paid_from(None),
        paid_from(mine),
        of(one()),
    )
    yield row(
        "of another customer",
        "billingAccountKnown",
        where,
        C.INVALID_VALUE,
        S.PAYMENT,
        paid_from(replace(mine, customer_ids=("c2",))),
        paid_from(mine),
    )
    yield row(
        "closed",
        "billingAccountOpen",
        where,
        C.INVALID_VALUE,
        S.PAYMENT,
        paid_from(replace(mine, state="Closed")),
        paid_from(mine),
        paid_from(replace(mine, state=None)),
    )


def structure() -> Iterable[Row]:
    def many(count: int) -> Case:
        return of(order(*(item(str(n)) for n in range(count))))

    yield row("none", "hasItems", "/items", C.MISSING_PROPERTY, S.OFFERING, many(0), many(1))
    yield row("201", "hasItems", "/items", C.TOO_MANY_RECORDS, S.OFFERING, many(201), many(200))
    yield row(
        "twice",
        "itemIdsUnique",
        "/items",
        C.INVALID_VALUE,
        S.OFFERING,
        of(order(item("1"), item("2"), item("1"))),
        of(order(item("1"), item("2"), item("3"))),
    )

    def related(*pairs: str) -> Case:
        relies = RelationshipType.RELIES_ON
        return of(
            order(
                *(item(pair[0], *(ItemRelationship(relies, other) for other in pair[1:])) for pair in pairs),
            )
        )

    yield row(
        "to no item",
        "relationshipsResolve",
        "/items/1/relationships/1/itemId",
        C.REFERENCE_NOT_FOUND,
        S.OFFERING,
        related("1", "21x"),
        related("1", "21"),
    )
    yield row(
        "in a circle",
        "relationshipsResolve",
        "/items",
        C.INVALID_VALUE,
        S.OFFERING,
        related("12", "23", "31"),
        related("123", "24", "34", "4"),
    )
    for count in (0, -1, 101):
        yield row(
            f"{count} pieces",
            "quantityInRange",
            "/items/0/quantity",
            C.INVALID_VALUE,
            S.OFFERING,
            of(one(quantity=count)),
            of(one(quantity=1)),
            of(one(quantity=100)),
        )
    for action in (ItemAction.MODIFY, ItemAction.DELETE, ItemAction.NO_CHANGE):
        yield row(
            f"{action} of nothing",
            "ownedProductNamed",
            "/items/0/productId",
            C.MISSING_PROPERTY,
            S.OFFERING,
            of(one(action=action)),
            of(one(action=action, product_id="p1"), owned=(owned("p1"),)),
            of(one()),
        )
    for priority in (-1, 5):
        yield row(
            str(priority),
            "priorityInRange",
            "/priority",
            C.INVALID_VALUE,
            S.REVIEW,
            with_order(priority=priority),
            with_order(priority=0),
            with_order(priority=4),
        )
    later = NOW + DAY
    yield row(
        "completed before it starts",
        "datesInOrder",
        "/requestedCompletionAt",
        C.INVALID_VALUE,
        S.REVIEW,
        with_order(requested_start_at=later, requested_completion_at=later - MOMENT),
        with_order(requested_start_at=later, requested_completion_at=later),
        with_order(requested_start_at=later),
        with_order(requested_completion_at=later),
    )
    yield row(
        "completed in the past",
        "datesInOrder",
        "/requestedCompletionAt",
        C.INVALID_VALUE,
        S.REVIEW,
        with_order(requested_completion_at=NOW - MOMENT),
        with_order(requested_completion_at=NOW),
    )
    yield from limits()


def limits() -> Iterable[Row]:
    def text(name: str, path: str, broken: Case, kept: Case) -> Row:
        return row(f"{name} of 2001", "textsInLimits", path, C.INVALID_VALUE, S.REVIEW, broken, kept)

    def entries(name: str, path: str, broken: Case, kept: Case) -> Row:
        return row(f"201 {name}", "textsInLimits", path, C.TOO_MANY_RECORDS, S.REVIEW, broken, kept)

    def note(length: int) -> Note:
        return Note(author="c1", at=NOW, text="x" * length)

    def value(length: int) -> Characteristic:
        return Characteristic("type", "x" * length)

    external = ExternalId(owner="shop", type="cart", id="1")
    to_itself = ItemRelationship(RelationshipType.RELIES_ON, "1")
    yield text("description", "/description", with_order(description="x" * 2001), with_order(description="x" * 2000))
    yield text("category", "/category", with_order(category="x" * 2001), with_order(category="x" * 2000))
    yield text("note", "/notes/1", with_order(notes=(note(1), note(2001))), with_order(notes=(note(1), note(2000))))
    for part in ("owner", "type", "id"):
        for length in (0, 201):
            broken = with_order(external_ids=(external, replace(external, **{part: "x" * length})))
            kept = with_order(external_ids=(external, replace(external, **{part: "x" * 200})))
            where = f"/externalIds/1/{part}"
            yield row(f"{part} of {length}", "textsInLimits", where, C.INVALID_VALUE, S.REVIEW, broken, kept)
    yield text("item id", "/items/0/id", of(one(id="x" * 2001)), of(one(id="x" * 2000)))
    yield text(
        "characteristic",
        "/items/0/characteristics/0/value",
        of(one(characteristics=(value(2001),))),
        of(one(characteristics=(value(2000),))),
    )
    yield entries("notes", "/notes", with_order(notes=(note(1),) * 201), with_order(notes=(note(1),) * 200))
    yield entries(
        "external ids",
        "/externalIds",
        with_order(external_ids=(external,) * 201),
        with_order(external_ids=(external,) * 200),
    )
    yield entries(
        "characteristics",
        "/items/0/characteristics",
        of(one(characteristics=(value(1),) * 201)),
        of(one(characteristics=(value(1),) * 200)),
    )
    yield entries(
        "relationships",
        "/items/0/relationships",
        of(one(relationships=(to_itself,) * 201)),
        of(one(relationships=(to_itself,) * 200)),
    )


def catalog() -> Iterable[Row]:
    where = "/items/0/offeringId"
    yield row(
        "unknown",
        "offeringKnown",
        where,
        C.REFERENCE_NOT_FOUND,
        S.OFFERING,
        of(one(offering_id="other")),
        of(one(offering_id="line")),
    )
    ended = one(action=ItemAction.DELETE, product_id="p1")
    for name, broken, kept in (
        ("retired", {"lifecycle_status": "Retired"}, {"lifecycle_status": "Launched"}),
        ("in test", {"lifecycle_status": "In test"}, {"lifecycle_status": "ACTIVE"}),
        ("not yet", {"valid_from": NOW + MOMENT}, {"valid_from": NOW}),
        ("no longer", {"valid_until": NOW}, {"valid_until": NOW + MOMENT}),
    ):
        yield row(
            name,
            "offeringSellable",
            where,
            C.INVALID_VALUE,
            S.OFFERING,
            of_one(line(**broken)),
            of_one(line(**kept)),
            of(ended, line(**broken), owned=(owned("p1"),)),
        )
    yield row(
        "lapsed",
        "reservationsHeld",
        "/items/0/reservations/1",
        C.REFERENCE_NOT_FOUND,
        S.OFFERING,
        reserved(held={"r1"}),
        reserved(held={"r1", "r2"}),
    )
    yield from characteristics()
    yield from prices()
    yield from bundles()


def reserved(*, held: set[str]) -> Case:
    kept = tuple(ReservationRef(id=r, kind="number", value="040 1") for r in ("r1", "r2"))
    return of(one(reservations=kept), reservations=frozenset(held))


def configured(specification: CharacteristicSpecification, *chosen: Characteristic) -> Case:
    specified = ProductSpecification(id="s", name="s", characteristics=(specification,))
    return of(one(characteristics=chosen), line(specification=specified))


def chosen(value: str, name: str = "type", **specified: Any) -> Case:
    return configured(CharacteristicSpecification(name="type", **specified), Characteristic(name, value))


def characteristics() -> Iterable[Row]:
    def allowed(name: str, path: str, code: ViolationCode, broken: Case, *kept: Case) -> Row:
        return row(name, "characteristicsAllowed", f"/items/0/characteristics{path}", code, S.OFFERING, broken, *kept)

    yield allowed(
        "no such name",
        "/0/name",
        C.UNEXPECTED_PROPERTY,
        chosen("a", name="colour"),
        chosen("a"),
        of(one(characteristics=(Characteristic("colour", "a"),)), line(specification=None)),
    )
    yield allowed(
        "not among the values",
        "/0/value",
        C.INVALID_VALUE,
        chosen("c", allowed=("a", "b")),
        chosen("b", allowed=("a", "b")),
    )
    yield allowed(
        "fixed",
        "/0/value",
        C.INVALID_VALUE,
        chosen("b", configurable=False, allowed=("a",)),
        chosen("a", configurable=False, allowed=("a",)),
    )
    yield allowed(
        "matches in part only",
        "/0/value",
        C.INVALID_FORMAT,
        chosen("ab12", pattern="[0-9]+"),
        chosen("12", pattern="[0-9]+"),
    )
    low, high = Decimal(10), Decimal(20)
    in_range = (chosen("10", minimum=low, maximum=high), chosen("20", minimum=low, maximum=high))
    for name, value in (("below the minimum", "9.99"), ("above the maximum", "20.01")):
        yield allowed(name, "/0/value", C.INVALID_VALUE, chosen(value, minimum=low, maximum=high), *in_range)
    yield allowed(
        "below the only bound",
        "/0/value",
        C.INVALID_VALUE,
        chosen("9", minimum=low),
        chosen("10", minimum=low),
        chosen("99", minimum=low),
    )
    yield allowed(
        "above the only bound",
        "/0/value",
        C.INVALID_VALUE,
        chosen("21", maximum=high),
        chosen("20", maximum=high),
        chosen("-9", maximum=high),
    )
    for text in ("ten", "NaN", "sNaN", "Infinity", "1_5", " 15 ", "１５", "1e2", "15.", ""):
        yield allowed(
            f"no number: {text!r}",
            "/0/value",
            C.INVALID_FORMAT,
            chosen(text, minimum=low),
            chosen("10", minimum=low),
            chosen("10.5", minimum=low),
            chosen(text),
        )
    any_value = CharacteristicSpecification(name="type")
    yield allowed(
        "given twice",
        "",
        C.TOO_MANY_RECORDS,
        configured(any_value, Characteristic("type", "a"), Characteristic("type", "a")),
        configured(any_value, Characteristic("type", "a")),
    )
    needed = replace(any_value, required=True)
    yield row(
        "left out",
        "characteristicsComplete",
        "/items/0/characteristics",
        C.MISSING_PROPERTY,
        S.OFFERING,
        configured(needed),
        configured(needed, Characteristic("type", "a")),
        configured(any_value),
        configured(replace(needed, configurable=False)),
    )


def bundled(*children: OrderItem, lower: int = 2, upper: int = 3, prices: tuple[OfferingPrice, ...] = ()) -> Case:
    parts = (BundledOffering(offering_id="line", lower_limit=lower, upper_limit=upper, prices=prices),)
    inside = (ItemRelationship(RelationshipType.BUNDLES, child.id) for child in children)
    return of(
        order(item("b", *inside, offering="bundle"), *children),
        replace(offering("bundle"), is_bundle=True, bundled=parts),
        offering("line", price("10")),
        offering("other"),
    )


def prices() -> Iterable[Row]:
    def agreed(amount: str, name: str = "fee", currency: str = "EUR") -> tuple[AgreedPrice, ...]:
        return (AgreedPrice("fee", euros("10")), AgreedPrice(name, Money(Decimal(amount), currency)))

    def shown(amount: str, name: str = "fee", currency: str = "EUR") -> Case:
        return of(one(agreed_prices=agreed(amount, name, currency)), offering("line", price("10")))

    def in_bundle(amount: str) -> Case:
        child = replace(item("1"), agreed_prices=(AgreedPrice("fee", euros(amount)),))
        return bundled(child, lower=0, prices=(price("7"),))

    def asked(rule_name: str, path: str, code: ViolationCode, broken: Case, *kept: Case) -> Row:
        return row(rule_name, "pricesAgreed", path, code, S.PRICE, broken, *kept)

    def in_two(second: str) -> Case:
        total = PriceTotal(price_type=PriceType.ONE_TIME, period=None, duty_free=euros("1"), tax_included=euros("1"))
        other = replace(total, tax_included=Money(Decimal(1), second))
        return of(replace(one(), totals=(total, other)))

    yield row("two currencies", "oneCurrency", "/items", C.INVALID_VALUE, S.OFFERING, in_two("USD"), in_two("EUR"))
    where = "/items/0/agreedPrices/1"
    yield asked("another amount", f"{where}/price", C.INVALID_VALUE, shown("9.99"), shown("10.00"))
    yield asked("another currency", f"{where}/price", C.INVALID_VALUE, shown("10", currency="USD"), shown("10"))
    yield asked("no such price", f"{where}/name", C.REFERENCE_NOT_FOUND, shown("10", name="rent"), shown("10"))
    yield asked("not the bundle's", "/items/1/agreedPrices/0/price", C.INVALID_VALUE, in_bundle("10"), in_bundle("7"))
    over = offering("line", replace(price("10"), valid_until=NOW))
    still = offering("line", replace(price("10"), valid_until=NOW + MOMENT))
    once_shown = one(agreed_prices=agreed("10")[:1])
    yield asked(
        "no longer asked",
        "/items/0/agreedPrices/0/name",
        C.REFERENCE_NOT_FOUND,
        of(once_shown, over),
        of(once_shown, still),
    )


MONTHLY = QuotedPrice("fee", euros("10"), "month")
QUOTED = QuotedItem(action="add", offering_id="line", characteristics={"colour": "red"}, prices=(MONTHLY,))
RED = (Characteristic("colour", "red"),)
AS_QUOTED = QuoteItemRef(quote_id="q1", id="1")


def by_quote(
    *, wish: dict[str, Any] | None = None, offered: Offering | None = None, quoted: QuotedItem = QUOTED, **more: Any
) -> Case:
    """An item as it was quoted, but for what `wish` says of it, `offered` of the catalog and `more` of the quote."""
    quote = QuoteFact(id="q1", state="approved", customer_ids=("c1",), items={"1": quoted, "2": quoted})
    colour = CharacteristicSpecification(name="colour")
    sold = offered or offering("line", price("10"))
    sold = replace(sold, specification=ProductSpecification(id="s", name="s", characteristics=(colour,)))
    wanted = one(**{"quote_item": AS_QUOTED, "characteristics": RED, **(wish or {})})
    return of(wanted, sold, quotes={"q1": replace(quote, **more)})


def quotes() -> Iterable[Row]:
    def quoted(name: str, rule: str, path: str, code: ViolationCode, broken: Case, *kept: Case) -> Row:
        return row(name, rule, f"/items/0/{path}", code, S.PRICE, broken, *(kept or (by_quote(),)))

    quote, entry = "quoteItem/quoteId", "quoteItem/id"
    other = QuoteItemRef(quote_id="q2", id="1")
    unknown = by_quote(wish={"quote_item": other})
    yield quoted("no such quote", "quoteKnown", quote, C.REFERENCE_NOT_FOUND, unknown, by_quote(), of(one()))
    foreign, shared = by_quote(customer_ids=("c2",)), by_quote(customer_ids=("c2", "c1"))
    yield quoted("of another customer", "quoteKnown", quote, C.REFERENCE_NOT_FOUND, foreign, shared)
    stray = by_quote(wish={"quote_item": replace(AS_QUOTED, id="3")})
    yield quoted("no such item", "quoteKnown", entry, C.REFERENCE_NOT_FOUND, stray)
    yield quoted(
        "under way", "quoteAccepted", quote, C.INVALID_VALUE, by_quote(state="inProgress"), by_quote(state="accepted")
    )
    until = by_quote(valid_until=NOW + MOMENT)
    yield quoted("ended now", "quoteValid", quote, C.INVALID_VALUE, by_quote(valid_until=NOW), until, by_quote())

    def matched(name: str, path: str, code: ViolationCode, broken: Case, *kept: Case) -> Row:
        return quoted(name, "quoteMatched", path, code, broken, *kept)

    another = by_quote(quoted=replace(QUOTED, offering_id="other"))
    yield matched("another offering", "offeringId", C.INVALID_VALUE, another)
    yield matched("another action", "action", C.INVALID_VALUE, by_quote(quoted=replace(QUOTED, action="modify")))
    two = replace(QUOTED, quantity=2)
    yield matched("more pieces", "quantity", C.INVALID_VALUE, by_quote(wish={"quantity": 3}, quoted=two))
    yield matched(
        "fewer pieces", "quantity", C.INVALID_VALUE, by_quote(quoted=two), by_quote(wish={"quantity": 2}, quoted=two)
    )
    blue = by_quote(wish={"characteristics": (Characteristic("colour", "blue"),)})
    yield matched("another value", "characteristics", C.INVALID_VALUE, blue)
    plain = replace(QUOTED, characteristics={})
    bare = by_quote(wish={"characteristics": ()}, quoted=plain)
    yield matched("a value too many", "characteristics", C.INVALID_VALUE, by_quote(quoted=plain), bare)
    unsaid = by_quote(wish={"characteristics": ()})
    yield matched("not chosen yet", "characteristics", C.MISSING_PROPERTY, unsaid, bare)
    twice, both = (
        replace(by_quote(), order=order(*(_ordered_by_quote(str(n), ref) for n, ref in enumerate(refs))))
        for refs in ((AS_QUOTED, AS_QUOTED), (AS_QUOTED, replace(AS_QUOTED, id="2")))
    )
    yield row("ordered twice", "quoteMatched", f"/items/1/{entry}", C.TOO_MANY_RECORDS, S.PRICE, twice, both)

    def prices(name: str, broken: Case, *kept: Case) -> Row:
        return quoted(name, "quotePrices", "quoteItem", C.INVALID_VALUE, broken, *kept)

    def promised(*found: QuotedPrice, terms: tuple[Term, ...] = ()) -> QuotedItem:
        return replace(QUOTED, prices=found, terms=terms)

    exact = by_quote(quoted=promised(replace(MONTHLY, price=euros("10.00"))))
    yield prices("a cent less", by_quote(quoted=promised(replace(MONTHLY, price=euros("9.99")))), exact)
    yield prices("another currency", by_quote(quoted=promised(replace(MONTHLY, price=Money(Decimal(10), "USD")))))
    yield prices("another period", by_quote(quoted=promised(replace(MONTHLY, period="year"))))
    yield prices("not quoted", by_quote(quoted=promised()))
    yield prices("not asked", by_quote(quoted=promised(MONTHLY, replace(MONTHLY, name="rent"))))
    half = PriceAlteration(name="half", percentage=Decimal(50), periods=3)
    halved = offering("line", replace(price("10"), alterations=(replace(half, name="winter", priority=1),)))
    less = promised(replace(MONTHLY, alterations=(half,)))
    yield prices("not reduced", by_quote(quoted=less), by_quote(quoted=less, offered=halved))
    longer = promised(replace(MONTHLY, alterations=(replace(half, periods=4),)))
    yield prices("reduced for longer", by_quote(quoted=longer, offered=halved))
    some = promised(replace(MONTHLY, alterations=(PriceAlteration(name="a", amount=euros("1")),)))
    yield prices("reduced otherwise", by_quote(quoted=some, offered=halved))
    year, years = (Term(name="contract", amount=n, unit="month") for n in (12, 24))
    bound = replace(offering("line", price("10")), terms=(years,))
    kept = by_quote(quoted=promised(MONTHLY, terms=(years,)), offered=bound)
    yield prices("bound for longer", by_quote(quoted=promised(MONTHLY, terms=(year,)), offered=bound), kept)
    yield prices("bound unsaid", by_quote(offered=bound), kept)


def _ordered_by_quote(item_id: str, ref: QuoteItemRef) -> OrderItem:
    return replace(item(item_id), characteristics=RED, quote_item=ref)


def bundles() -> Iterable[Row]:
    def cardinality(name: str, code: ViolationCode, broken: Case, *kept: Case) -> Row:
        return row(name, "bundleCardinality", "/items/0/relationships", code, S.OFFERING, broken, *kept)

    fits = (bundled(item("1"), item("2")), bundled(item("1", quantity=3)), bundled(lower=0))
    yield cardinality("too few", C.MISSING_PROPERTY, bundled(item("1")), *fits)
    yield cardinality(
        "too many pieces", C.TOO_MANY_RECORDS, bundled(item("1", quantity=2), item("2", quantity=2)), *fits
    )
    yield cardinality(
        "a stranger", C.UNEXPECTED_PROPERTY, bundled(item("1"), item("2"), item("3", offering="other")), *fits
    )
    single = bundled(item("1"))
    kept_bundle = replace(single.order.items[0], action=ItemAction.NO_CHANGE)
    no_bundle = replace(single.facts.offerings["bundle"], is_bundle=False)
    known = {**single.facts.offerings, "bundle": no_bundle}
    yield cardinality(
        "too few in a bundle",
        C.MISSING_PROPERTY,
        single,
        replace(single, facts=replace(single.facts, offerings=known)),
        replace(single, order=replace(single.order, items=(kept_bundle, *single.order.items[1:]))),
    )


def compatibility() -> Iterable[Row]:
    where = "/items/0/offeringId"
    changed = one(action=ItemAction.MODIFY, product_id="p1")
    yield row(
        "another's",
        "ownedProductKnown",
        "/items/0/productId",
        C.REFERENCE_NOT_FOUND,
        S.OFFERING,
        of(changed, owned=(owned("p2"),)),
        of(changed, owned=(owned("p2"), owned("p1"))),
        of(one(product_id="p1")),
        of(one(action=ItemAction.MODIFY)),
    )

    def relates(relation: OfferingRelation, *others: str, group: str | None = None) -> Offering:
        return line(relationships=tuple(OfferingRelationship(relation, other, group) for other in others))

    def together(offered: Offering, *more: OrderItem, **known: Any) -> Case:
        others = (offering("base"), offering("spare"), offering("bigger"))
        return of(order(item("1"), *more), offered, *others, **known)

    base = item("2", offering="base")
    ended = replace(base, action=ItemAction.DELETE, product_id="p1")
    has_base = owned("p1", "base")
    needs_base = relates(OfferingRelation.REQUIRES, "base")
    needs_either = relates(OfferingRelation.REQUIRES, "base", "spare", group="any")

    def required(name: str, broken: Case, *kept: Case) -> Row:
        return row(name, "requirementsMet", where, C.MISSING_PROPERTY, S.OFFERING, broken, *kept)

    yield required(
        "neither ordered nor owned",
        together(needs_base),
        of(changed, needs_base, owned=(owned("p1"),)),
        together(needs_base, base),
        together(needs_base, replace(base, action=ItemAction.NO_CHANGE, product_id="p1"), owned=(has_base,)),
        *(
            together(needs_base, owned=(replace(has_base, status=status),))
            for status in ("created", "pendingActive", "active", "suspended")
        ),
    )
    yield required(
        "owned no longer",
        together(needs_base, owned=(replace(has_base, status="terminated"),)),
        together(needs_base, owned=(has_base,)),
    )
    bringing = before(1, offering_ids=("base",))
    yield required(
        "brought by an order that does not come first",
        together(needs_base, other_orders=(replace(bringing, later=True),)),
        together(needs_base, other_orders=(bringing,)),
    )
    yield required(
        "brought by an order that has ended",
        together(needs_base, other_orders=(replace(bringing, open=False),)),
        together(needs_base, other_orders=(replace(bringing, open=False), bringing)),
    )
    yield required("ended with this order", together(needs_base, ended, owned=(has_base,)), together(needs_base, base))
    yield required(
        "none of a group",
        together(needs_either),
        together(needs_either, base),
        together(needs_either, item("2", offering="spare")),
    )
    needs_both = relates(OfferingRelation.REQUIRES, "base", "spare")
    yield required("one of two", together(needs_both, base), together(needs_both, base, item("3", offering="spare")))

    scattered = (("base", "any"), ("middle", None), ("spare", "any"))
    needs_group_and_one = line(
        relationships=tuple(OfferingRelationship(OfferingRelation.REQUIRES, o, group) for o, group in scattered)
    )
    middle = item("3", offering="middle")
    yield required(
        "one of a group but not the other",
        together(needs_group_and_one, base),
        together(needs_group_and_one, base, middle),
        together(needs_group_and_one, item("2", offering="spare"), middle),
    )
    needs_another = relates(OfferingRelation.REQUIRES, "line")
    yield required(
        "no other of its kind",
        together(needs_another),
        together(needs_another, item("2", offering="base"), owned=(owned("p1"),)),
    )

    not_base = relates(OfferingRelation.EXCLUDES, "base")
    here, there = place("addr-1"), place("addr-2")

    def excluded(name: str, broken: Case, *kept: Case) -> Row:
        return row(name, "nothingExcluded", where, C.INVALID_VALUE, S.OFFERING, broken, *kept)

    def placed(*more: OrderItem, **known: Any) -> Case:
        made = together(not_base, *more, **known)
        return replace(made, order=replace(made.order, place=here))

    yield excluded(
        "ordered for one place",
        placed(base),
        placed(replace(base, place=there)),
        placed(ended, owned=(has_base,)),
        placed(item("2", offering="spare")),
        together(relates(OfferingRelation.EXCLUDES, "line")),
    )
    yield excluded(
        "owned at the place",
        placed(owned=(replace(has_base, place_id="addr-1"),)),
        placed(owned=(replace(has_base, place_id="addr-2"),)),
        placed(owned=(replace(has_base, place_id="addr-1", status="terminated"),)),
        placed(owned=(owned("p1", "spare", place_id="addr-1"),)),
        of(order(*changed.items, base), not_base, offering("base"), owned=(owned("p1"),)),
        placed(ended, owned=(replace(has_base, place_id="addr-1"),)),
    )

    def becomes(
        relation: OfferingRelation | None, target: str = "bigger", action: ItemAction = ItemAction.MODIFY
    ) -> Case:
        paths = (OfferingRelationship(relation, "bigger"),) if relation else ()
        return of(
            one(action=action, product_id="p1", offering_id=target),
            replace(offering("base"), relationships=paths),
            offering("bigger"),
            owned=(has_base,),
        )

    for relation in (None, OfferingRelation.REQUIRES):
        yield row(
            "no path" if relation is None else "a relation that is no path",
            "onAnUpgradePath",
            where,
            C.INVALID_VALUE,
            S.OFFERING,
            becomes(relation),
            becomes(OfferingRelation.UPGRADES_TO),
            becomes(OfferingRelation.MIGRATES_TO),
            becomes(relation, target="base"),
            becomes(relation, action=ItemAction.NO_CHANGE),
        )


FIBRE = line(specification=ProductSpecification(id="s", name="s", service_specification_ids=(FIBRE_SERVICE,)))


def lifecycle() -> Iterable[Row]:
    def about(
        action: ItemAction, status: str, wanted: ProductStatus | None = None, earlier: tuple[OtherOrder, ...] = ()
    ) -> Case:
        return of(
            one(action=action, product_id="p1", product_status=wanted),
            owned=(replace(owned("p1"), status=status),),
            other_orders=earlier,
        )

    modify, delete = ItemAction.MODIFY, ItemAction.DELETE
    suspend, resume = ProductStatus.SUSPENDED, ProductStatus.ACTIVE

    def allows(name: str, broken: Case, *kept: Case) -> Row:
        return row(name, "productStatusAllows", "/items/0/productId", C.OTHER_ISSUE, S.OFFERING, broken, *kept)

    yield allows("suspended twice", about(modify, "suspended", suspend), about(modify, "active", suspend))
    yield allows("resumed while active", about(modify, "active", resume), about(modify, "suspended", resume))
    yield allows("changed while suspended", about(modify, "suspended"), about(modify, "active"))
    suspending, resuming = (before(h, f"o{h}", statuses={"p1": s}) for h, s in ((3, "suspended"), (2, "active")))
    to_end = before(1, "o1", statuses={"p1": "terminated"})
    yield allows(
        "resumed while active, as it will be by then",
        about(modify, "active", resume, (resuming, suspending)),
        about(modify, "active", resume, (suspending,)),
        about(modify, "active", suspend, (resuming, suspending)),
        about(modify, "active", suspend, (replace(suspending, open=False),)),
        about(modify, "active", suspend, (replace(suspending, later=True),)),
        about(modify, "active", suspend, (replace(suspending, submitted_at=NOW + timedelta(1)),)),
        about(modify, "active", suspend, (replace(suspending, statuses={"p2": "suspended"}),)),
    )
    yield allows(
        "changed though an earlier order ends it",
        about(modify, "active", None, (to_end, suspending)),
        about(modify, "active", None, (replace(to_end, open=False),)),
    )
    ended = about(delete, "terminated")
    yield allows("ended twice", ended, about(delete, "active"), about(delete, "suspended"))
    yield row(
        "a status for something new",
        "productStatusModified",
        "/items/0/productStatus",
        C.UNEXPECTED_PROPERTY,
        S.OFFERING,
        of(one(product_status=suspend)),
        of(one()),
        about(modify, "active", suspend),
    )
    other_one = of(one(action=delete, product_id="p1"), owned=(owned("p1", "other"),))
    yield row(
        "another offering than the product's",
        "productOffering",
        "/items/0/offeringId",
        C.INVALID_VALUE,
        S.OFFERING,
        other_one,
        about(delete, "active"),
        of(one(action=modify, product_id="p1"), owned=(owned("p1", "other"),)),
    )
    yield from suspensions_and_renewals()
    bundle, part = owned("p1", parts=("p2", "p9")), owned("p2")

    def with_part(*more: OrderItem, **changed: Any) -> Case:
        end = replace(item("1"), action=delete, product_id="p1")
        return of(order(end, *more), owned=(bundle, replace(part, **changed)))

    yield row(
        "a part would be left",
        "partsEnded",
        "/items/0/productId",
        C.MISSING_PROPERTY,
        S.OFFERING,
        with_part(),
        with_part(replace(item("2"), action=delete, product_id="p2")),
        with_part(status="terminated"),
        of(one(action=modify, product_id="p1"), owned=(bundle, part)),
    )
    two = (replace(item("1"), action=modify, product_id="p1"), replace(item("2"), action=delete, product_id="p1"))
    yield row(
        "changed and ended",
        "productNamedOnce",
        "/items/1/productId",
        C.INVALID_VALUE,
        S.OFFERING,
        of(order(*two), owned=(owned("p1"),)),
        of(order(two[0], replace(two[1], product_id="p2")), owned=(owned("p1"), owned("p2"))),
    )
    required = tuple(OfferingRelationship(OfferingRelation.REQUIRES, wanted, "any") for wanted in ("base", "other"))
    base, sport = offering("base"), replace(offering("sport"), relationships=required)
    mine = (owned("p1", "base"), owned("p2", sport.id))

    def ending(*more: OrderItem, have: tuple[OwnedProduct, ...] = mine) -> Case:
        end = replace(item("1", offering="base"), action=delete, product_id="p1")
        return of(order(end, *more), base, sport, offering("other"), owned=have)

    too = replace(item("2", offering=sport.id), action=delete, product_id="p2")
    yield row(
        "something needs it",
        "dependentsKept",
        "/items/0/productId",
        C.OTHER_ISSUE,
        S.OFFERING,
        ending(),
        ending(too),
        ending(item("2", offering="other")),
        ending(have=(*mine, owned("p3", "other"))),
        ending(have=(mine[0], replace(mine[1], status="terminated"))),
    )


def suspensions_and_renewals() -> Iterable[Row]:
    def suspended(
        originator: SuspensionOriginator = SuspensionOriginator.CUSTOMER,
        resumes_at: datetime | None = None,
        status: ProductStatus | None = ProductStatus.SUSPENDED,
        start: datetime | None = None,
    ) -> Case:
        how = Suspension(reason="x", originator=originator, resumes_at=resumes_at)
        wanted = one(action=ItemAction.MODIFY, product_id="p1", product_status=status, suspension=how)
        return of(replace(wanted, requested_start_at=start), owned=(owned("p1"),))

    def by(role: Role | None, judged: Case) -> Case:
        return replace(judged, role=role)

    yield row(
        "of what is not suspended",
        "suspensionOfSuspended",
        "/items/0/suspension",
        C.UNEXPECTED_PROPERTY,
        S.OFFERING,
        suspended(status=None),
        suspended(),
    )
    for name, broken in (
        ("by now", suspended(resumes_at=NOW)),
        ("before it begins", suspended(resumes_at=NOW + DAY, start=NOW + DAY)),
        ("in the past", suspended(resumes_at=NOW - MOMENT, start=NOW - DAY)),
    ):
        yield row(
            name,
            "resumesLater",
            "/items/0/suspension/resumesAt",
            C.INVALID_VALUE,
            S.OFFERING,
            broken,
            suspended(resumes_at=NOW + MOMENT),
            suspended(),
        )
    for role in (Role.CUSTOMER, Role.DEALER, Role.AFFILIATE):
        yield row(
            f"by a {role}",
            "suspendedForOthers",
            "/items/0/suspension/originator",
            C.INVALID_VALUE,
            S.OFFERING,
            by(role, suspended(SuspensionOriginator.CREDIT)),
            by(role, suspended()),
            by(Role.AGENT, suspended(SuspensionOriginator.CREDIT)),
            by(None, suspended(SuspensionOriginator.OPERATOR)),
        )

    def resumed(originator: SuspensionOriginator) -> Case:
        had = owned("p1", status="suspended", suspension=Suspension(reason="x", originator=originator))
        wanted = one(action=ItemAction.MODIFY, product_id="p1", product_status=ProductStatus.ACTIVE)
        return of(wanted, owned=(had,))

    for originator in (SuspensionOriginator.CREDIT, SuspensionOriginator.OPERATOR):
        yield row(
            originator,
            "resumedByWhoSuspended",
            "/items/0/productId",
            C.OTHER_ISSUE,
            S.OFFERING,
            by(Role.CUSTOMER, resumed(originator)),
            by(Role.CUSTOMER, resumed(SuspensionOriginator.CUSTOMER)),
            by(Role.AGENT, resumed(originator)),
            by(Role.SYSTEM, resumed(originator)),
        )

    year, two_years = Term(name="12 months", amount=12, unit="month"), Term(name="24 months", amount=24, unit="month")

    def renewed(name: str | None, *terms: Term, **more: Any) -> Case:
        changed = {"action": ItemAction.MODIFY, "product_id": "p1", "renewal": Renewal(term_name=name), **more}
        judged = of(one(**changed), line(terms=terms), owned=(owned("p1"),))
        return replace(judged, order=with_renewals(judged.order, judged.facts, NOW))

    for name, broken in (
        ("another one", renewed("6 months", year)),
        ("one of two", renewed(None, year, two_years)),
        ("none there", renewed(None)),
    ):
        yield row(
            name,
            "termOffered",
            "/items/0/renewal/termName",
            C.INVALID_VALUE,
            S.OFFERING,
            broken,
            renewed("12 months", two_years, year),
            renewed(None, year),
        )
    router = (Characteristic("router", "own"),)
    for name, broken in (
        ("changed as well", renewed(None, year, characteristics=router)),
        ("suspended as well", renewed(None, year, product_status=ProductStatus.SUSPENDED)),
        ("of something new", renewed(None, year, action=ItemAction.ADD)),
    ):
        yield row(
            name,
            "renewalAlone",
            "/items/0/renewal",
            C.UNEXPECTED_PROPERTY,
            S.OFFERING,
            broken,
            renewed(None, year),
            of(one(action=ItemAction.MODIFY, product_id="p1", characteristics=router)),
        )


def retroactive() -> Iterable[Row]:
    def back(days: int, role: Role | None = Role.AGENT) -> Case:
        return replace(with_order(requested_start_at=NOW - days * DAY), role=role)

    where = "/requestedStartAt"
    yield row(
        "by a customer",
        "retroactiveByOwnPeople",
        where,
        C.INVALID_VALUE,
        S.REVIEW,
        back(1, Role.CUSTOMER),
        back(0, Role.CUSTOMER),
        back(-1, Role.CUSTOMER),
        back(1),
        back(1, None),
    )
    yield row(
        "too long ago", "retroactiveWithinLimit", where, C.INVALID_VALUE, S.REVIEW, back(91), back(90), with_order()
    )


def places() -> Iterable[Row]:
    elsewhere = place("addr-9")
    yield row(
        "of the order",
        "placeKnown",
        "/placeId",
        C.REFERENCE_NOT_FOUND,
        S.PLACE,
        with_order(place=elsewhere),
        with_order(place=place()),
    )
    yield row(
        "of an item",
        "placeKnown",
        "/items/0/placeId",
        C.REFERENCE_NOT_FOUND,
        S.PLACE,
        of(one(place=elsewhere)),
        of(one(place=place())),
    )
    yield row(
        "left out",
        "placeGiven",
        "/items/0/placeId",
        C.MISSING_PROPERTY,
        S.PLACE,
        of(one(), FIBRE),
        of(one(place=place()), FIBRE),
        of(replace(one(), place=place()), FIBRE),
        of(one(), line()),
    )

    def answered(at: datetime = NOW, **more: Any) -> Case:
        return of(replace(one(), place=place()), FIBRE, at=at, qualifications=served("addr-1", FIBRE_SERVICE, **more))

    def serviceable(name: str, broken: Case, *kept: Case) -> Row:
        return row(name, "placeServiceable", "/items/0/placeId", C.INVALID_VALUE, S.SERVICEABILITY, broken, *kept)

    not_asked = of(replace(one(), place=place()), FIBRE)
    yield serviceable("cannot be served", answered(serviceable=False), answered(), not_asked)
    yield serviceable(
        "answer expired",
        answered(guaranteed_until=NOW),
        answered(guaranteed_until=NOW + MOMENT),
        answered(guaranteed_until=None),
    )

    def visited(status: str | None = "initialized", start: datetime = NOW + MOMENT) -> Case:
        visit = AppointmentRef(id="a-1", start=start, end=start + DAY)
        known = {"a-1": AppointmentFact(id="a-1", status=status, start=start)} if status else {}
        return of(one(place=place(), appointment=visit), FIBRE, appointments=known)

    where = "/items/0/appointment"
    yield row(
        "left out",
        "appointmentGiven",
        where,
        C.MISSING_PROPERTY,
        S.APPOINTMENT,
        of(one(place=place()), FIBRE),
        visited(),
        of(one(place=place())),
    )
    for status in (None, "cancelled", "Failed", "completed", "expired"):
        yield row(
            status or "unknown",
            "appointmentHeld",
            where,
            C.REFERENCE_NOT_FOUND,
            S.APPOINTMENT,
            visited(status),
            visited(),
            visited("confirmed"),
        )
    yield row(
        "has begun",
        "appointmentHeld",
        where,
        C.INVALID_VALUE,
        S.APPOINTMENT,
        visited(start=NOW),
        visited(start=NOW + MOMENT),
    )


def money() -> Iterable[Row]:
    checked = line(credit_check=CreditCheck.FULL)
    due = PriceTotal(price_type=PriceType.ONE_TIME, period=None, duty_free=euros("80"), tax_included=euros("60.00"))
    monthly = replace(due, price_type=PriceType.RECURRING, period="month", tax_included=euros("40.00"))

    def assessed(at: datetime = NOW, offered: Offering = checked, **more: Any) -> Case:
        said = credit(**more) if more else credit(CreditDecision.ACCEPT)
        return of(replace(one(), credit=said, totals=(due, monthly)), offered, at=at)

    accepted = assessed()

    def decided(name: str, rule: str, code: ViolationCode, broken: Case, *kept: Case) -> Row:
        return row(name, rule, "/creditConsent", code, S.QUALIFICATION, broken, accepted, *kept)

    owns = one(action=ItemAction.NO_CHANGE, product_id="p1")
    yield decided(
        "not yet",
        "creditAssessed",
        C.MISSING_PROPERTY,
        of(one(), checked),
        of(one(), line(credit_check=CreditCheck.SOFT)),
        of(owns, checked, owned=(owned("p1"),)),
    )
    yield decided(
        "refused",
        "creditAccepted",
        C.INVALID_VALUE,
        assessed(decision=CreditDecision.REJECT),
        assessed(decision=CreditDecision.REVIEW),
        assessed(decision=CreditDecision.DEPOSIT),
        assessed(decision=CreditDecision.REJECT, offered=line()),
    )
    yield decided(
        "expired", "creditValid", C.MISSING_PROPERTY, assessed(valid_until=NOW), assessed(valid_until=NOW + MOMENT)
    )
    yield decided(
        "costs another currency now",
        "creditCovers",
        C.MISSING_PROPERTY,
        assessed(amount=Money(Decimal(1000), "USD")),
    )
    yield decided(
        "costs more now",
        "creditCovers",
        C.MISSING_PROPERTY,
        assessed(amount=euros("99.99")),
        assessed(amount=euros("100.00")),
        of(replace(one(), credit=credit(amount=euros("0.00"))), checked),
    )
    yield from payments()
    yield from agreements()


def payments() -> Iterable[Row]:
    card = PaymentMethodFact(id="pm-1", label="Card")
    prepaid = line(categories=("prepaid",))

    def paid(method: str | None, offered: Offering = prepaid, **more: Any) -> Case:
        choice = PaymentChoice(method_id=method, label=method) if method else None
        return of(replace(one(), payment=choice, **more), offered, payment_methods=(card,))

    where = "/paymentMethodId"
    deposit = {"credit": credit(CreditDecision.DEPOSIT, deposit=euros("50"))}
    yield row(
        "none of the customer's",
        "paymentMethodKnown",
        where,
        C.REFERENCE_NOT_FOUND,
        S.PAYMENT,
        paid("pm-2"),
        paid("pm-1"),
    )
    yield row(
        "cash where nobody takes it",
        "paymentMethodKnown",
        where,
        C.REFERENCE_NOT_FOUND,
        S.PAYMENT,
        paid("cash"),
        paid("cash", controlled_by="retail"),
        paid("cash", controlled_by="dealer"),
    )
    yield row(
        "prepaid", "paymentChosen", where, C.MISSING_PROPERTY, S.PAYMENT, paid(None), paid("pm-1"), paid(None, line())
    )
    yield row(
        "deposit",
        "paymentChosen",
        where,
        C.MISSING_PROPERTY,
        S.PAYMENT,
        paid(None, line(), **deposit),
        paid("pm-1", line(), **deposit),
        paid(None, line(), credit=credit(CreditDecision.ACCEPT, deposit=euros("50"))),
    )


def agreements() -> Iterable[Row]:
    signed = line(signature_required=True, prices=(price("10"),))

    def drawn_up(content: str) -> Agreement:
        return Agreement(
            version=1, content=content, contract_id="d-1", summary_id="d-2", signature_required=True, prepared_at=NOW
        )

    def agreed(about: ProductOrder, now: ProductOrder, offered: Offering = signed) -> Case:
        return of(replace(now, agreement=drawn_up(content_of(about))), offered)

    priced = price_order(one(), {"line": signed}, at=NOW)
    current = agreed(priced, priced)
    unsigned = line(prices=(price("10"),))
    yield row(
        "left out",
        "agreementPrepared",
        "/agreement",
        C.MISSING_PROPERTY,
        S.AGREEMENT,
        of(priced, signed),
        current,
        of(priced, unsigned),
        of(one(action=ItemAction.NO_CHANGE, product_id="p1"), signed, owned=(owned("p1"),)),
    )
    twice = price_order(one(quantity=2), {"line": signed}, at=NOW)
    placed = replace(priced, place=place())
    dearer = price_order(one(), {"line": replace(signed, prices=(price("11"),))}, at=NOW)
    renamed = replace(priced, customer_name="Ada King")
    for name, now in (("quantity", twice), ("place", placed), ("price", dearer), ("name", renamed)):
        yield row(
            f"another {name} since",
            "agreementCurrent",
            "/agreement",
            C.MISSING_PROPERTY,
            S.AGREEMENT,
            agreed(priced, now),
            current,
            agreed(priced, replace(priced, priority=0, description="soon")),
            agreed(priced, now, unsigned),
        )


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


def sources() -> Iterable[Row]:
    for backend, step in SERVES.items():
        yield row(backend, "sourceAnswered", "", C.OTHER_ISSUE, step, of(one(), unanswered=silent(backend)), of(one()))


ROWS = (
    *people_and_accounts(),
    *structure(),
    *catalog(),
    *compatibility(),
    *lifecycle(),
    *retroactive(),
    *places(),
    *money(),
    *quotes(),
    *business(),
    *ownership(),
    *bundles_in_use(),
    *moves(),
    *repackaging(),
    *sources(),
)
each_row = pytest.mark.parametrize("row", ROWS, ids=[f"{row.rule}: {row.name}" for row in ROWS])


@each_row
def test_a_breach_is_told_once_where_it_is_and_where_it_is_mended(row: Row) -> None:
    found = [v for v in violations(row.broken) if v.rule == row.rule]

    assert [(v.path, v.code, v.severity, v.step) for v in found] == [(row.path, row.code, row.severity, row.step)]
    assert found[0].message.startswith(f"{row.path}: ")
    assert found[0].message.endswith(f"({row.rule}).")


@each_row
def test_what_is_within_the_limit_is_no_breach(row: Row) -> None:
    for kept in row.kept:
        assert [v for v in violations(kept) if v.rule == row.rule] == []


@each_row
def test_a_rule_is_silent_while_a_source_of_its_facts_is(row: Row) -> None:
    for source in _sources_of(row):
        known = replace(row.broken.facts, unanswered=silent(source))

        found = {v.rule for v in violations(replace(row.broken, facts=known))}

        assert row.rule not in found
        assert "sourceAnswered" in found


def _sources_of(row: Row) -> frozenset[str]:
    coded = [r.sources for r in RULES if any(v.rule == row.rule for v in r.breaches(row.broken))]
    data = [r.sources for r in RULEBOOK.validation if r.id == row.rule]
    return frozenset().union(*coded, *data)


def test_every_rule_has_a_case_that_breaks_it() -> None:
    coded, data = set(_coded_rules()), {rule.id for rule in RULEBOOK.validation}

    assert {rule for rule, _ in coded} | data == {row.rule for row in ROWS}
    assert coded - {(row.rule, row.code) for row in ROWS} == set()
    assert {row.rule for row in ROWS if not row.kept} == set()


def _coded_rules() -> Iterable[tuple[str, ViolationCode]]:
    """Each rule with each code that stands where it is said to be broken."""
    modules = [f"{rules.__name__}.{found.name}" for found in pkgutil.iter_modules(rules.__path__)]
    for module in (rules.__name__, *modules):
        for node in ast.walk(ast.parse(inspect.getsource(import_module(module)))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "breach":
                rule, _, code, _ = node.args
                if isinstance(rule, ast.Constant):
                    for named in ast.walk(code):
                        if isinstance(named, ast.Attribute):
                            yield str(rule.value), ViolationCode[named.attr]
                else:
                    assert module.endswith(".business"), f"{module}:{node.lineno} names its rule in no way that is read"


def test_an_ordinary_order_breaks_no_rule() -> None:
    assert violations(of(one())) == ()


def test_an_item_that_relates_to_itself_is_told_of_that_relationship() -> None:
    to_itself = of(order(item("1", ItemRelationship(RelationshipType.RELIES_ON, "1"))))

    assert "/items/0/relationships/0/itemId" in {v.path for v in violations(to_itself)}


def test_a_circle_names_the_items_in_it_and_no_other() -> None:
    def relies(item_id: str, *others: str) -> OrderItem:
        return item(item_id, *(ItemRelationship(RelationshipType.RELIES_ON, other) for other in others))

    wanted = order(relies("a", "b"), relies("b", "c"), relies("c", "b"), relies("d", "a"))

    [found] = [v for v in violations(of(wanted)) if v.rule == "relationshipsResolve"]

    assert "items b → c → b rely" in found.message


def test_each_item_is_judged_for_itself() -> None:
    wanted = order(item("1", quantity=0), item("2"), item("3", quantity=0))

    assert [v.path for v in violations(of(wanted))] == ["/items/0/quantity", "/items/2/quantity"]


def test_the_order_that_a_duplicate_repeats_is_named_with_its_age() -> None:
    wanted = replace(one(), place=place())
    others = (before(2, "away"), before(30.5, "here", place_ids=("addr-1",)))

    [found] = [v for v in violations(of(wanted, other_orders=others)) if v.rule == "noDuplicateOrder"]

    assert "order here, 30 hours old, already brings Line" in found.message


def test_an_answer_for_one_set_of_services_says_nothing_about_another() -> None:
    wanted = replace(one(), place=place())
    other = served("addr-1", "cfs-tv", serviceable=False)

    assert "placeServiceable" not in {v.rule for v in violations(of(wanted, FIBRE, qualifications=other))}


def test_an_offering_that_is_not_known_is_all_that_is_told_of_it() -> None:
    stranger = one(offering_id="other", place=place(), agreed_prices=(AgreedPrice("fee", euros("1")),))

    assert [v.rule for v in violations(of(stranger))] == ["offeringKnown"]


def said(judged: Case, rule: str) -> str:
    [message] = [v.message for v in violations(judged) if v.rule == rule]
    return message


def test_a_difference_from_the_quote_is_told_in_both_amounts() -> None:
    cheaper = replace(QUOTED, prices=(replace(MONTHLY, price=euros("9.50")),))

    assert "fee: 9.5 EUR per month was quoted, the catalog has 10 EUR per month" in said(
        by_quote(quoted=cheaper), "quotePrices"
    )


def test_what_is_ended_by_a_quote_costs_nothing() -> None:
    ended = by_quote(
        wish={"action": ItemAction.DELETE, "product_id": "p1"}, quoted=replace(QUOTED, action="delete", prices=())
    )

    assert [v.rule for v in violations(ended) if v.rule.startswith("quote")] == []


def test_a_refused_value_comes_with_what_may_be_chosen() -> None:
    bounded = chosen("9", minimum=Decimal(10), maximum=Decimal(20))

    assert "9 is not a number from 10 up to 20" in said(bounded, "characteristicsAllowed")
    assert "9 is not a number from 10 (" in said(chosen("9", minimum=Decimal(10)), "characteristicsAllowed")
    assert "choose one of a, b" in said(chosen("c", allowed=("b", "a")), "characteristicsAllowed")
    required = CharacteristicSpecification(name="type", required=True)
    assert "choose a value" in said(configured(required), "characteristicsComplete")
    assert "choose one of a, b" in said(configured(replace(required, allowed=("b", "a"))), "characteristicsComplete")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"reason": "no fibre"}, "Addr-1: no fibre ("),
        ({}, "Addr-1: not serviceable ("),
        ({"reason": "no fibre", "alternatives": ("cfs-tv", "cfs-dsl")}, "no fibre; there cfs-dsl, cfs-tv can be ("),
    ],
)
def test_a_place_that_cannot_be_served_says_why_and_what_can_be_had_there(answer: dict[str, Any], words: str) -> None:
    known = served("addr-1", FIBRE_SERVICE, serviceable=False, **answer)

    assert words in said(of(one(place=place()), FIBRE, qualifications=known), "placeServiceable")


@pytest.mark.parametrize(
    ("reasons", "words"), [(("two bills unpaid", "moved"), "(two bills unpaid; moved)"), ((), "(no reason given)")]
)
def test_a_refused_credit_says_why(reasons: tuple[str, ...], words: str) -> None:
    refused = replace(one(), credit=credit(CreditDecision.REJECT, reasons=reasons))

    assert words in said(of(refused, line(credit_check=CreditCheck.FULL)), "creditAccepted")


def test_due_before_delivery_are_the_deposit_and_the_one_time_prices_that_no_bill_follows_for() -> None:
    prices = (price("5", PriceType.ONE_TIME, tax="0"), price("10", tax="0"))
    prepaid, billed = replace(offering("prepaid", *prices), categories=("prepaid",)), offering("line", *prices)
    offerings = {"prepaid": prepaid, "line": billed}
    priced = price_order(order(item("1", offering="prepaid", quantity=2), item("2")), offerings, at=NOW)
    deposit = credit(CreditDecision.DEPOSIT, deposit=euros("50.00"))

    assert amount_due(of(priced, prepaid, billed)) == euros("10.00")
    assert amount_due(of(replace(priced, credit=deposit), prepaid, billed)) == euros("60.00")
    assert amount_due(of(replace(priced, credit=deposit, items=priced.items[1:]), billed)) == euros("50.00")
    assert amount_due(of(replace(priced, items=priced.items[1:]), billed)) is None


def test_rules_speak_of_the_customer_as_the_backends_do() -> None:
    known = customer(status="active", market="north", segment="business", birth_date=born(30), vip=True)
    has = (owned("p1", "base"), owned("p2", "spare", status="suspended"), owned("p3", offering_id=None))
    owes = OverdueFact(amount=euros("12.34"), since=NOW.date() - timedelta(days=3))
    judged = of(one(), customer=known, owned=has, overdue=owes, other_orders=(before(24), before(25)))

    assert case_view(judged, None, None)["customer"] == {
        "id": "c1",
        "segment": "business",
        "status": "active",
        "market": "north",
        "vip": True,
        "age": 30,
        "owns": ["base"],
        "overdue": "12.34 EUR",
        "overdueCents": 1234,
        "overdueDays": 3,
        "ordersOfToday": 1,
        "isNew": False,
    }


def test_what_is_not_known_of_the_customer_is_blank() -> None:
    assert case_view(of(one(), customer=None), None, None)["customer"] == {
        "id": "",
        "segment": "",
        "status": "",
        "market": "",
        "vip": False,
        "age": -1,
        "owns": [],
        "overdue": "",
        "overdueCents": 0,
        "overdueDays": 0,
        "ordersOfToday": 0,
        "isNew": True,
    }


def _data_rule(when: Condition, **more: Any) -> ValidationRule:
    made = ValidationRule(
        id="house",
        scope=Scope.ITEM,
        when=when,
        step=StepKind.PRICE,
        path="/quantity",
        code=ViolationCode.INVALID_VALUE,
        severity=Severity.WARNING,
        message=lambda _: "no",
        text="no",
        sources=frozenset(),
    )
    return replace(made, **more)


def _judged_by(rule: ValidationRule, wanted: ProductOrder) -> list[tuple[str, ViolationCode, Severity, str | None]]:
    judged = replace(of(wanted), rulebook=replace(RULEBOOK, validation=(rule,)))
    return [(v.path, v.code, v.severity, v.because) for v in violations(judged) if v.rule == "house"]


def test_a_rule_that_is_data_says_its_condition() -> None:
    assert _judged_by(_data_rule(ALWAYS), order(item("1"), item("2"))) == [
        ("/items/0/quantity", C.INVALID_VALUE, Severity.WARNING, "true"),
        ("/items/1/quantity", C.INVALID_VALUE, Severity.WARNING, "true"),
    ]
    assert _judged_by(_data_rule(ALWAYS, scope=Scope.ORDER, path="/priority"), one()) == [
        ("/priority", C.INVALID_VALUE, Severity.WARNING, "true")
    ]


def test_a_rule_that_is_data_is_silent_about_an_offering_that_is_not_known() -> None:
    assert _judged_by(_data_rule(ALWAYS), one(offering_id="other")) == []


def test_what_cannot_be_judged_refuses_the_order() -> None:
    def confused(_: View) -> bool:
        raise CannotJudge("rule house: apples and pears")

    assert _judged_by(_data_rule(Condition("?", confused)), one()) == [
        ("/items/0", C.OTHER_ISSUE, Severity.ERROR, None)
    ]


@pytest.mark.parametrize(
    ("asked", "more", "priority"),
    [
        (4, {}, 4),
        (4, {"segment": "business"}, 2),
        (1, {"segment": "business"}, 1),
        (4, {"segment": "residential"}, 4),
        (3, {"vip": True}, 0),
        (3, {"vip": True, "segment": "business"}, 0),
    ],
)
def test_an_order_is_as_urgent_as_it_asks_or_as_its_customer_is(
    asked: int, more: dict[str, Any], priority: int
) -> None:
    assert prioritised(of(replace(one(), priority=asked), customer=customer(**more))).priority == priority


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ({}, True),
        ({"sources": frozenset({"catalog"})}, True),
        ({"sources": frozenset({"catalog", "billing"})}, False),
        ({"valid_until": NOW}, False),
        ({"valid_from": NOW, "valid_until": NOW + MOMENT}, True),
        ({"valid_from": NOW + MOMENT}, False),
    ],
)
def test_a_rule_is_shown_to_fire_exactly_when_it_is_kept(more: dict[str, Any], shown: bool) -> None:
    rule = _data_rule(ALWAYS, **more)
    judged = replace(of(one(), unanswered=silent("billing")), rulebook=replace(RULEBOOK, validation=(rule,)))

    assert ("house" in {f.rule.id for f in fired(judged)}) is shown
    assert ("house" in {v.rule for v in violations(judged)}) is shown
