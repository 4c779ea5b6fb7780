"""The audit log for those who may read it."""

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.audit import AuditRecord
from app.ordering.drafts import require
from app.ordering.ordering import Ordering
from app.store.port import AuditSearch as AuditSearch


async def search_audit(
    ordering: Ordering, actor: Actor, search: AuditSearch, *, after: str | None, limit: int
) -> list[AuditRecord]:
    """A page of the log, the newest first. Raises NotPermitted."""
    require(actor, Right.READ_AUDIT)
    return await ordering.store.audit.search(search, after=after, limit=limit)


async def count_audit(ordering: Ordering, actor: Actor, search: AuditSearch) -> int:
    """How many records the search finds. Raises NotPermitted."""
    require(actor, Right.READ_AUDIT)
    return await ordering.store.audit.count(search)
