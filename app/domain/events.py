"""What happened to an order, in the order it happened: the only source of push, timeline and audit."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.actor import Actor
from app.domain.jeopardy import Jeopardy, JeopardyLevel
from app.domain.order import ProductOrder
from app.domain.states import ItemState, OrderState, TaskState
from app.domain.worklist import WorkKind, WorkMove


class EventType(StrEnum):
    """TMF622 event types, TMF701's for the tasks of the plan, and our own for work that waits for people."""

    CREATED = "ProductOrderCreateEvent"
    CHANGED = "ProductOrderAttributeValueChangeEvent"
    STATE_CHANGED = "ProductOrderStateChangeEvent"
    TASK_STATE_CHANGED = "TaskFlowStateChangeEvent"
    WORK_ITEM_CHANGED = "WorkItemStateChangeEvent"
    MILESTONE_REACHED = "ProductOrderMilestoneEvent"
    JEOPARDY_CHANGED = "ProductOrderJeopardyAlertEvent"

    @classmethod
    def _missing_(cls, value: object) -> "EventType | None":
        """The standard itself writes them with a small first letter here and there: so may others."""
        return next((kind for kind in cls if kind.value.lower() == str(value).lower()), None)


@dataclass(frozen=True, slots=True)
class ItemStateChange:
    """One item's move (TMF622 v5 itemStateChange)."""

    item_id: str
    before: ItemState
    after: ItemState


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskChange:
    """One task's move, with what a watcher wants to see of it."""

    task_id: str
    item_ids: tuple[str, ...]
    name: str
    backend: str
    before: TaskState
    after: TaskState
    attempts: int
    cause: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItemChange:
    """What became of work that waits for people, and how it is now. `task_id` None: it is no task's."""

    id: str
    task_id: str | None
    kind: WorkKind
    move: WorkMove
    queue: str
    level: int
    claimed_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneReached:
    """A milestone of these items (none: of the whole order), and the task whose end reached it."""

    name: str
    item_ids: tuple[str, ...]
    task_id: str
    promised_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JeopardyChange:
    """How much the order's promise was in danger before, and how much it is now; None: it was not, or is not."""

    before: JeopardyLevel | None
    after: Jeopardy | None

    @property
    def raised(self) -> bool:
        """Whether it is more in danger than before."""
        return self.after is not None and (self.before is None or self.after.level.rank > self.before.rank)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """One event of one order.

    `sequence` counts 1, 2, 3 … within the order without a gap. `customer_id`, `seller_id` and `channel` are the
    order's, and so is `acceptor_id`, so that access to the event is decided without loading the order. `changed` holds
    the JSON pointers of what changed; `summary` says it for people.
    """

    order_id: str
    sequence: int
    type: EventType
    at: datetime
    actor: Actor
    version: int
    state: OrderState
    customer_id: str
    channel: str
    seller_id: str | None
    summary: str
    changed: tuple[str, ...] = ()
    before: OrderState | None = None
    item_changes: tuple[ItemStateChange, ...] = ()
    task: TaskChange | None = None
    acceptor_id: str | None = None
    work: WorkItemChange | None = None
    milestone: MilestoneReached | None = None
    jeopardy: JeopardyChange | None = None


def order_event(
    order: ProductOrder,
    sequence: int,
    event_type: EventType,
    *,
    at: datetime,
    actor: Actor,
    summary: str,
    changed: tuple[str, ...] = (),
    before: OrderState | None = None,
    state: OrderState | None = None,
    item_changes: tuple[ItemStateChange, ...] = (),
    task: TaskChange | None = None,
    work: WorkItemChange | None = None,
    milestone: MilestoneReached | None = None,
    jeopardy: JeopardyChange | None = None,
) -> OrderEvent:
    """An event of `order` as it is after the change; `state` names a state passed on the way to it."""
    return OrderEvent(
        order_id=order.id,
        sequence=sequence,
        type=event_type,
        at=at,
        actor=actor,
        version=order.version,
        state=state or order.state,
        customer_id=order.customer_id,
        channel=order.channel,
        seller_id=order.seller_id,
        summary=summary,
        changed=changed,
        before=before,
        item_changes=item_changes,
        task=task,
        acceptor_id=order.acceptor_id,
        work=work,
        milestone=milestone,
        jeopardy=jeopardy,
    )
