"""What all edits of a draft have in common: who may edit it, what refuses an edit, how it is recorded."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from app.domain.access import Right, is_customer, may, rows_of
from app.domain.actor import Actor
from app.domain.events import EventType, order_event
from app.domain.facts import Facts
from app.domain.order import ProductOrder
from app.domain.pricing import price_order
from app.domain.renewal import with_renewals
from app.domain.request import named
from app.domain.rules import violations
from app.domain.rules.case import Case
from app.domain.states import ORDER, OrderState
from app.domain.violations import Violation, mistakes, relocated
from app.ordering.facts import Gathered, gather_facts
from app.ordering.ordering import OrderAsk, Ordering, commit, load, recall
from app.ordering.outcomes import NotAllowedInState, NotFound, NotInControl, Outcome, Refusal, ValidationFailed
from app.store.port import StoredOrder

Edit = Callable[[ProductOrder], ProductOrder | Refusal]


class NotPermitted(Exception):
    """The actor's role may not do this at all. The message is for the caller."""

    def __init__(self, actor: Actor, right: Right) -> None:
        narrowed = "" if actor.scopes is None else ", as this token narrows it,"
        super().__init__(f"role {actor.role}{narrowed} has no right to {right}")


def require(actor: Actor, right: Right) -> None:
    """Raises NotPermitted when the actor's role lacks the right."""
    if not may(actor, right):
        raise NotPermitted(actor, right)


async def visible(ordering: Ordering, actor: Actor, order_id: str) -> StoredOrder | NotFound:
    """The order, when the actor may see it. Raises NotPermitted."""
    require(actor, Right.READ_ORDERS)
    stored = (await ordering.store.load([order_id])).get(order_id)
    if stored is None or not ordering.own(actor, stored.order):
        return NotFound("/id", f"/id: there is no product order {order_id!r} (orderKnown).")
    return stored


async def load_draft(ordering: Ordering, actor: Actor, ask: OrderAsk, action: str) -> StoredOrder | Refusal:
    """The draft, when this actor may edit it from its channel."""
    require(actor, Right.WRITE_ORDERS)
    stored = await load(ordering, actor, ask)
    if not isinstance(stored, StoredOrder):
        return stored
    if stored.order.state is not OrderState.DRAFT:
        return NotAllowedInState(stored.order, action, ORDER.possible(stored.order.state))
    if stored.order.controlled_by != actor.channel:
        return NotInControl(stored.order)
    return stored


async def edit_draft(
    ordering: Ordering,
    actor: Actor,
    ask: OrderAsk,
    edit: Edit,
    *,
    action: str,
    changed: tuple[str, ...],
    summary: str,
    input_paths: Callable[[ProductOrder], dict[str, str]],
    needs: tuple[str, ...] = (),
) -> Outcome:
    """Change a draft. What is wrong refuses the change; what is still missing does not.

    `input_paths` says where parts of the order stand in the caller's input; only breaches there can refuse the edit,
    so that a draft whose surroundings changed can still be mended step by step. `needs` names the backends without
    whose answer the edit cannot be judged; the others may be away. Raises BackendFailure.
    """
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = await load_draft(ordering, actor, ask, action)
    if not isinstance(stored, StoredOrder):
        return stored
    edited = edit(stored.order)
    if not isinstance(edited, ProductOrder):
        return edited
    facts = (await gather(ordering, edited)).need(*needs)
    wrong = in_input(mistakes(violations(case_of(ordering, edited, facts, actor))), input_paths(edited))
    if wrong:
        return ValidationFailed(wrong)
    return await record_edit(ordering, actor, ask, stored, edited, facts, changed=changed, summary=summary)


async def record_edit(
    ordering: Ordering,
    actor: Actor,
    ask: OrderAsk,
    stored: StoredOrder,
    edited: ProductOrder,
    facts: Facts,
    *,
    changed: tuple[str, ...],
    summary: str,
) -> Outcome:
    """Keep the edited draft as its next version, named and priced anew."""
    at = ordering.clock()
    order = established(edited, facts, at)
    order = replace(order, version=stored.order.version + 1, updated_at=at, expiry_told_at=None)
    event = order_event(
        order, stored.sequence + 1, EventType.CHANGED, at=at, actor=actor, summary=summary, changed=changed
    )
    return await commit(ordering, actor, ask, order, after=stored.sequence, events=(event,))


def established(order: ProductOrder, facts: Facts, at: datetime) -> ProductOrder:
    """The order with what the backends say of it now: names, prices, and the qualifications it relies on.

    What a backend that gave no answer said before is kept.
    """
    order = with_renewals(named(order, facts), facts, at)
    priced = price_order(order, facts.offerings, at=at, owned=facts.owned)
    # of places and services that are no longer wanted nothing is kept
    relied_on = (q for q in facts.qualifications.values() if q.serviceable)
    silent = "serviceability" in facts.unanswered or "catalog" in facts.unanswered
    return priced if silent else replace(priced, qualifications=tuple(relied_on))


async def gather(ordering: Ordering, order: ProductOrder) -> Gathered:
    """What the backends say about the order now."""
    return await gather_facts(order, ordering.backends, ordering.rulebook(), ordering.store, at=ordering.clock())


def case_of(ordering: Ordering, order: ProductOrder, facts: Facts, actor: Actor | None = None) -> Case:
    """The order as the rules judge it now, when this actor wants it."""
    role = actor.role if actor else None
    return Case(order=order, facts=facts, rulebook=ordering.rulebook(), at=ordering.clock(), role=role)


def in_input(found: tuple[Violation, ...], paths: dict[str, str]) -> tuple[Violation, ...]:
    """The breaches that lie in the caller's input, with their paths there, and those of the items as a whole."""
    mine = [v for v in found if v.path == "/items" or any(v.path == p or v.path.startswith(f"{p}/") for p in paths)]
    return relocated(mine, paths)


def not_orderable_for(ordering: Ordering, actor: Actor, customer_id: str, seller_id: str | None) -> NotFound | None:
    """The refusal when the actor may not order for this customer, or not in this seller's name."""
    if not is_customer(actor, customer_id):
        return NotFound("/customerId", f"/customerId: there is no customer {customer_id!r} (customerKnown).")
    own = rows_of(actor, ordering.rulebook().dealers).seller_ids
    if own is not None and seller_id is not None and seller_id not in own:
        return NotFound("/sellerId", f"/sellerId: {seller_id!r} is neither you nor below you (sellerKnown).")
    return None
