"""Rules about what was quoted: who orders by a quote gets what it says, for what it says (TMF648)."""

from collections.abc import Iterable
from typing import Final

from app.domain.catalog import PriceAlteration, PriceType, Term
from app.domain.facts import QuotedItem, QuotedPrice, QuoteFact
from app.domain.order import ItemAction, OrderItem, QuoteItemRef
from app.domain.pricing import prices_of
from app.domain.rules.case import Case, breach, listed
from app.domain.violations import Violation, ViolationCode

ORDERABLE: Final = frozenset({"approved", "accepted"})


def quote_known(case: Case) -> Iterable[Violation]:
    """The quote is there, is the customer's own, and has the item."""
    for path, _, ref in _quoting(case):
        quote = _quote(case, ref)
        if quote is None:
            yield breach(
                "quoteKnown",
                f"{path}/quoteItem/quoteId",
                ViolationCode.REFERENCE_NOT_FOUND,
                f"customer {case.order.customer_id!r} has no quote {ref.quote_id!r}",
            )
        elif ref.id not in quote.items:
            yield breach(
                "quoteKnown",
                f"{path}/quoteItem/id",
                ViolationCode.REFERENCE_NOT_FOUND,
                f"quote {quote.id!r} has no item {ref.id!r}; it has {listed(quote.items)}",
            )


def quote_accepted(case: Case) -> Iterable[Violation]:
    """Only what was approved or accepted is ordered by its quote."""
    for path, _, ref in _quoting(case):
        quote = _quote(case, ref)
        if quote is not None and quote.state not in ORDERABLE:
            yield breach(
                "quoteAccepted",
                f"{path}/quoteItem/quoteId",
                ViolationCode.INVALID_VALUE,
                f"quote {quote.id!r} is {quote.state}; have it approved or accepted first",
            )


def quote_valid(case: Case) -> Iterable[Violation]:
    """A quote binds for as long as it is valid."""
    for path, _, ref in _quoting(case):
        quote = _quote(case, ref)
        if quote is not None and quote.valid_until is not None and quote.valid_until <= case.at:
            yield breach(
                "quoteValid",
                f"{path}/quoteItem/quoteId",
                ViolationCode.INVALID_VALUE,
                f"quote {quote.id!r} was valid until {quote.valid_until.isoformat()}; ask for a new one",
            )


def quote_matched(case: Case) -> Iterable[Violation]:
    """The item is the quoted one: same action, offering, pieces and configuration, and ordered once."""
    seen: set[QuoteItemRef] = set()
    for path, item, ref, quoted in _quoted(case):
        if ref in seen:
            yield breach(
                "quoteMatched",
                f"{path}/quoteItem/id",
                ViolationCode.TOO_MANY_RECORDS,
                f"item {ref.id!r} of quote {ref.quote_id!r} is ordered by another item already",
            )
        seen.add(ref)
        for part, ordered, offered in (
            ("action", item.action.value, quoted.action),
            ("offeringId", item.offering_id, quoted.offering_id),
            ("quantity", str(item.quantity), str(quoted.quantity)),
        ):
            if ordered != offered:
                yield breach(
                    "quoteMatched",
                    f"{path}/{part}",
                    ViolationCode.INVALID_VALUE,
                    f"{offered} was quoted, not {ordered}",
                )
        chosen = {c.name: c.value for c in item.characteristics}
        for name in sorted(chosen.keys() | quoted.characteristics.keys()):
            value, offered = chosen.get(name), quoted.characteristics.get(name, "nothing")
            if value != offered:
                yield breach(
                    "quoteMatched",
                    f"{path}/characteristics",
                    # what is not chosen yet may still become what was quoted
                    ViolationCode.MISSING_PROPERTY if value is None else ViolationCode.INVALID_VALUE,
                    f"{offered} was quoted for {name!r}, not {value or 'nothing'}",
                )


def quote_covers(case: Case) -> Iterable[Violation]:
    """Who repackages products by a quote does what was quoted, and nothing besides."""
    repackaging = case.order.repackaging
    if repackaging is None or repackaging.quote_id is None:
        return
    for path, item, _ in case.items():
        if item.quote_item is None:
            yield breach(
                "quoteCovers",
                f"{path}/quoteItem",
                ViolationCode.MISSING_PROPERTY,
                f"quote {repackaging.quote_id!r} has no item to {item.action} {item.offering_id!r}; take another",
            )


def quote_prices(case: Case) -> Iterable[Violation]:
    """The prices and terms of the order are those that were quoted; each difference is told."""
    for path, item, _, quoted in _quoted(case):
        offering = case.facts.offerings.get(item.offering_id)
        if offering is None or item.offering_id != quoted.offering_id:
            continue
        costs = item.action in (ItemAction.ADD, ItemAction.MODIFY)
        asked = {
            price.name: _words(QuotedPrice(price.name, price.price, price.period, price.alterations))
            for price in (prices_of(case.order, item, case.facts.offerings, at=case.at) if costs else ())
            # what was paid once for having it is not paid again for changing it
            if item.action is ItemAction.ADD or price.price_type is not PriceType.ONE_TIME
        }
        asked |= _terms(offering.terms if costs else ())
        promised = {price.name: _words(price) for price in quoted.prices} | _terms(quoted.terms)
        for name in sorted(asked.keys() | promised.keys()):
            now, then = asked.get(name, "nothing"), promised.get(name, "nothing")
            if now != then:
                yield breach(
                    "quotePrices",
                    f"{path}/quoteItem",
                    ViolationCode.INVALID_VALUE,
                    f"{name}: {then} was quoted, the catalog has {now}; ask for a new quote",
                )


def _quoting(case: Case) -> Iterable[tuple[str, OrderItem, QuoteItemRef]]:
    for path, item, _ in case.items():
        if item.quote_item is not None:
            yield path, item, item.quote_item


def _quote(case: Case, ref: QuoteItemRef) -> QuoteFact | None:
    """The quote, when it is the customer's own: of another one nothing is told."""
    quote = case.facts.quotes.get(ref.quote_id)
    return quote if quote and case.order.customer_id in quote.customer_ids else None


def _quoted(case: Case) -> Iterable[tuple[str, OrderItem, QuoteItemRef, QuotedItem]]:
    for path, item, ref in _quoting(case):
        quote = _quote(case, ref)
        if quote is not None and ref.id in quote.items:
            yield path, item, ref, quote.items[ref.id]


def _words(price: QuotedPrice) -> str:
    """The price as people read it; two that mean the same read the same."""
    per = f" per {price.period}" if price.period else ""
    off = sorted(_reduction(alteration) for alteration in price.alterations)
    return f"{price.price.amount.normalize():f} {price.price.currency}{per}" + "".join(f", {one}" for one in off)


def _reduction(alteration: PriceAlteration) -> str:
    held = f" for {alteration.periods} periods" if alteration.periods is not None else ""
    if alteration.percentage is not None:
        return f"less {alteration.percentage.normalize():f} %{held}"
    amount = alteration.amount
    return f"less {amount.amount.normalize():f} {amount.currency}{held}" if amount else "less nothing"


def _terms(terms: Iterable[Term]) -> dict[str, str]:
    return {f"term {term.name!r}": f"{term.amount} {term.unit}" for term in terms}
