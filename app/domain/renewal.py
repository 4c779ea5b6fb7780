"""For which term an owned product is kept on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from app.domain.catalog import Term
from app.domain.facts import Facts
from app.domain.order import OrderItem, ProductOrder, Renewal
from app.domain.periods import end_of_term


def with_renewals(order: ProductOrder, facts: Facts, at: datetime) -> ProductOrder:
    """The order with the terms that its renewals mean, each beginning when the product's last one has run out.

    A term that its offering does not have stays open; an offering that is not known now leaves it as it is.
    """
    ends = {product.id: product.term_ends_at for product in facts.owned}
    start = order.takes_effect_at(at)

    def renewed(item: OrderItem) -> OrderItem:
        offering = facts.offerings.get(item.offering_id)
        if item.renewal is None or offering is None:
            return item
        name, last = item.renewal.term_name, ends.get(item.product_id or "")
        term, begins = chosen(offering.terms, name), max(filter(None, (start, last)))
        if term is None:
            return replace(item, renewal=Renewal(term_name=name))
        end = end_of_term(begins, term.amount, term.unit)
        return replace(item, renewal=Renewal(term_name=name, term=term, starts_at=begins, ends_at=end))

    return replace(order, items=tuple(renewed(item) for item in order.items))


def chosen(terms: Sequence[Term], name: str | None) -> Term | None:
    """The term with this name; without one, the only term that there is."""
    if name is None:
        return terms[0] if len(terms) == 1 else None
    return next((term for term in terms if term.name == name), None)
