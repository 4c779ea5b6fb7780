"""What one caller may ask of the gateway."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that is accepted; more is refused with a code of its own.

    `json_depth` bounds the nesting of objects and lists in a request body, `tokens` the lexical tokens, `depth` the
    nesting of fields, `aliases` the aliased fields (fragments counted wherever they are spread) of one document.
    `documents` is how many checked documents are kept. `connection_init_seconds` is how long a WebSocket may stay
    silent before it says who it is, `operations_per_connection` how many operations run on it at once.
    """

    body_bytes: int = 1_048_576
    json_depth: int = 64
    tokens: int = 10_000
    depth: int = 20
    aliases: int = 50
    documents: int = 2_000
    connection_init_seconds: float = 10.0
    operations_per_connection: int = 100
