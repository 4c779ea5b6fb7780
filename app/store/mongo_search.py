"""A search for orders, as MongoDB has it."""

import re
from typing import Any

from app.store.port import (
    OrderSearch,
)


def query_of(search: OrderSearch) -> dict[str, Any]:
    """What `find` takes."""
    query: dict[str, Any] = {}
    for field, wanted in (
        ("state", [state.value for state in search.states]),
        ("customer_id", list(search.customer_ids)),
        ("channel", list(search.channels)),
        ("seller_id", list(search.seller_ids)),
        ("places", list(search.place_ids)),
        ("jeopardy.level", [level.value for level in search.jeopardy_levels]),
        ("jeopardy.queue", list(search.jeopardy_queues)),
        ("parent_id", list(search.parent_ids)),
    ):
        if wanted:
            query[field] = {"$in": wanted}
    if search.party_id is not None:
        query["$or"] = [{"customer_id": search.party_id}, {"acceptor_id": search.party_id}]
    created: dict[str, Any] = {}
    if search.created_from:
        created["$gte"] = search.created_from
    if search.created_until:
        created["$lt"] = search.created_until
    if created:
        query["created_at"] = created
    if search.offering_text:
        query["offerings"] = {"$regex": re.escape(search.offering_text.casefold())}
    external = {"id": search.external_id, "owner": search.external_owner, "type": search.external_type}
    if named := {field: value for field, value in external.items() if value}:
        query["external_ids"] = {"$elemMatch": named}
    return query
