"""TMF629 customer, TMF632 individual and organization, TMF669 partyRole, TMF637 product, TMF639 resource."""

from collections.abc import Mapping

from connectors.mock.collection import Refused, Resource, now
from connectors.mock.state import Document, text_of

CUSTOMER_ROOT = "tmf-api/customerManagement/v4"
PARTY_ROOT = "tmf-api/party/v4"
PARTY_ROLE_ROOT = "tmf-api/partyRoleManagement/v4"
INVENTORY_ROOT = "tmf-api/productInventory/v4"
NETWORK_ROOT = "tmf-api/resourceInventoryManagement/v4"

PRODUCT_MOVES: Mapping[str, frozenset[str]] = {
    "created": frozenset({"pendingActive", "active", "cancelled", "aborted"}),
    "pendingActive": frozenset({"active", "cancelled", "aborted"}),
    "active": frozenset({"suspended", "pendingTerminate", "terminated"}),
    "suspended": frozenset({"active", "pendingTerminate", "terminated"}),
    "pendingTerminate": frozenset({"terminated", "active"}),
    "cancelled": frozenset(),
    "aborted": frozenset(),
    "terminated": frozenset(),
}


def _new_product(product: Document) -> None:
    status = product.setdefault("status", "created")
    if status not in PRODUCT_MOVES:
        raise Refused(400, "bad status", f"status {status} is none of the standard's")
    product["creationDate"] = now()


def _move_product(product: Document, patch: Document) -> None:
    old, new = text_of(product, "status"), text_of(patch, "status")
    if new and new != old and new not in PRODUCT_MOVES.get(old, frozenset()):
        raise Refused(409, "illegal transition", f"a product that is {old} does not become {new}")


RESOURCES = (
    Resource(
        backend="customer",
        name="customer",
        root=CUSTOMER_ROOT,
        id_prefix="cust-9",
        required=("name", "engagedParty"),
        patchable=True,
    ),
    Resource(backend="customer", name="individual", root=PARTY_ROOT),
    Resource(backend="customer", name="organization", root=PARTY_ROOT),
    Resource(backend="customer", name="partyRole", root=PARTY_ROLE_ROOT),
    Resource(backend="inventory", name="resource", root=NETWORK_ROOT, patchable=True),
    Resource(
        backend="inventory",
        name="product",
        root=INVENTORY_ROOT,
        id_prefix="prod-9",
        on_create=_new_product,
        on_patch=_move_product,
        patchable=True,
    ),
)
