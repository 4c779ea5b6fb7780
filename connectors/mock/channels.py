"""The registry of channels, TMF683 interactions, TMF681 messages, which are sent at once, TMF663 carts and TMF648
quotes."""

from connectors.mock.collection import Resource, now
from connectors.mock.state import Document

REGISTRY_ROOT = "channelRegistry/v1"
INTERACTION_ROOT = "tmf-api/partyInteraction/v4"
MESSAGE_ROOT = "tmf-api/communicationManagement/v4"
CART_ROOT = "tmf-api/shoppingCart/v4"
QUOTE_ROOT = "tmf-api/quoteManagement/v4"

ROOTS = (REGISTRY_ROOT, INTERACTION_ROOT, MESSAGE_ROOT, CART_ROOT, QUOTE_ROOT)


def _log(interaction: Document) -> None:
    interaction["status"] = "completed"
    interaction["interactionDate"] = {"startDateTime": now(), "endDateTime": now()}


def _send(message: Document) -> None:
    message["state"] = "completed"
    message["sendTime"] = now()


RESOURCES = (
    Resource(backend="channels", name="channel", root=REGISTRY_ROOT),
    Resource(
        backend="channels",
        name="partyInteraction",
        root=INTERACTION_ROOT,
        id_prefix="pi-",
        required=("description", "relatedParty"),
        on_create=_log,
    ),
    Resource(
        backend="channels",
        name="communicationMessage",
        root=MESSAGE_ROOT,
        id_prefix="msg-",
        required=("content", "messageType", "receiver", "sender"),
        on_create=_send,
    ),
    Resource(backend="channels", name="shoppingCart", root=CART_ROOT),
    Resource(backend="channels", name="quote", root=QUOTE_ROOT),
)
