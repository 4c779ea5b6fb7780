"""Documents: contracts and their summaries, kept in versions, with their signatures. TMF667 document, v4."""

import base64
import binascii
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Final

import msgspec

from connectors.base import Apis, BackendHttp, FailureKind, OpenApi
from connectors.wire import Instant, Json, segment

APIS: Final[Apis] = {"TMF667": OpenApi(v4="tmf-api/document/v4")}
DESCRIBED: Final = (
    "id,name,documentType,version,lifecycleState,creationDate,externalId,signature,relatedEntity,mimeType,size"
)
"""Everything but the content."""


class SignatureState(StrEnum):
    """How far the signature has come."""

    NOT_REQUIRED = "notRequired"
    REQUESTED = "requested"
    SIGNED = "signed"
    DECLINED = "declined"


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A document (TMF667), without its content. `size` is in bytes."""

    id: str
    name: str
    document_type: str
    version: str
    lifecycle_state: str
    signature: SignatureState
    order_id: str | None = None
    signed_at: datetime | None = None
    created_at: datetime | None = None
    mime_type: str = "application/octet-stream"
    size: int | None = None
    external_id: str | None = None


class _Signature(msgspec.Struct, rename="camel"):
    state: SignatureState = SignatureState.NOT_REQUIRED
    signed_date: Instant | None = None


class _Entity(msgspec.Struct):
    id: str
    type: str | None = msgspec.field(default=None, name="@referredType")


class _Attachment(msgspec.Struct):
    content: str


class _Document(msgspec.Struct, rename="camel"):
    id: str
    name: str
    document_type: str
    version: str = "1"
    lifecycle_state: str = "active"
    creation_date: Instant | None = None
    external_id: str | None = None
    signature: _Signature = msgspec.field(default_factory=_Signature)
    related_entity: list[_Entity] = []
    mime_type: str = "application/octet-stream"
    size: int | None = None


class _Content(msgspec.Struct):
    attachment: list[_Attachment] = []


def _read(wire: _Document) -> Document:
    return Document(
        id=wire.id,
        name=wire.name,
        document_type=wire.document_type,
        version=wire.version,
        lifecycle_state=wire.lifecycle_state,
        signature=wire.signature.state,
        order_id=next((e.id for e in wire.related_entity if e.type == "ProductOrder"), None),
        signed_at=wire.signature.signed_date,
        created_at=wire.creation_date,
        mime_type=wire.mime_type,
        size=wire.size,
        external_id=wire.external_id,
    )


class DocumentsBackend:
    """Raises BackendFailure when there is no answer. An unknown document is an answer."""

    def __init__(self, http: BackendHttp) -> None:
        self._http = http

    async def store(
        self,
        *,
        name: str,
        document_type: str,
        version: str,
        order_id: str,
        customer_id: str,
        content: bytes,
        mime_type: str,
        signature_required: bool,
        external_id: str,
        key: str,
    ) -> Document:
        """Keep a document; a later version is another document of the same name and order."""
        signature = SignatureState.REQUESTED if signature_required else SignatureState.NOT_REQUIRED
        body: Json = {
            "name": name,
            "documentType": document_type,
            "version": version,
            "externalId": external_id,
            "mimeType": mime_type,
            "size": len(content),
            "signature": {"state": signature.value},
            "relatedEntity": [{"id": order_id, "role": "subject", "@referredType": "ProductOrder"}],
            "relatedParty": [{"id": customer_id, "role": "customer", "@referredType": "Customer"}],
            "attachment": [{"mimeType": mime_type, "content": base64.b64encode(content).decode()}],
        }
        answer = await self._http.write("POST", "createDocument", "document", body, key=key)
        return _read(answer.decode(_Document))

    async def by_ids(self, ids: Collection[str]) -> dict[str, Document]:
        """The documents with these ids; unknown ids are absent."""
        return {found.id: found for found in await self._listed("id", ids)}

    async def documents_of(self, order_ids: Collection[str]) -> dict[str, tuple[Document, ...]]:
        """The documents of each of these orders; every asked order is in the answer."""
        found = await self._listed("relatedEntity.id", order_ids)
        return {order: tuple(document for document in found if document.order_id == order) for order in order_ids}

    async def content(self, document_id: str) -> bytes | None:
        """What this known document says; None when it has no content."""
        answer = await self._http.get("retrieveDocument", f"document/{segment(document_id)}")
        attachments = answer.decode(_Content).attachment
        try:
            return base64.b64decode(attachments[0].content, validate=True) if attachments else None
        except binascii.Error as error:
            raise self._http.failure(answer.operation, FailureKind.MALFORMED, str(error), retryable=False) from error

    async def sign(self, document_id: str, *, signed_by: str, key: str) -> Document | None:
        """Give the customer's signature; None when there is no such document, or it is not open for one."""
        answer = await self._http.write(
            "PATCH",
            "patchDocument",
            f"document/{segment(document_id)}",
            {"signature": {"state": SignatureState.SIGNED.value, "signedBy": signed_by}},
            key=key,
            expected={HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT},
        )
        return _read(answer.decode(_Document)) if answer.status < HTTPStatus.MULTIPLE_CHOICES else None

    async def _listed(self, attribute: str, values: Collection[str]) -> list[Document]:
        wires = await self._http.where("listDocument", "document", attribute, values, list[_Document], fields=DESCRIBED)
        return [_read(wire) for wire in wires]
