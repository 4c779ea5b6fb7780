"""Opaque ids and cursors. An id argument also takes the plain key that the entity has in its own API."""

from collections.abc import Sequence
from typing import Final

from graphql import GraphQLError

from app.domain.opaque import POSITION as POSITION
from app.domain.opaque import decode as decode
from app.domain.opaque import encode as encode


def key_of(given: str, kind: str) -> str:
    """The key that an id argument means: of an opaque id its key, else the argument itself.

    An id of another kind is kept whole: no entity of this kind has that key, so it is simply not found.
    """
    decoded = decode(given)
    return decoded[1] if decoded and decoded[0] == kind else given


def keys_of(given: Sequence[str] | None, kind: str) -> tuple[str, ...]:
    """The keys that a list of id arguments means."""
    return tuple(key_of(one, kind) for one in given or ())


SEQUENCE: Final = "Sequence"
"""Cursors in the timeline of one order."""
OFFSET: Final = "Offset"
"""Cursors in a list that a backend pages by offset."""


LINE: Final = "Line"
"""Cursors in the lines of one batch."""


def cursor_at(kind: str, place: int) -> str:
    """The cursor of this place in a list of this kind."""
    return encode(kind, str(place))


def place_of(cursor: str | None, kind: str) -> int | None:
    """The place that a cursor stands for. Raises GraphQLError when it is no cursor of such a list."""
    if cursor is None:
        return None
    decoded = decode(cursor)
    if decoded is None or decoded[0] != kind or not decoded[1].isdigit():
        raise bad_cursor()
    return int(decoded[1])


def key_after(cursor: str | None, kind: str) -> str | None:
    """The key of the entity that a page begins after. Raises GraphQLError when it is no cursor of such a list."""
    if cursor is None:
        return None
    decoded = decode(cursor)
    if decoded is None or decoded[0] != kind:
        raise bad_cursor()
    return decoded[1]


def bad_cursor() -> GraphQLError:
    """The error for an `after` that is none of ours."""
    return GraphQLError("after: not a cursor of this list.", extensions={"code": "BAD_USER_INPUT"})
