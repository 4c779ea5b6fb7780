"""Counts what is committed: orders and tasks by the states that they come into, promises by their danger."""

from collections.abc import Iterable
from typing import Final

from app import metrics
from app.domain.events import EventType, OrderEvent

MOST_CHANNELS: Final = 50
_CHANNELS: Final = metrics.Bounded(MOST_CHANNELS)


def count(events: Iterable[OrderEvent]) -> None:
    """To be called once for each commit that was written, in the process that wrote it."""
    for event in events:
        match event.type:
            case EventType.CREATED | EventType.STATE_CHANGED:
                metrics.ORDER_STATE_CHANGES.labels(event.state.value, _CHANNELS(event.channel)).inc()
            case EventType.TASK_STATE_CHANGED if event.task is not None:
                metrics.TASK_STATE_CHANGES.labels(event.task.backend, event.task.after.value).inc()
            case EventType.JEOPARDY_CHANGED if event.jeopardy is not None and event.jeopardy.raised:
                assert event.jeopardy.after is not None, "raised to something"
                metrics.JEOPARDY_RAISED.labels(event.jeopardy.after.level.value).inc()
            case _:
                pass
