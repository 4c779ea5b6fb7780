"""Rules about the order as such: its items, how they relate, its dates and priority."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from app.domain.order import ItemAction, ProductOrder
from app.domain.rules.case import Case, breach
from app.domain.violations import Violation, ViolationCode

MAXIMUM_QUANTITY: Final = 100
MAXIMUM_ITEMS: Final = 200
MAXIMUM_TEXT: Final = 2000
MAXIMUM_NAME: Final = 200


def has_items(case: Case) -> Iterable[Violation]:
    """An order orders something, and not more than can be handled as one."""
    count = len(case.order.items)
    if count == 0:
        yield breach("hasItems", "/items", ViolationCode.MISSING_PROPERTY, "the order has no item; add at least one")
    if count > MAXIMUM_ITEMS:
        yield breach(
            "hasItems",
            "/items",
            ViolationCode.TOO_MANY_RECORDS,
            f"{count} items are above the maximum {MAXIMUM_ITEMS}; place several orders",
        )


def item_ids_unique(case: Case) -> Iterable[Violation]:
    """Items are told apart by their id."""
    for item_id, times in Counter(item.id for item in case.order.items).items():
        if times > 1:
            yield breach(
                "itemIdsUnique", "/items", ViolationCode.INVALID_VALUE, f"{times} items have the id {item_id!r}"
            )


def relationships_resolve(case: Case) -> Iterable[Violation]:
    """A relationship names another item of the same order, and items do not rely on each other in a circle."""
    ids = {item.id for item in case.order.items}
    for path, item, _ in case.items():
        for n, relationship in enumerate(item.relationships):
            if relationship.item_id not in ids or relationship.item_id == item.id:
                yield breach(
                    "relationshipsResolve",
                    f"{path}/relationships/{n}/itemId",
                    ViolationCode.REFERENCE_NOT_FOUND,
                    f"{relationship.item_id!r} is no other item of this order",
                )
    for circle in _circles(case.order):
        yield breach(
            "relationshipsResolve",
            "/items",
            ViolationCode.INVALID_VALUE,
            f"items {' → '.join(circle)} rely on each other",
        )


def _circles(order: ProductOrder) -> Iterable[tuple[str, ...]]:
    """One circle for each item that closes one; bundling and reliance are looked at together."""
    related = {item.id: tuple(r.item_id for r in item.relationships) for item in order.items}
    done: set[str] = set()
    for start in related:
        way: list[str] = []
        stack = [(start, iter(related[start]))]
        while stack:
            here, ahead = stack[-1]
            if here not in way:
                way.append(here)
            step = next((r for r in ahead if r in related and r not in done), None)
            if step is None:
                done.add(here)
                way.pop()
                stack.pop()
            elif step in way:
                yield (*way[way.index(step) :], step)
            else:
                stack.append((step, iter(related[step])))


def texts_in_limits(case: Case) -> Iterable[Violation]:
    """What a channel writes is kept and shown for years, so it has a length."""
    order = case.order
    texts = [("/description", order.description or ""), ("/category", order.category or "")]
    texts += [(f"/notes/{n}", note.text) for n, note in enumerate(order.notes)]
    for path, item, _ in case.items():
        texts += [(f"{path}/id", item.id)]
        texts += [(f"{path}/characteristics/{n}/value", c.value) for n, c in enumerate(item.characteristics)]
    names = [
        (f"/externalIds/{n}/{part}", text)
        for n, external in enumerate(order.external_ids)
        for part, text in (("owner", external.owner), ("type", external.type), ("id", external.id))
    ]
    for path, text in names:
        if not 1 <= len(text) <= MAXIMUM_NAME:
            yield breach(
                "textsInLimits",
                path,
                ViolationCode.INVALID_VALUE,
                f"{len(text)} characters are not between 1 and {MAXIMUM_NAME}",
            )
    for path, text in texts:
        if len(text) > MAXIMUM_TEXT:
            yield breach(
                "textsInLimits",
                path,
                ViolationCode.INVALID_VALUE,
                f"{len(text)} characters are above the maximum {MAXIMUM_TEXT}",
            )
    lists = [("/notes", len(order.notes)), ("/externalIds", len(order.external_ids))]
    for path, item, _ in case.items():
        lists += [(f"{path}/characteristics", len(item.characteristics))]
        lists += [(f"{path}/relationships", len(item.relationships))]
    for path, length in lists:
        if length > MAXIMUM_ITEMS:
            yield breach(
                "textsInLimits",
                path,
                ViolationCode.TOO_MANY_RECORDS,
                f"{length} entries are above the maximum {MAXIMUM_ITEMS}",
            )


def quantity_in_range(case: Case) -> Iterable[Violation]:
    """At least one piece, and not more than one order may hold."""
    for path, item, _ in case.items():
        if not 1 <= item.quantity <= MAXIMUM_QUANTITY:
            yield breach(
                "quantityInRange",
                f"{path}/quantity",
                ViolationCode.INVALID_VALUE,
                f"{item.quantity} is not between 1 and {MAXIMUM_QUANTITY}",
            )


def owned_product_named(case: Case) -> Iterable[Violation]:
    """Every action but add is about a product that the customer owns, and names it."""
    for path, item, _ in case.items():
        if item.action is not ItemAction.ADD and item.product_id is None:
            yield breach(
                "ownedProductNamed",
                f"{path}/productId",
                ViolationCode.MISSING_PROPERTY,
                f"action {item.action} needs the owned product",
            )


def dates_in_order(case: Case) -> Iterable[Violation]:
    """The wished-for completion lies ahead, and not before the start; a start that lies behind is retro-active."""
    start, completion = case.order.requested_start_at, case.order.requested_completion_at
    if start and completion and completion < start:
        yield breach(
            "datesInOrder",
            "/requestedCompletionAt",
            ViolationCode.INVALID_VALUE,
            f"{completion.isoformat()} is before the requested start {start.isoformat()}",
        )
    if completion and completion < case.at:
        yield breach(
            "datesInOrder",
            "/requestedCompletionAt",
            ViolationCode.INVALID_VALUE,
            f"{completion.isoformat()} has passed",
        )


def priority_in_range(case: Case) -> Iterable[Violation]:
    """TMF622: 0 is the highest priority, 4 the lowest."""
    if not 0 <= case.order.priority <= 4:
        yield breach(
            "priorityInRange", "/priority", ViolationCode.INVALID_VALUE, f"{case.order.priority} is not between 0 and 4"
        )
