"""The question of who did what."""

from functools import partial
from typing import Annotated, Final

from strawberry import argument

from app.domain.audit import AuditRecord as Record
from app.ordering.audit_log import AuditSearch, count_audit, search_audit
from resolvers.context import Info
from resolvers.ids import encode, key_after
from resolvers.pages import After, Connection, First, page_after, page_length
from resolvers.types.audit import AuditFilter

AUDIT: Final = "AuditRecord"


async def audit_log(
    info: Info,
    first: First = 20,
    after: After = None,
    filter: Annotated[AuditFilter | None, argument(description="Which records; null: all.")] = None,
) -> Connection[Record]:
    context = info.context
    search = filter.to_search() if filter else AuditSearch()
    return await page_after(
        page_length(first, context.page_size),
        key_after(after, AUDIT),
        partial(search_audit, context.ordering, context.actor, search),
        cursor=lambda record: encode(AUDIT, record.id),
        count=partial(count_audit, context.ordering, context.actor, search),
    )
