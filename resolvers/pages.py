"""Relay connections: a page of a list, and where the next one begins."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Generic, Protocol, TypeVar

import strawberry
from graphql import GraphQLError
from strawberry import field

from resolvers.fields import resolved

T = TypeVar("T")
S = TypeVar("S")
T_co = TypeVar("T_co", covariant=True)
S_contra = TypeVar("S_contra", contravariant=True)


@strawberry.type(description="Where a page lies in its list (Relay).")
class PageInfo:
    has_next_page: bool = field(description="Whether more follows.")
    has_previous_page: bool = field(description="Whether something came before.")
    start_cursor: str | None = field(description="Cursor of the first edge of this page.")
    end_cursor: str | None = field(description="Cursor of the last edge; the next page is `after` it.")


@strawberry.type(description="One entry of a page, with its cursor.")
class Edge(Generic[T]):
    cursor: str = field(description="Stands for this place in the list.")
    node: T = field(description="The entry itself.")


@strawberry.type(description="A page of a list (Relay).")
class Connection(Generic[T]):
    edges: list[Edge[T]] = field(description="The entries with their cursors.")
    nodes: list[T] = field(description="The entries alone.")
    page_info: PageInfo = field(description="Where this page lies in the list.")
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    total_count = resolved(
        int | None,
        lambda root: root.count(),
        "How many entries the whole list has. Costs a call of its own; ask only when it is shown.",
        weight=10,
    )


First = Annotated[
    int,
    strawberry.argument(description="How many entries at most; from 1 to the maximum that is set (100 by default)."),
]
After = Annotated[str | None, strawberry.argument(description="Begin after the entry with this cursor.")]


def page_length(first: int, most: int) -> int:
    """`first`, when it is allowed. Raises GraphQLError."""
    if not 1 <= first <= most:
        raise GraphQLError(f"first: {first} is not between 1 and {most}.", extensions={"code": "BAD_USER_INPUT"})
    return first


def connection(
    found: Sequence[T],
    cursors: Sequence[str],
    *,
    more_before: bool,
    more_after: bool,
    count: Callable[[], Awaitable[int]],
) -> Connection[T]:
    """The page that these entries make."""
    return Connection(
        edges=[Edge(cursor=cursor, node=node) for cursor, node in zip(cursors, found, strict=True)],
        nodes=list(found),
        page_info=PageInfo(
            has_next_page=more_after,
            has_previous_page=more_before,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        ),
        count=count,
    )


class Search(Protocol[S_contra, T_co]):
    """Finds what follows a place in a list, so many at most."""

    def __call__(self, *, after: S_contra, limit: int) -> Awaitable[Sequence[T_co]]:
        """The entries after this place."""


async def page_after(
    length: int,
    start: S,
    search: Search[S, T],
    *,
    cursor: Callable[[T], str],
    count: Callable[[], Awaitable[int]],
) -> Connection[T]:
    """The page of this length that begins after `start`; None or 0: with the first entry."""
    found = await search(after=start, limit=length + 1)  # one more than is shown tells whether more follows
    page = found[:length]
    return connection(
        page,
        [cursor(one) for one in page],
        more_before=start is not None and start != 0,
        more_after=len(found) > length,
        count=count,
    )
