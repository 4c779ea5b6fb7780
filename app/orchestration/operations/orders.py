"""What an order waits for that is no backend's: other orders of the same customer."""

from app.domain.earlier import Missed, Waiting
from app.orchestration.operations.work import Accepted, Done, Refused, Result, Work
from app.ordering.earlier import outcome_for


async def await_earlier(work: Work) -> Result:
    """The customer's earlier orders that concern the same products have ended."""
    match await outcome_for(work.ordering, work.order, work.call.task):
        case Waiting(order_id):
            return Accepted(order_id)
        case Missed(_, message):
            return Refused("EARLIER_ORDER_FAILED", message)
        case None:
            return Done(work.call.task.awaits[-1] if work.call.task.awaits else None)
