"""Channels: which there are, what is said to customers through them, what customers said, put together and were
offered.

The registry has no Open API, its contract is ours; TMF683 partyInteraction, TMF681 communicationMessage, TMF663
shoppingCart and TMF648 quote, v4.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

import msgspec

from connectors.base import Apis, BackendHttp, OpenApi
from connectors.cart import Cart, WireCart, read_cart
from connectors.quote import Quote, WireQuote, read_quote
from connectors.recent import Recent
from connectors.wire import Instant, Json

APIS: Final[Apis] = {
    "CHANNELS": OpenApi(v4="channelRegistry/v1"),
    "TMF683": OpenApi(v4="tmf-api/partyInteraction/v4"),
    "TMF681": OpenApi(v4="tmf-api/communicationManagement/v4"),
    "TMF663": OpenApi(v4="tmf-api/shoppingCart/v4"),
    "TMF648": OpenApi(v4="tmf-api/quoteManagement/v4"),
}
KEPT_SECONDS: Final = 60.0
STALE_SECONDS: Final = 3600.0


class Channel(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A sales channel. `draft_days` is for how long it keeps a draft that nobody goes on with."""

    id: str
    name: str
    kind: str
    active: bool = True
    draft_days: int = 30
    market_segments: tuple[str, ...] = ()


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message to a customer (TMF681). `state` is the standard's: initial, inProgress, completed, failed …"""

    id: str
    state: str
    medium: str
    subject: str
    content: str
    receiver_id: str | None = None
    sent_at: datetime | None = None
    external_id: str | None = None
    order_id: str | None = None


class Interaction(msgspec.Struct, frozen=True, kw_only=True):
    """A contact with a customer (TMF683). `status` is the standard's: open, inProgress, completed."""

    id: str
    status: str
    description: str
    channel: str
    at: datetime | None = None
    order_id: str | None = None
    customer_ids: tuple[str, ...] = ()


class _Ref(msgspec.Struct):
    id: str
    role: str | None = None


class _Entity(msgspec.Struct):
    id: str
    type: str | None = msgspec.field(default=None, name="@referredType")


class _Receiver(msgspec.Struct):
    id: str | None = None


class _Message(msgspec.Struct, rename="camel"):
    id: str
    state: str
    message_type: str
    content: str
    subject: str = ""
    receiver: list[_Receiver] = []
    send_time: Instant | None = None
    external_id: str | None = None
    related_entity: list[_Entity] = []


class _Period(msgspec.Struct, rename="camel"):
    start_date_time: Instant | None = None


class _Interaction(msgspec.Struct, rename="camel"):
    id: str
    status: str
    description: str = ""
    related_channel: list[_Ref] = []
    related_party: list[_Ref] = []
    related_entity: list[_Entity] = []
    interaction_date: _Period = msgspec.field(default_factory=_Period)


def _order_of(entities: list[_Entity]) -> str | None:
    return next((entity.id for entity in entities if entity.type == "ProductOrder"), None)


def _message(wire: _Message) -> Message:
    return Message(
        id=wire.id,
        state=wire.state,
        medium=wire.message_type,
        subject=wire.subject,
        content=wire.content,
        receiver_id=next((r.id for r in wire.receiver if r.id), None),
        sent_at=wire.send_time,
        external_id=wire.external_id,
        order_id=_order_of(wire.related_entity),
    )


def _interaction(wire: _Interaction) -> Interaction:
    return Interaction(
        id=wire.id,
        status=wire.status,
        description=wire.description,
        channel=next((channel.id for channel in wire.related_channel), ""),
        at=wire.interaction_date.start_date_time,
        order_id=_order_of(wire.related_entity),
        customer_ids=tuple(p.id for p in wire.related_party if (p.role or "").lower() == "customer"),
    )


class ChannelsBackend:
    """Raises BackendFailure when there is no answer."""

    def __init__(self, http: BackendHttp) -> None:
        self._registry = http
        self._interactions = http.at("TMF683")
        self._messages = http.at("TMF681")
        self._carts = http.at("TMF663")
        self._quotes = http.at("TMF648")
        self._kept = Recent[tuple[Channel, ...]](
            seconds=KEPT_SECONDS, entries=1, stale_seconds=STALE_SECONDS, used_stale=http.used_stale
        )

    async def all(self) -> tuple[Channel, ...]:
        """Every channel; the answer is reused for a minute."""

        async def load(_: list[str]) -> dict[str, tuple[Channel, ...]]:
            answer = await self._registry.get("listChannel", "channel", {"limit": "1000"})
            return {"all": tuple(answer.decode(list[Channel]))}

        return (await self._kept.through(["all"], load))["all"]

    async def log_interaction(
        self, *, customer_id: str, channel: str, description: str, order_id: str | None, actor: str, key: str
    ) -> Interaction:
        """Note a contact with the customer, for whoever talks to the customer next."""
        body: dict[str, Json] = {
            "description": description,
            "direction": "inbound",
            "reason": "order",
            "relatedChannel": [{"id": channel, "role": "origin"}],
            "relatedParty": [
                {"id": customer_id, "role": "customer", "@referredType": "Customer"},
                {"id": actor, "role": "agent", "@referredType": "Individual"},
            ],
        }
        if order_id:
            body["relatedEntity"] = [{"id": order_id, "role": "subject", "@referredType": "ProductOrder"}]
        answer = await self._interactions.write("POST", "createPartyInteraction", "partyInteraction", body, key=key)
        return _interaction(answer.decode(_Interaction))

    async def interactions_of(self, customer_ids: Collection[str]) -> dict[str, tuple[Interaction, ...]]:
        """The contacts with each of these customers; every asked customer is in the answer."""
        wires = await self._interactions.where(
            "listPartyInteraction", "partyInteraction", "relatedParty.id", customer_ids, list[_Interaction]
        )
        found = {interaction.id: interaction for interaction in map(_interaction, wires)}.values()
        return {owner: tuple(one for one in found if owner in one.customer_ids) for owner in customer_ids}

    async def send_message(
        self,
        *,
        receiver_id: str,
        receiver_name: str,
        medium: str,
        address: str,
        subject: str,
        content: str,
        order_id: str,
        external_id: str,
        key: str,
    ) -> Message:
        """Write to the customer: by "email", "sms" or "post", at this address."""
        contact = {"email": "email", "sms": "phoneNumber"}.get(medium, "postalAddress")
        body: Json = {
            "messageType": medium,
            "subject": subject,
            "content": content,
            "externalId": external_id,
            "sender": {"name": "Orderway"},
            "receiver": [{"id": receiver_id, "name": receiver_name, contact: address}],
            "relatedEntity": [{"id": order_id, "role": "subject", "@referredType": "ProductOrder"}],
        }
        answer = await self._messages.write("POST", "createCommunicationMessage", "communicationMessage", body, key=key)
        return _message(answer.decode(_Message))

    async def messages_for(self, order_ids: Collection[str]) -> dict[str, tuple[Message, ...]]:
        """The messages about each of these orders; every asked order is in the answer."""
        wires = await self._messages.where(
            "listCommunicationMessage", "communicationMessage", "relatedEntity.id", order_ids, list[_Message]
        )
        found = {message.id: message for message in map(_message, wires)}.values()
        return {order: tuple(one for one in found if one.order_id == order) for order in order_ids}

    async def cart(self, cart_id: str) -> Cart | None:
        """The cart with this id, as it is now; None when there is none."""
        found = await self._carts.by_ids("listShoppingCart", "shoppingCart", [cart_id], list[WireCart])
        return next((read_cart(wire) for wire in found if wire.id == cart_id), None)

    async def quotes_by_ids(self, ids: Collection[str]) -> dict[str, Quote]:
        """The quotes with these ids; unknown ids are absent."""
        found = await self._quotes.by_ids("listQuote", "quote", ids, list[WireQuote])
        return {wire.id: read_quote(wire) for wire in found}
