"""Taking back what a completed order did: whether that is still possible, as which order, and by which plan.

The order itself stays completed. Another one takes back what it did, task by task, in reverse order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from app.domain.actor import Actor
from app.domain.cancellation import Passed
from app.domain.catalog import PriceType
from app.domain.decomposition import ORDER_TASKS, task_id_of, task_of, worklist_of
from app.domain.facts import OwnedProduct
from app.domain.money import Money, sum_of
from app.domain.order import ExternalId, ItemAction, ItemPrice, OrderItem, ProductOrder
from app.domain.periods import end_of_term
from app.domain.plan import Dependency, Plan, PointOfNoReturn, Task
from app.domain.pricing import totals
from app.domain.rulebook import LEAVE, Rulebook, Scope, TaskTemplate
from app.domain.states import ItemState, OrderState, TaskState
from app.domain.undoing import ancestors, charge_for, undo_id
from app.domain.views import NOTHING_KNOWN, Surroundings, item_view

OWNER, TYPE = "orderway", "takeBack"
BEING_TAKEN_BACK: Final = PointOfNoReturn(reason="it is being taken back; order it anew afterwards")
NO_WAY_BACK: Final = PointOfNoReturn(reason="nothing takes back what it did")
ACTIVE: Final = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """What becomes of what a completed order did.

    `undone` are its tasks that are taken back, in the order in which that begins, `left` those whose effect may stay,
    `passed` those of which there is no way back. `tasks` do it.
    """

    undone: tuple[Task, ...]
    left: tuple[Task, ...]
    passed: tuple[Passed, ...]
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class ProductChange:
    """What has become of a product since the order brought it, for people."""

    product_id: str
    what: str


def mark_of(order_id: str) -> ExternalId:
    """What the order that takes this one back is known by: there is one only."""
    return ExternalId(owner=OWNER, type=TYPE, id=order_id)


def taken_back(done: Plan, items: Sequence[OrderItem], rulebook: Rulebook) -> TakenBack:
    """What of a completed plan is taken back for these items, by the rules of today."""
    of_them = {item.id for item in items}
    wanted = [
        task
        for task in done.tasks
        if task.state is TaskState.COMPLETED and task.undoes is None and task.amount is None
        if not task.item_ids or set(task.item_ids) & of_them
    ]
    undone: dict[str, tuple[Task, str]] = {}
    left: list[Task] = []
    passed: list[Passed] = []
    for task in wanted:
        how = _how(task, rulebook.template(task.rule, task.id.rpartition("/")[2]))
        if isinstance(how, PointOfNoReturn):
            item_id = next((i for i in task.item_ids if i in of_them), items[0].id)
            passed.append(Passed(item_id=item_id, task_id=task.id, task_name=task.name, point=how))
        elif how == LEAVE:
            left.append(task)
        else:
            undone[task.id] = task, how
    graph = {task.id: task for task in done.tasks}
    before = {task_id: ancestors(graph, task_id) for task_id in undone}
    latest = sorted(undone.values(), key=lambda one: (len(before[one[0].id]), one[0].id), reverse=True)
    return TakenBack(
        undone=tuple(task for task, _ in latest),
        left=tuple(left),
        passed=tuple(passed),
        tasks=tuple(
            Task(
                id=undo_id(task),
                item_ids=tuple(i for i in task.item_ids if i in of_them),
                name=f"Take back: {task.name}",
                operation=operation,
                rule=task.rule,
                depends_on=tuple(Dependency(undo_id(other)) for other, _ in latest if task.id in before[other.id]),
                expected=task.expected,
                reference=task.reference,
                takes_back=task.reference,
                no_return=BEING_TAKEN_BACK,
                worklist=task.worklist,
            )
            for task, operation in latest
        ),
    )


def _how(task: Task, template: TaskTemplate | None) -> str | PointOfNoReturn:
    """The operation that takes it back, LEAVE, or why there is no way back."""
    if template is not None and template.take_back is not None:
        return template.take_back
    if task.no_return is not None and task.no_return.charge is None:
        return task.no_return
    if task.undo is None:
        return NO_WAY_BACK
    return task.undo if task.reference is not None or task.by_people else LEAVE  # else nothing was made


def plan_of(order: ProductOrder, done: Plan, rulebook: Rulebook, around: Surroundings = NOTHING_KNOWN) -> Plan:
    """The plan of an order that takes back what the plan `done` did, and then says so. Raises CannotJudge."""
    back = taken_back(done, order.items, rulebook).tasks
    charge = charge_on(order)
    tasks = [replace(task, expected=around.learnt.get(task.operation, task.expected)) for task in back]
    if charge is not None:
        tasks.append(charge_for(charge, len(tasks)))
    view = item_view(order, order.items[0], None, around)
    last = tuple(Dependency(task.id) for task in tasks)
    for rule in rulebook.decomposition:
        if rule.scope is Scope.TAKE_BACK and rule.when.holds(view):
            for template in rule.tasks:
                made = task_of(rule, template, template.name, task_id_of(ORDER_TASKS, template.id))
                expected = around.learnt.get(template.operation, template.expected)
                made = replace(made, depends_on=last, expected=expected, tolerant=True)
                tasks.append(replace(made, worklist=template.worklist or worklist_of(made, order, rulebook)))
    return Plan(order_id=order.id, tasks=tuple(tasks), failure_policy=order.failure_policy, priority=order.priority)


def order_that_takes_back(
    order: ProductOrder, done: Plan, actor: Actor, *, order_id: str, reason: str, at: datetime
) -> ProductOrder:
    """The draft of the order that takes this one back: its products end, and what was charged once is given back."""
    completed = [item for item in order.items if item.state is ItemState.COMPLETED]
    there = {item.id for item in completed}
    items = [
        replace(
            item,
            action=ItemAction.DELETE if item.action is ItemAction.ADD else item.action,
            state=ItemState.DRAFT,
            relationships=tuple(r for r in item.relationships if r.item_id in there),
            appointment=None,
            reservations=(),
            agreed_prices=(),
            quote_item=None,
            terms=(),
            prices=tuple(_given_back(price) for price in item.prices if price.price_type is PriceType.ONE_TIME),
        )
        for item in completed
    ]
    opened = next((task.reference for task in done.tasks if task.operation == "billing.openAccount"), None)
    return ProductOrder(
        id=order_id,
        version=1,
        state=OrderState.DRAFT,
        customer_id=order.customer_id,
        customer_name=order.customer_name,
        channel=actor.channel,
        controlled_by=actor.channel,
        created_at=at,
        created_by=actor.subject,
        updated_at=at,
        items=tuple(items),
        seller_id=order.seller_id,
        place=order.place,
        billing_account_id=order.billing_account_id or opened,
        category=order.category,
        description=reason,
        priority=order.priority,
        external_ids=(mark_of(order.id),),
        totals=totals(price for item in items for price in item.prices),
        failure_policy=order.failure_policy,
        takes_back=order.id,
    )


def with_charge(order: ProductOrder, charge: Money | None) -> ProductOrder:
    """The draft with what it costs that it takes another order back."""
    if charge is None:
        return order
    first, *others = order.items
    items = (replace(first, prices=(*first.prices, _charged(charge))), *others)
    return replace(order, items=items, totals=totals(price for item in items for price in item.prices))


def _given_back(price: ItemPrice) -> ItemPrice:
    return replace(
        price,
        unit_price=price.unit_price.times(-1),
        duty_free=price.duty_free.times(-1),
        tax_included=price.tax_included.times(-1),
        alterations=(),
    )


def _charged(charge: Money) -> ItemPrice:
    return ItemPrice(
        name="Taking it back",
        price_type=PriceType.ONE_TIME,
        unit_price=charge,
        tax_rate=charge.amount * 0,
        duty_free=charge,
        tax_included=charge,
    )


def charge_on(order: ProductOrder) -> Money | None:
    """What it costs that the order takes another one back; None: nothing."""
    prices = (price.tax_included for item in order.items for price in item.prices)
    return sum_of(amount for amount in prices if amount.amount > 0)


def changes_since(order: ProductOrder, owned: Iterable[OwnedProduct]) -> tuple[ProductChange, ...]:
    """What has become otherwise of the products that the order brought."""
    there = {product.id: product for product in owned}
    return tuple(
        ProductChange(item.product_id, what)
        for item in order.items
        if item.state is ItemState.COMPLETED and item.product_id is not None
        if (what := _otherwise(order, item, there.get(item.product_id))) is not None
    )


def _otherwise(order: ProductOrder, item: OrderItem, product: OwnedProduct | None) -> str | None:
    if product is None:
        return "is the customer's no more"
    place = order.place_of(item)
    if product.status != ACTIVE:
        return f"is {product.status}"
    if product.offering_id != item.offering_id:
        return "is another offering by now"
    if place is not None and product.place_id is not None and product.place_id != place.id:
        return "is installed elsewhere"
    if any(product.characteristics.get(c.name, c.value) != c.value for c in item.characteristics):
        return "is configured otherwise"
    began = product.started_at
    if began is not None and product.term_ends_at is not None:
        agreed = [end for t in item.terms if (end := end_of_term(began, t.amount, t.unit)) is not None]
        if product.term_ends_at > max(agreed, default=began):
            return "has been kept for another term"
    return None
