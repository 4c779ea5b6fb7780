"""TMF620 product catalog: offerings, specifications and prices, which can be changed, and events of every change."""

from collections.abc import Iterable

from connectors.mock.collection import Accept, Refused, Resource
from connectors.mock.hub import Hub
from connectors.mock.state import Document, text_of

ROOT = "tmf-api/productCatalogManagement/v4"


class Catalog:
    """The catalog, which tells its listeners what has changed."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def resources(self) -> Iterable[Resource]:
        """The plain collections."""
        for name, required in {
            "productOffering": ("name", "lifecycleStatus"),
            "productOfferingPrice": ("name", "priceType", "price"),
            "productSpecification": ("name",),
        }.items():
            yield Resource(
                backend="catalog",
                name=name,
                root=ROOT,
                id_prefix=f"{name}-",
                required=required,
                on_patch=_keep_identity,
                created=self._teller(name, "Create"),
                changed=self._teller(name, "AttributeValueChange"),
                patchable=True,
            )
        yield Resource(backend="catalog", name="category", root=ROOT)

    def _teller(self, name: str, happened: str) -> Accept:
        return lambda document: self._hub.tell(f"{name}{happened}Event", name, {"id": text_of(document, "id")})


def _keep_identity(document: Document, patch: Document) -> None:
    if patch.get("id", document["id"]) != document["id"]:
        raise Refused(400, "the id is fixed", f"{document['id']} cannot become {patch['id']}")
