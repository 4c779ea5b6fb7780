"""How much there is to do for each backend: for operations, and for rules that choose by it."""

from collections.abc import Mapping, Sequence

import structlog

from app.domain.access import Right
from app.domain.actor import Actor
from app.ordering.drafts import require
from app.ordering.ordering import BackendLoad, FulfilmentUnavailable, Ordering

log = structlog.get_logger()


async def backend_load(ordering: Ordering, actor: Actor) -> Sequence[BackendLoad]:
    """The load of each backend that orders have work for. Raises NotPermitted, FulfilmentUnavailable."""
    require(actor, Right.READ_INTERNAL)
    return await ordering.fulfilment.load()


async def load(ordering: Ordering) -> Mapping[str, int]:
    """How many tasks wait, by backend: what conditions may call `load.workforce` and the like.

    Empty when nobody can tell. Planning goes on all the same: a rule that chooses by load says what is usual.
    """
    try:
        return {one.backend: one.waiting for one in await ordering.fulfilment.load()}
    except FulfilmentUnavailable as failure:
        log.warning("load_unknown", reason=str(failure))
        return {}
