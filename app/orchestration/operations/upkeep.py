"""What Orderway does by itself as part of an order: other orders, placed and withdrawn."""

from app.orchestration.operations.work import Done, Refused, Result, Work
from app.ordering.outcomes import Committed
from app.ordering.resumption import place_resumption, withdraw_resumptions


async def plan_resumption(work: Work) -> Result:
    """The order that puts the product into use again when its day comes; it waits until then."""
    suspension = work.item.suspension
    if suspension is None or suspension.resumes_at is None:
        return Done()
    outcome = await place_resumption(work.ordering, work.order, work.item, suspension.resumes_at)
    if isinstance(outcome, Committed):
        return Done(outcome.order.id)
    return Refused(outcome.code.value.upper(), outcome.message)


async def withdraw_resumption(work: Work) -> Result:
    """What was to put the product into use later on is not wanted any more."""
    if await withdraw_resumptions(work.ordering, work.order, work.product_id):
        return Done()
    return Refused("MOVED_ON", "the order that was to resume the product has changed meanwhile; try again")
