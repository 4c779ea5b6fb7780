"""What a client calls itself: who to ask when its operations are slow, or about to lose a field."""

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Final, NamedTuple

MOST_CHARACTERS: Final = 64


class Client(NamedTuple):
    """A client by its own account; it proves nothing. Empty: it did not say."""

    name: str = ""
    version: str = ""


UNNAMED: Final = Client()
client: ContextVar[Client] = ContextVar("client", default=UNNAMED)
"""Who sent the request that is being served; set at the edge, by WebSockets again for the connection as a whole."""

# the two conventions in use; a request that follows both means the same by them
_PLACES: Final = {
    b"graphql-client-name": 0,
    b"apollographql-client-name": 0,
    b"graphql-client-version": 1,
    b"apollographql-client-version": 1,
}


def client_of(headers: Iterable[tuple[bytes, bytes]]) -> Client:
    """The client by the headers of its request, as ASGI has them: names in lower case."""
    said = ["", ""]
    for name, value in headers:
        if (place := _PLACES.get(name)) is not None:
            said[place] = _plain(value.decode("latin-1"))
    return Client(*said) if said[0] else UNNAMED


def client_in(payload: Mapping[str, object]) -> Client:
    """The client by the payload of `connection_init`, where browsers, which cannot set headers there, say it."""
    said = ((name.lower().encode(), value) for name, value in payload.items() if isinstance(value, str))
    return client_of((name, value.encode("latin-1", "replace")) for name, value in said)


def _plain(text: str) -> str:
    """The text without what would break a line of a log."""
    return "".join(letter for letter in text[:MOST_CHARACTERS] if letter.isprintable()).strip()
