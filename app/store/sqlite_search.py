"""Searches and values, in SQL."""

from datetime import UTC, datetime

from app.store.port import (
    OrderSearch,
)

Value = str | int | None


def as_time(at: datetime) -> str:
    """A time as text that sorts as time does."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def where_of(search: OrderSearch) -> tuple[list[str], list[Value]]:
    """Its conditions, and the values of their marks."""
    where: list[str] = []
    values: list[Value] = []
    for column, wanted in (
        ("state", [state.value for state in search.states]),
        ("customer_id", search.customer_ids),
        ("channel", search.channels),
        ("seller_id", search.seller_ids),
    ):
        if wanted:
            where.append(f"{column} in ({','.join('?' * len(wanted))})")
            values += wanted
    if search.created_from:
        where.append("created_at >= ?")
        values.append(as_time(search.created_from))
    if search.created_until:
        where.append("created_at < ?")
        values.append(as_time(search.created_until))
    if search.offering_text:
        where.append("instr(offerings, ?) > 0")
        values.append(search.offering_text.casefold())
    if search.place_ids:
        marks = ",".join("?" * len(search.place_ids))
        where.append(f"id in (select order_id from order_place where place_id in ({marks}))")
        values += search.place_ids
    if search.party_id is not None:
        where.append("(customer_id = ? or id in (select order_id from acceptor where customer_id = ?))")
        values += [search.party_id, search.party_id]
    for column, escalated in (("level", search.jeopardy_levels), ("queue", search.jeopardy_queues)):
        if escalated:
            marks = ",".join("?" * len(escalated))
            where.append(f"id in (select order_id from order_jeopardy where {column} in ({marks}))")
            values += escalated
    external = {"value": search.external_id, "owner": search.external_owner, "type": search.external_type}
    if any(external.values()):
        named = " and ".join(f"{column} = ?" for column, value in external.items() if value)
        where.append(f"id in (select order_id from external_identifier where {named})")
        values += [value for value in external.values() if value]
    return where, values


def clause(where: list[str]) -> str:
    """The conditions as they stand in a statement; none: nothing."""
    return f"where {' and '.join(where)}" if where else ""
