"""Channels: the registry, contacts with customers, messages to them, carts and quotes, on the wire and as values."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connectors.base import BackendFailure, BackendHttp, FailureKind
from connectors.cart import Cart, CartItem, CartRelationship
from connectors.channels import Channel, ChannelsBackend, Interaction, Message
from connectors.quote import Quote, QuotedAlteration, QuotedPrice, QuotedTerm, QuoteItem
from tests.contract.scripted_backend import (
    Reply,
    ScriptedBackend,
    answers,
    asked,
    failure_of,
    path_of,
)

EIGHT = datetime(2026, 3, 2, 8, tzinfo=UTC)

INTERACTION = """{
  "id": "pi-1", "status": "completed", "description": "Asked about the order", "direction": "inbound",
  "relatedChannel": [{"id": "callCentre", "role": "origin"}, {"id": "online"}],
  "relatedParty": [{"id": "cust-1", "role": "Customer"}, {"id": "agent-7", "role": "agent"}],
  "relatedEntity": [{"id": "x", "@referredType": "TroubleTicket"}, {"id": "order-1", "@referredType": "ProductOrder"}],
  "interactionDate": {"startDateTime": "2026-03-02T09:00:00+01:00", "endDateTime": null}
}"""
CALLED = Interaction(
    id="pi-1",
    status="completed",
    description="Asked about the order",
    channel="callCentre",
    at=EIGHT,
    order_id="order-1",
    customer_ids=("cust-1",),
)
MESSAGE = """{
  "id": "msg-1", "state": "completed", "messageType": "sms", "subject": "Your order", "content": "It is on its way",
  "externalId": "order-1:state:3", "sendTime": "2026-03-02T08:00:00Z", "sender": {"name": "Orderway"},
  "receiver": [{"name": "somebody"}, {"id": "cust-1", "phoneNumber": "+49 40 1"}],
  "relatedEntity": [{"id": "order-1", "role": "subject", "@referredType": "ProductOrder"}]
}"""
SENT = Message(
    id="msg-1",
    state="completed",
    medium="sms",
    subject="Your order",
    content="It is on its way",
    receiver_id="cust-1",
    sent_at=EIGHT,
    external_id="order-1:state:3",
    order_id="order-1",
)
CART = """{
  "id": "cart-1", "validFor": {}, "cartTotalPrice": [],
  "relatedParty": [{"id": "agent-7", "role": "agent"}, {"id": "cust-1", "role": "Customer"}],
  "cartItem": [
    {"id": "1", "action": "add", "status": "active", "quantity": 2, "productOffering": {"id": "mobile-m"},
     "product": {"characteristic": [{"name": "simType", "value": "eSIM"}, {"name": "roamingLimit", "value": 50},
                                    {"name": "msisdn", "value": null}],
                 "place": [{"role": "billing"}, {"id": "addr-1", "role": "installationAddress"}]},
     "cartItemRelationship": [{"id": "2", "relationshipType": "RelyOn"}]},
    {"id": "2", "action": "modify", "status": "active", "productOffering": {"id": "duo", "name": "Duo"},
     "product": {"id": "prod-2", "productCharacteristic": [{"name": "router", "value": "own"}]},
     "cartItem": [{"id": "3", "action": "add", "status": "active", "productOffering": {"id": "tv"}},
                  {"id": "4", "action": "add", "status": "savedForLater", "productOffering": {"id": "sport"}}]},
    {"id": "5", "action": "delete", "status": "saveForLater", "product": {"id": "prod-5"},
     "cartItem": [{"id": "6", "action": "noChange", "status": "active"}]}
  ]
}"""
FILLED = Cart(
    id="cart-1",
    customer_id="cust-1",
    items=(
        CartItem(
            id="1",
            path="/cartItem/0",
            action="add",
            active=True,
            quantity=2,
            offering_id="mobile-m",
            place_id="addr-1",
            characteristics=(("simType", "eSIM"), ("roamingLimit", "50")),
            relationships=(CartRelationship("RelyOn", "2"),),
        ),
        CartItem(
            id="2",
            path="/cartItem/1",
            action="modify",
            active=True,
            offering_id="duo",
            product_id="prod-2",
            characteristics=(("router", "own"),),
            relationships=(CartRelationship("bundles", "3"),),
        ),
        CartItem(id="3", path="/cartItem/1/cartItem/0", action="add", active=True, offering_id="tv"),
        CartItem(id="4", path="/cartItem/1/cartItem/1", action="add", active=False, offering_id="sport"),
        CartItem(
            id="5",
            path="/cartItem/2",
            action="delete",
            active=False,
            product_id="prod-5",
            relationships=(CartRelationship("bundles", "6"),),
        ),
        CartItem(id="6", path="/cartItem/2/cartItem/0", action="noChange", active=False),
    ),
)

QUOTE = """{
  "id": "quote-1", "state": "approved", "validFor": {"endDateTime": "2026-03-02T09:00:00+01:00"},
  "expectedQuoteCompletionDate": "2026-01-01T00:00:00Z",
  "relatedParty": [{"id": "agent-7", "role": "seller"}, {"id": "cust-1", "role": "Customer"}],
  "quoteItem": [
    {"id": "1", "action": "add", "quantity": 2, "productOffering": {"id": "mobile-m"},
     "product": {"productCharacteristic": [{"name": "simType", "value": "eSIM"}, {"name": "msisdn", "value": null}],
                 "productTerm": [{"name": "24 months", "duration": {"amount": 24, "units": "month"}}]},
     "quoteItemPrice": [
       {"name": "Monthly fee", "priceType": "recurring", "recurringChargePeriod": "monthly",
        "price": {"taxRate": 19, "dutyFreeAmount": {"unit": "EUR", "value": 14.99}},
        "priceAlteration": [
          {"name": "half", "priceType": "recurring", "applicationDuration": 3, "price": {"percentage": 50}},
          {"name": "off", "priceType": "recurring", "price": {"dutyFreeAmount": {"unit": "EUR", "value": 1.5}}}]},
       {"name": "Activation fee", "priceType": "oneTime", "price": {"dutyFreeAmount": {"unit": "EUR", "value": 30}}}],
     "quoteItem": [{"id": "2", "action": "delete"}]}
  ]
}"""
QUOTED = Quote(
    id="quote-1",
    state="approved",
    customer_ids=("cust-1",),
    valid_until=EIGHT,
    items=(
        QuoteItem(
            id="1",
            action="add",
            quantity=2,
            offering_id="mobile-m",
            characteristics=(("simType", "eSIM"),),
            prices=(
                QuotedPrice(
                    name="Monthly fee",
                    amount=Decimal("14.99"),
                    currency="EUR",
                    period="month",
                    alterations=(
                        QuotedAlteration(percentage=Decimal(50), periods=3),
                        QuotedAlteration(amount=Decimal("1.5")),
                    ),
                ),
                QuotedPrice(name="Activation fee", amount=Decimal(30), currency="EUR"),
            ),
            terms=(QuotedTerm(name="24 months", amount=24, unit="month"),),
        ),
        QuoteItem(id="2", action="delete"),
    ),
)


@pytest.fixture
def channels(http: BackendHttp) -> ChannelsBackend:
    return ChannelsBackend(http)


async def log(channels: ChannelsBackend, order_id: str | None = "order-1") -> Interaction:
    return await channels.log_interaction(
        customer_id="cust-1",
        channel="callCentre",
        description="Asked about the order",
        order_id=order_id,
        actor="agent-7",
        key="order-1:call:0",
    )


async def send(channels: ChannelsBackend, medium: str = "sms", address: str = "+49 40 1") -> Message:
    return await channels.send_message(
        receiver_id="cust-1",
        receiver_name="Jean",
        medium=medium,
        address=address,
        subject="Your order",
        content="It is on its way",
        order_id="order-1",
        external_id="order-1:state:3",
        key="order-1:told:3",
    )


# The registry


async def test_the_channels_there_are(backend: ScriptedBackend, channels: ChannelsBackend) -> None:
    answers(
        backend,
        """[{"id": "online", "name": "Online shop", "kind": "selfService", "active": false, "draftDays": 7,
          "marketSegments": ["consumer"], "owner": "x"},
         {"id": "retail", "name": "Shops", "kind": "assisted", "marketSegments": null}]""",
    )

    assert await channels.all() == (
        Channel(
            id="online",
            name="Online shop",
            kind="selfService",
            active=False,
            draft_days=7,
            market_segments=("consumer",),
        ),
        Channel(id="retail", name="Shops", kind="assisted"),
    )
    assert (path_of(asked(backend)), asked(backend).query) == ("GET channel", {"limit": "1000"})


async def test_the_channels_are_asked_for_once_in_a_while(backend: ScriptedBackend, channels: ChannelsBackend) -> None:
    answers(backend, '[{"id": "online", "name": "Online shop", "kind": "selfService"}]')

    first = await channels.all()
    answers(backend, "[]")

    assert await channels.all() == first
    assert len(backend.received) == 1


async def test_a_registry_that_did_not_answer_is_asked_again(
    backend: ScriptedBackend, channels: ChannelsBackend
) -> None:
    backend.answer(Reply(body=b'{"channels": []}'), Reply(body=[]))

    assert (await failure_of(channels.all())).kind is FailureKind.MALFORMED
    assert await channels.all() == ()


# Contacts


async def test_a_contact_is_noted(backend: ScriptedBackend, channels: ChannelsBackend) -> None:
    answers(backend, INTERACTION, status=201)

    assert await log(channels) == CALLED

    assert path_of(asked(backend)) == "POST partyInteraction"
    assert asked(backend).headers["Idempotency-Key"] == "order-1:call:0"
    assert asked(backend).json == {
        "description": "Asked about the order",
        "direction": "inbound",
        "reason": "order",
        "relatedChannel": [{"id": "callCentre", "role": "origin"}],
        "relatedParty": [
            {"id": "cust-1", "role": "customer", "@referredType": "Customer"},
            {"id": "agent-7", "role": "agent", "@referredType": "Individual"},
        ],
        "relatedEntity": [{"id": "order-1", "role": "subject", "@referredType": "ProductOrder"}],
    }


async def test_a_contact_about_no_order(backend: ScriptedBackend, channels: ChannelsBackend) -> None:
    answers(backend, '{"id": "pi-2", "status": "open"}', status=201)

    assert await log(channels, order_id=None) == Interaction(id="pi-2", status="open", description="", channel="")

    body = asked(backend).json
    assert isinstance(body, dict) and "relatedEntity" not in body


async def test_contacts_by_customer(backend: ScriptedBackend, channels: ChannelsBackend) -> None:
    answers(backend, f"[{INTERACTION}, {INTERACTION}]")

    assert await channels.interactions_of(["cust-2", "cust-1", "agent-7"]) == {
        "cust-2": (),
        "cust-1": (CALLED,),
        "agent-7": (),
    }

    assert path_of(asked(backend)) == "GET partyInteraction"
    assert asked(backend).query["relatedParty.id"] == "agent-7,cust-1,cust-2"


# Messages


@pytest.mark.parametrize(
    ("medium", "address", "contact"),
    [
        ("email", "jean@mail.example", "email"),
        ("sms", "+49 40 1", "phoneNumber"),
        ("post", "Hafenstraße 12, 20457 Hamburg", "postalAddress"),
    ],
)
async def test_a_customer_is_written_to(
    backend: ScriptedBackend, channels: ChannelsBackend, medium: str, address: str, contact: str
) -> None:
    answers(backend, MESSAGE, status=201)

    assert await send(channels, medium, address) == SENT

    assert path_of(asked(backend)) == "POST communicationMessage"
    assert asked(backend).headers["Idempotency-Key"] == "order-1:told:3"
    assert asked(backend).json == {
        "messageType": medium,
        "subject": "Your order",
        "content": "It is on its way",
        "externalId": "order-1:state:3",
        "sender": {"name": "Orderway"},
        "receiver": [{"id": "cust-1", "name": "Jean", contact: address}],
        "relatedEntity": [{"id": "order-1", "role": "subject", "@referredType": "ProductOrder"}],
    }


async def test_a_message_whose_answer_was_lost_is_sent_under_the_same_key(
    backend: ScriptedBackend, channels: ChannelsBackend
) -> None:
    backend.answer(Reply(lost=True), Reply(status=201, body=MESSAGE.encode()))

    assert await send(channels) == SENT

    assert [r.headers["Idempotency-Key"] for r in backend.received] == ["order-1:told:3"] * 2
    assert backend.received[0].body == backend.received[1].body


async def test_messages_by_order(backend: ScriptedBackend, channels: ChannelsBackend) -> None:
    bare = '{"id": "msg-2", "state": "initial", "messageType": "post", "content": "c", "receiver": null}'
    answers(backend, f"[{MESSAGE}, {bare}, {MESSAGE}]")

    assert await channels.messages_for(["order-1", "order-2"]) == {"order-1": (SENT,), "order-2": ()}

    assert path_of(asked(backend)) == "GET communicationMessage"
    assert asked(backend).query["relatedEntity.id"] == "order-1,order-2"


async def test_a_bare_message(backend: ScriptedBackend, channels: ChannelsBackend) -> None:
    answers(backend, '{"id": "msg-2", "state": "initial", "messageType": "post", "content": "c", "sendTime": null}')

    assert await send(channels) == Message(id="msg-2", state="initial", medium="post", subject="", content="c")


# Carts


async def test_a_cart_as_it_was_filled(backend: ScriptedBackend, channels: ChannelsBackend) -> None:
    answers(backend, f"[{CART}]")

    assert await channels.cart("cart-1") == FILLED

    assert path_of(asked(backend)) == "GET shoppingCart"
    assert asked(backend).query["id"] == "cart-1"


async def test_a_cart_of_nobody_with_nothing_in_it(backend: ScriptedBackend, channels: ChannelsBackend) -> None:
    answers(backend, '[{"id": "cart-2", "cartItem": null, "relatedParty": [{"id": "agent-7", "role": "agent"}]}]')

    assert await channels.cart("cart-2") == Cart(id="cart-2")


async def test_a_cart_that_is_not_there(backend: ScriptedBackend, channels: ChannelsBackend) -> None:
    answers(backend, "[]")

    assert await channels.cart("cart-0") is None
    assert await channels.cart("cart-0,cart-1") is None
    assert len(backend.received) == 1


# Quotes


async def test_quotes_by_id(backend: ScriptedBackend, channels: ChannelsBackend) -> None:
    answers(backend, f"[{QUOTE}]")

    assert await channels.quotes_by_ids(["quote-1", "quote-0"]) == {"quote-1": QUOTED}

    assert path_of(asked(backend)) == "GET quote"
    assert asked(backend).query["id"] == "quote-0,quote-1"


@pytest.mark.parametrize(
    "validity", ['"validFor": null', '"expectedQuoteCompletionDate": "2026-03-02T08:00:00Z", "validFor": {}']
)
async def test_a_bare_quote_has_no_end(backend: ScriptedBackend, channels: ChannelsBackend, validity: str) -> None:
    answers(backend, f'[{{"id": "quote-2", "state": "inProgress", {validity}}}]')

    assert await channels.quotes_by_ids(["quote-2"]) == {"quote-2": Quote(id="quote-2", state="inProgress")}


async def test_no_quote_is_asked_for_when_none_is_named(backend: ScriptedBackend, channels: ChannelsBackend) -> None:
    assert await channels.quotes_by_ids([]) == {}
    assert backend.received == []


MALFORMED: dict[str, tuple[str, Callable[[ChannelsBackend], Awaitable[object]]]] = {
    "a channel of no kind": ('[{"id": "online", "name": "Online shop"}]', lambda channels: channels.all()),
    "a contact without a status": (INTERACTION.replace('"status"', '"state"'), log),
    "a time without an offset": (INTERACTION.replace("09:00:00+01:00", "09:00:00"), log),
    "one contact instead of a list": (INTERACTION, lambda channels: channels.interactions_of(["cust-1"])),
    "a message without a state": (MESSAGE.replace('"state"', '"status"'), send),
    "a list instead of one message": (f"[{MESSAGE}]", send),
    "a cart that does what no order can": (
        f"[{CART}]".replace('"delete"', '"remove"'),
        lambda channels: channels.cart("cart-1"),
    ),
    "a quote that names no amount": (
        f"[{QUOTE}]".replace("dutyFreeAmount", "amount"),
        lambda channels: channels.quotes_by_ids(["quote-1"]),
    ),
    "one cart instead of a list": (CART, lambda channels: channels.cart("cart-1")),
}


@pytest.mark.parametrize(("body", "call"), MALFORMED.values(), ids=MALFORMED)
async def test_what_cannot_be_read_is_a_failure(
    backend: ScriptedBackend,
    channels: ChannelsBackend,
    body: str,
    call: Callable[[ChannelsBackend], Awaitable[object]],
) -> None:
    answers(backend, body)

    failure = await failure_of(call(channels))

    assert (failure.kind, failure.retryable) == (FailureKind.MALFORMED, False)


@pytest.mark.parametrize("call", [log, send])
async def test_a_refused_contact_is_a_failure(
    backend: ScriptedBackend, channels: ChannelsBackend, call: Callable[[ChannelsBackend], Awaitable[object]]
) -> None:
    backend.answer(Reply(status=422, body={"reason": "unknown customer", "message": "cust-1"}))

    with pytest.raises(BackendFailure, match="unknown customer: cust-1") as raised:
        await call(channels)

    assert (raised.value.kind, raised.value.retryable, len(backend.received)) == (FailureKind.REFUSED, False, 1)
