"""Configuration check as a contract of its own: may this be ordered so (TMF760). Changes and keeps nothing."""

from dataclasses import dataclass, replace

from app.domain.access import Right, is_customer
from app.domain.actor import Actor
from app.domain.configuration import CheckedItem, ConfigurationCheck, checked
from app.domain.facts import Facts
from app.domain.pricing import price_order
from app.domain.request import ItemRequest, OrderRequest, draft_of, named
from app.domain.rules.business import BLANK_CUSTOMER
from app.domain.violations import Violation, relocated
from app.ordering.drafts import case_of, gather, require
from app.ordering.ordering import Ordering


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckConfiguration:
    """What is configured how, and what would be ordered with it. `customer_id` None: somebody who has nothing yet."""

    item: ItemRequest
    related: tuple[ItemRequest, ...] = ()
    customer_id: str | None = None


async def check_configuration(ordering: Ordering, actor: Actor, ask: CheckConfiguration) -> ConfigurationCheck | None:
    """What the rules say, with paths into the ask; None when there is no such customer to see.

    Raises BackendFailure when a fact that the check needs is out of reach: nothing is approved on a guess.
    """
    require(actor, Right.READ_CATALOG)
    if ask.customer_id is not None and not is_customer(actor, ask.customer_id):
        return None
    at = ordering.clock()
    request = OrderRequest(customer_id=ask.customer_id or "", items=(ask.item, *ask.related))
    wish = draft_of(request, actor, order_id="", at=at)
    facts = (await gather(ordering, wish)).need(*_needed(ask))
    if ask.customer_id is not None and facts.customer is None:
        return None
    facts = facts if ask.customer_id is not None else _of_nobody(facts)
    wish = price_order(named(wish, facts), facts.offerings, at=at, owned=facts.owned)
    return _in_ask(checked(case_of(ordering, wish, facts, actor)))


def _needed(ask: CheckConfiguration) -> tuple[str, ...]:
    """The backends without whose answer nothing can be said."""
    items = (ask.item, *ask.related)
    placed, quoted = any(item.place_id for item in items), any(item.quote_item for item in items)
    return (
        "catalog",
        *(("customer", "inventory") if ask.customer_id else ()),
        *(("address", "serviceability") if placed else ()),
        *(("channels",) if quoted else ()),
    )


def _of_nobody(facts: Facts) -> Facts:
    """The facts with a customer of whom nothing is known, so that no rule misses one."""
    return replace(facts, customer=BLANK_CUSTOMER)


def _in_ask(check: ConfigurationCheck) -> ConfigurationCheck:
    """The check, with its paths as the ask has them."""
    paths = {"/items/0": ""} | {f"/items/{n}": f"/relatedItems/{n - 1}" for n in range(1, len(check.items))}

    def there(found: tuple[Violation, ...]) -> tuple[Violation, ...]:
        return relocated(found, paths | {"/items": "/relatedItems"})

    def item(one: CheckedItem) -> CheckedItem:
        return replace(one, reasons=there(one.reasons))

    return ConfigurationCheck(items=tuple(item(one) for one in check.items), reasons=there(check.reasons))
