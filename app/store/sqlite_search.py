"""Searches and values, in SQL."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from app.store.port import OrderSearch

Value = str | int | None

MOST_APART: Final = 32
"""For more values than that a page is found at once: a statement is put together of no more than 500 parts."""


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
    days = [("created_at >= ?", search.created_from), ("created_at < ?", search.created_until)]
    if within := [(condition, at) for condition, at in days if at]:
        conditions = " and ".join(condition for condition, _ in within)
        # between two days there are few orders; since one there may be many, and the newest are found first
        found = f"id in (select id from product_order where {conditions})" if len(within) > 1 else conditions
        where.append(found)
        values += [as_time(at) for _, at in within]
    if search.offering_text:
        where.append("instr(offerings, ?) > 0")
        values.append(search.offering_text.casefold())
    if search.place_ids:
        marks = ",".join("?" * len(search.place_ids))
        where.append(f"id in (select order_id from order_place where place_id in ({marks}))")
        values += search.place_ids
    if search.parent_ids:
        marks = ",".join("?" * len(search.parent_ids))
        where.append(f"id in (select order_id from order_child where parent_id in ({marks}))")
        values += search.parent_ids
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


def page_of(search: OrderSearch, *, descending: bool, after: str | None, limit: int) -> tuple[str, list[Value]]:
    """The statement that finds a page, and the values of its marks; it costs as much as the page has, not the store.

    An index that is walked for several values at once would give every match to be sorted, for one page of them. So
    each value's page is found in its own order, and they are put together. And the days of orders are looked up where
    they stand alone, not order by order.
    """
    each = _apart(search)
    several = len(each) > 1
    direction = "desc" if descending else "asc"
    pages: list[str] = []
    values: list[Value] = []
    for one in each:
        where, wanted = where_of(one)
        if after is not None:
            where.append("id < ?" if descending else "id > ?")
            wanted.append(after)
        what = "id" if several else "body"
        pages.append(f"select {what} from product_order {clause(where)} order by id {direction} limit ?")
        values += [*wanted, limit]
    if not several:
        return pages[0], values
    together = " union all ".join(f"select id from ({page})" for page in pages)
    sql = f"select body from product_order where id in ({together}) order by id {direction} limit ?"
    return sql, [*values, limit]


def _apart(search: OrderSearch) -> list[OrderSearch]:
    """Searches for one value each, which together find what this one does."""
    if 1 < len(search.states) <= MOST_APART:
        return [replace(search, states=(value,)) for value in dict.fromkeys(search.states)]
    if 1 < len(search.customer_ids) <= MOST_APART:
        return [replace(search, customer_ids=(value,)) for value in dict.fromkeys(search.customer_ids)]
    if 1 < len(search.channels) <= MOST_APART:
        return [replace(search, channels=(value,)) for value in dict.fromkeys(search.channels)]
    if 1 < len(search.seller_ids) <= MOST_APART:
        return [replace(search, seller_ids=(value,)) for value in dict.fromkeys(search.seller_ids)]
    return [search]


def clause(where: list[str]) -> str:
    """The conditions as they stand in a statement; none: nothing."""
    return f"where {' and '.join(where)}" if where else ""
