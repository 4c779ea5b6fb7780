"""Which media type answers a request (GraphQL over HTTP, Accept and status codes), and which ways of many answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import lru_cache
from typing import Final

from app.gateway.errors import Code


class Media(StrEnum):
    """The media types that the gateway writes."""

    GRAPHQL = "application/graphql-response+json"
    JSON = "application/json"
    HTML = "text/html"
    EVENTS = "text/event-stream"


class Way(Enum):
    """How several answers to one request can be sent."""

    EVENTS = "text/event-stream"
    PARTS = "multipart/mixed;incrementalSpec=v0.2"
    PARTS_2022 = "multipart/mixed;deferSpec=20220824"
    EVENT_PARTS = "multipart/mixed;subscriptionSpec=1.0"
    CALLBACK = "application/json;callbackSpec=1.0"


INCREMENTAL: Final = frozenset({Way.PARTS, Way.PARTS_2022})
"""Ways to deliver what `@defer` and `@stream` put off."""
SUBSCRIPTION: Final = frozenset({Way.EVENTS, Way.EVENT_PARTS, Way.CALLBACK})
"""Ways to deliver the events of a subscription."""


@dataclass(frozen=True, slots=True)
class _Range:
    """One entry of an Accept header."""

    type: str
    quality: float
    position: int
    parameters: Mapping[str, str]

    def specificity(self, media: Media) -> int:
        """How exactly this range names the media type; 0: not at all."""
        if self.type == media:
            return 3
        if self.type == f"{media.split('/')[0]}/*":
            return 2
        return 1 if self.type == "*/*" else 0

    @property
    def way(self) -> Way | None:
        """The way of many answers that this range names; a wildcard names none, as it is sent without a thought."""
        if self.type == Media.EVENTS:
            return Way.EVENTS
        specs = {name: value for name, value in self.parameters.items() if name.endswith("spec")}
        if self.type == Media.JSON and specs in ({"callbackspec": "1.0"}, {"callbackspec": "1"}):
            return Way.CALLBACK
        if self.type != "multipart/mixed" or len(specs) > 1:
            return None
        if specs == {"incrementalspec": "v0.2"}:
            return Way.PARTS
        if not specs or specs == {"deferspec": "20220824"}:  # clients older than the parameters read that format
            return Way.PARTS_2022
        return Way.EVENT_PARTS if specs in ({"subscriptionspec": "1.0"}, {"subscriptionspec": "1"}) else None


@lru_cache(maxsize=256)
def negotiate(accept: str | None, offered: tuple[Media, ...]) -> Media | None:
    """The offered media type that the client likes best; None when it likes none of them.

    Without an Accept header, and for a mere wildcard, it is the first one offered.
    """
    ranges = _ranges(accept or "*/*")
    best: tuple[float, int, int, int] | None = None
    chosen: Media | None = None
    for place, media in enumerate(offered):
        matching = [(r.specificity(media), -r.position, r.quality) for r in ranges if r.specificity(media)]
        if not matching:
            continue
        specificity, earliness, quality = max(matching)
        rank = (quality, specificity, earliness, -place)
        if quality > 0 and (best is None or rank > best):
            best, chosen = rank, media
    return chosen


@lru_cache(maxsize=256)
def ways(accept: str | None) -> tuple[Way, ...]:
    """The ways of many answers that the client names, those that it likes best first."""
    named = [r for r in _ranges(accept or "") if r.way and r.quality > 0]
    named.sort(key=lambda r: (-r.quality, r.position))
    return tuple(r.way for r in named if r.way)


def _ranges(accept: str) -> list[_Range]:
    ranges = []
    for position, entry in enumerate(accept.split(",")):
        media, *parameters = (part.strip().lower() for part in entry.split(";"))
        named = dict(p.split("=", 1) for p in parameters if "=" in p)
        named = {name.strip(): value.strip().strip('"') for name, value in named.items()}
        if named.get("charset", "utf-8") in ("utf-8", "utf8"):
            ranges.append(_Range(media, _quality(named.get("q", "1")), position, named))
    return ranges


def _quality(text: str) -> float:
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return min(max(quality, 0.0), 1.0)


STATUS: Final[dict[Code, int]] = {
    Code.BAD_REQUEST: 400,
    Code.BODY_TOO_LARGE: 413,
    Code.JSON_DEPTH_LIMIT_EXCEEDED: 400,
    Code.UNSUPPORTED_MEDIA_TYPE: 415,
    Code.NOT_ACCEPTABLE: 406,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.PERSISTED_QUERY_HASH_MISMATCH: 400,
    Code.CALLBACK_NOT_ALLOWED: 400,
    Code.CALLBACK_FAILED: 400,
    Code.BATCH_LIMIT_EXCEEDED: 400,
    Code.REQUEST_TIMEOUT: 408,
    Code.SUBSCRIPTION_NEEDS_STREAM: 406,
    Code.STREAM_NOT_FOUND: 404,
    Code.STREAM_CONFLICT: 409,
    Code.TOO_MANY_STREAMS: 429,
    Code.GOING_AWAY: 503,
    Code.UNAUTHENTICATED: 401,
    Code.AUTHENTICATION_UNAVAILABLE: 503,
    Code.RATE_LIMITED: 429,
    Code.TOO_MANY_SUBSCRIPTIONS: 429,
    Code.OPERATION_TIMED_OUT: 504,
    Code.INTERNAL_ERROR: 500,
}
"""Refusals of the HTTP request itself, the same for every media type."""


def status_of(code: Code, media: Media) -> int:
    """The status of a refusal.

    A well-formed request whose operation is refused is 400, but 200 as application/json: there a client takes a body
    for GraphQL only under 200.
    """
    return STATUS.get(code, 200 if media is Media.JSON else 400)
