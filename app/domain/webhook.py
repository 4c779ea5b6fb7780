"""Webhooks (TMF hubs): who is called back about which events, how a call looks, and when it is tried again."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from app.domain.actor import Actor
from app.domain.event_filter import EventFilter
from app.domain.events import EventType, OrderEvent
from app.domain.opaque import POSITION, encode
from app.domain.states import OrderState
from app.domain.violations import Violation, ViolationCode

LONGEST_URL: Final = 2_000
LONGEST_PAUSE: Final = timedelta(minutes=10)
MOST_WEBHOOKS: Final = 100
"""Webhooks that one owner may have."""
SECRET_PREFIX: Final = "whsec_"


class WebhookState(StrEnum):
    """How a webhook is doing."""

    ACTIVE = "active"
    RETRYING = "retrying"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Who asked last that events be told again: the key, what it was used for, and when."""

    key: str
    fingerprint: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A callback that is told of events, as its owner may see them.

    `position` is the place in the feed up to which it has been told, or what could not be told was given up.
    `attempts` counts how often the event after that was tried in vain, `failure` says why the last time, and
    `next_try_at` when it is tried again. `run` rises with each replay, so that who still delivers an earlier run stops.
    `secret` signs what it is told; it is gone once the webhook is removed.
    """

    id: str
    owner: Actor
    callback: str
    query: str | None
    filter: EventFilter
    secret: str = field(repr=False)
    created_at: datetime
    position: int
    attempts: int = 0
    failure: str | None = None
    next_try_at: datetime | None = None
    delivered_at: datetime | None = None
    removed_at: datetime | None = None
    run: int = 1
    replay: Replay | None = None

    @property
    def state(self) -> WebhookState:
        """How it is doing."""
        if self.removed_at:
            return WebhookState.REMOVED
        return WebhookState.RETRYING if self.attempts else WebhookState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """An event that a webhook could not be told of, however often it was tried."""

    webhook_id: str
    position: int
    order_id: str
    sequence: int
    type: EventType
    attempts: int
    failure: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookPolicy:
    """How webhooks are called. `loopback`: plain HTTP to this machine will do (development); `private`: addresses of
    private networks, too.
    """

    attempts: int = 8
    first_pause: timedelta = timedelta(seconds=1)
    loopback: bool = False
    private: bool = False


def callback_breach(callback: str, policy: WebhookPolicy) -> Violation | None:
    """What is wrong with the address, as far as it can be told without asking the network."""
    if len(callback) <= LONGEST_URL and _well_formed(callback, policy):
        return None
    message = (
        "/callback: not an https:// address of a public host, without user and fragment, of up to "
        f"{LONGEST_URL} characters (webhookCallback)."
    )
    return Violation("webhookCallback", "/callback", ViolationCode.INVALID_FORMAT, message)


def _well_formed(callback: str, policy: WebhookPolicy) -> bool:
    try:
        parts = urlsplit(callback)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or port == 0 or "@" in parts.netloc or parts.fragment or not callback.isprintable() or " " in callback:
        return False
    plain = policy.private or (policy.loopback and host in ("localhost", "127.0.0.1", "::1"))
    if parts.scheme != "https" and not (parts.scheme == "http" and plain):
        return False
    try:
        return may_be_called(ip_address(host), policy)
    except ValueError:
        return True  # a name: where it leads is looked at when it is called


_NAT64: Final = IPv6Network("64:ff9b::/96")


def may_be_called(address: IPv4Address | IPv6Address, policy: WebhookPolicy) -> bool:
    """Whether a callback may lead to this address: to the public internet, and to what the policy adds."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return may_be_called(inner, policy)
    if address.is_loopback:
        return policy.loopback or policy.private
    if address.is_multicast or address.is_unspecified or address.is_link_local or address.is_reserved:
        return False
    return address.is_global or policy.private


_STATES: Final = {state.value.lower(): state for state in OrderState}


def _kind(name: str) -> EventType | None:
    try:
        return EventType(name)
    except ValueError:
        return None


def filter_of(query: str | None) -> EventFilter | Violation:
    """The filter that a TMF630 query means: `eventType`, `state` and `id` of the order, its `channel`, `seller` and
    `customer`, each a list separated by commas; names may have the path of the event in front.
    """
    if len(query or "") > LONGEST_URL:
        return _bad_query(f"longer than {LONGEST_URL} characters")
    found: dict[str, frozenset[str]] = {}
    for name, value in parse_qsl(query or "", keep_blank_values=True):
        last = name.rpartition(".")[2]
        if last not in ("eventType", "state", "id", "channel", "seller", "customer"):
            return _bad_query(f"{name!r} is not eventType, state, id, channel, seller or customer")
        found[last] = found.get(last, frozenset()) | frozenset(value.split(","))
    kinds = {name: _kind(name) for name in found.get("eventType", ())}
    states = {name: _STATES.get(name.lower()) for name in found.get("state", ())}
    for name, known in [*kinds.items(), *states.items()]:
        if known is None:
            return _bad_query(f"there is no {name!r}")
    return EventFilter(
        types=frozenset(kind for kind in kinds.values() if kind),
        states=frozenset(state for state in states.values() if state),
        order_ids=found.get("id", frozenset()),
        channels=found.get("channel", frozenset()),
        seller_ids=found.get("seller", frozenset()),
        customer_ids=found.get("customer", frozenset()),
    )


def _bad_query(why: str) -> Violation:
    return Violation("webhookQuery", "/query", ViolationCode.INVALID_VALUE, f"/query: {why} (webhookQuery).")


def event_id(event: OrderEvent) -> str:
    """The id under which a receiver recognises what comes twice."""
    return f"{event.order_id}-{event.sequence}"


def envelope(event: OrderEvent, position: int, *, whole: bool) -> dict[str, object]:
    """The event as TMF622 tells it (what v4 and v5 have in common), with our cursor.

    `whole` is False for who is told no more of an order than how it stands.
    """
    order: dict[str, object] = {"id": event.order_id, "state": event.state.value, "@type": "ProductOrder"}
    told: dict[str, object] = {"productOrder": order}
    message: dict[str, object] = {
        "eventId": event_id(event),
        "eventTime": event.at.isoformat(),
        "timeOccurred": event.at.isoformat(),
        "eventType": event.type.value,
        "correlationId": event.order_id,
        "domain": "productOrdering",
        "cursor": encode(POSITION, str(position)),
        "event": told,
    }
    if event.milestone:
        order["productOrderMilestone"] = [{"name": event.milestone.name}]
    if whole:
        message |= {"title": event.summary, "source": {"id": event.actor.subject, "channel": event.actor.channel}}
        if event.item_changes:
            order["itemStateChange"] = [{"itemId": c.item_id, "state": c.after.value} for c in event.item_changes]
        if event.jeopardy and event.jeopardy.after:
            alert = {"alertDate": event.at.isoformat(), "name": event.jeopardy.after.rule}
            order["productOrderJeopardyAlert"] = [alert]
        if event.task:
            told["taskFlow"] = {"id": event.task.task_id, "name": event.task.name, "state": event.task.after.value}
    return message


def new_secret(chance: bytes) -> str:
    """The secret made of these random bytes, as Standard Webhooks writes it."""
    return SECRET_PREFIX + base64.b64encode(chance).decode()


def signed_headers(secret: str, message_id: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """The headers of Standard Webhooks: id, time and the HMAC-SHA256 of both and the body."""
    moment = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    digest = hmac.new(key, f"{message_id}.{moment}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": message_id, "webhook-timestamp": moment, "webhook-signature": signature}


def pause_after(attempts: int, policy: WebhookPolicy, chance: float) -> timedelta:
    """How long to wait after so many attempts: twice as long each time, and of that between half and all by chance
    (0 to 1), so that those who failed together do not come back together.
    """
    doubled: int = 2 ** min(attempts - 1, 20)
    return min(policy.first_pause * doubled, LONGEST_PAUSE) * (0.5 + chance / 2)
