"""Which events a subscriber or a webhook is told of."""

from dataclasses import dataclass

from app.domain.events import EventType, OrderEvent
from app.domain.jeopardy import JeopardyLevel
from app.domain.states import OrderState
from app.domain.worklist import WorkKind


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events a subscriber wants; what is empty does not restrict.

    `queues` and `kinds` are those of work that waits for people, `jeopardy_levels` and `jeopardy_queues` what a promise
    in danger has come to. `sold`: only of orders that a dealer sold.
    """

    order_ids: frozenset[str] = frozenset()
    types: frozenset[EventType] = frozenset()
    states: frozenset[OrderState] = frozenset()
    customer_ids: frozenset[str] = frozenset()
    seller_ids: frozenset[str] = frozenset()
    sold: bool = False
    channels: frozenset[str] = frozenset()
    queues: frozenset[str] = frozenset()
    kinds: frozenset[WorkKind] = frozenset()
    jeopardy_levels: frozenset[JeopardyLevel] = frozenset()
    jeopardy_queues: frozenset[str] = frozenset()

    def wants(self, event: OrderEvent) -> bool:
        """Whether the event passes."""
        return (
            (not self.order_ids or event.order_id in self.order_ids)
            and (not self.types or event.type in self.types)
            and (not self.states or event.state in self.states)
            and (not self.customer_ids or event.customer_id in self.customer_ids)
            and (not self.seller_ids or event.seller_id in self.seller_ids)
            and not (self.sold and event.seller_id is None)
            and (not self.channels or event.channel in self.channels)
            and (not self.queues or (event.work is not None and event.work.queue in self.queues))
            and (not self.kinds or (event.work is not None and event.work.kind in self.kinds))
            and (not self.jeopardy_levels or _level(event) in self.jeopardy_levels)
            and (not self.jeopardy_queues or _queue(event) in self.jeopardy_queues)
        )


def _level(event: OrderEvent) -> JeopardyLevel | None:
    return event.jeopardy.after.level if event.jeopardy and event.jeopardy.after else None


def _queue(event: OrderEvent) -> str | None:
    return event.jeopardy.after.queue if event.jeopardy and event.jeopardy.after else None
