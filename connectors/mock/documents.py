"""TMF667 documents with versions and signatures: what is asked for a signature is signed or declined, once."""

from connectors.mock.collection import Refused, Resource, now
from connectors.mock.state import Document, text_of

ROOT = "tmf-api/document/v4"


def _keep(document: Document) -> None:
    document.setdefault("lifecycleState", "active")
    document["creationDate"] = now()


def _change(document: Document, patch: Document) -> None:
    old, new = document.get("signature"), patch.get("signature")
    if not isinstance(new, dict):
        return
    before = text_of(old, "state") if isinstance(old, dict) else "notRequired"
    if before != "requested" or text_of(new, "state") not in ("signed", "declined"):
        raise Refused(409, "illegal transition", f"a document that is {before} does not become {new.get('state')}")
    new["signedDate"] = now()


RESOURCES = (
    Resource(
        backend="documents",
        name="document",
        root=ROOT,
        id_prefix="doc-",
        required=("name", "documentType", "attachment"),
        on_create=_keep,
        on_patch=_change,
        patchable=True,
    ),
)
