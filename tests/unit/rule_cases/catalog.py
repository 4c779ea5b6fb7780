"""Cases of the rules about what is ordered: offerings, characteristics, prices, bundles, what goes together."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from app.domain.catalog import (
    BundledOffering,
    CharacteristicSpecification,
    Offering,
    OfferingPrice,
    OfferingRelation,
    OfferingRelationship,
    PriceType,
    ProductSpecification,
)
from app.domain.money import Money
from app.domain.order import (
    AgreedPrice,
    Characteristic,
    ItemAction,
    ItemRelationship,
    OrderItem,
    PriceTotal,
    RelationshipType,
    ReservationRef,
)
from app.domain.rules.case import Case
from app.domain.violations import ViolationCode
from tests.unit.orders import NOW, euros, item, offering, order, owned, place, price
from tests.unit.rule_cases.business import before
from tests.unit.rule_cases.row import MOMENT, C, Row, S, line, of, of_one, one, row


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
