"""Cases of the rules about items that are ordered by a quote."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from app.domain.catalog import CharacteristicSpecification, Offering, PriceAlteration, ProductSpecification, Term
from app.domain.facts import QuotedItem, QuotedPrice, QuoteFact
from app.domain.money import Money
from app.domain.order import Characteristic, OrderItem, QuoteItemRef
from app.domain.rules.case import Case
from app.domain.violations import ViolationCode
from tests.unit.orders import NOW, euros, item, offering, order, price
from tests.unit.rule_cases.row import MOMENT, C, Row, S, of, one, row

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
