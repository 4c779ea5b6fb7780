"""Documents: kept, described, read and signed, on the wire and as values."""

import base64
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from connectors.base import BackendHttp, FailureKind
from connectors.documents import DESCRIBED, Document, DocumentsBackend, SignatureState
from tests.contract.scripted_backend import (
    Reply,
    ScriptedBackend,
    answers,
    asked,
    failure_of,
    path_of,
)

CONTENT = b"%PDF-1.7 \x00\xff"

DOCUMENT = """{
  "id": "doc-1", "name": "Contract", "documentType": "contract", "version": "2", "lifecycleState": "active",
  "creationDate": "2026-03-02T09:00:00+01:00", "externalId": "order-1:contract:2", "mimeType": "application/pdf",
  "size": 11, "signature": {"state": "signed", "signedDate": "2026-03-02T10:00:00Z", "signedBy": "Jean"},
  "relatedEntity": [{"id": "x", "@referredType": "Quote"}, {"id": "order-1", "@referredType": "ProductOrder"}]
}"""
CONTRACT = Document(
    id="doc-1",
    name="Contract",
    document_type="contract",
    version="2",
    lifecycle_state="active",
    signature=SignatureState.SIGNED,
    order_id="order-1",
    signed_at=datetime(2026, 3, 2, 10, tzinfo=UTC),
    created_at=datetime(2026, 3, 2, 8, tzinfo=UTC),
    mime_type="application/pdf",
    size=11,
    external_id="order-1:contract:2",
)
BARE = '{"id": "doc-2", "name": "Summary", "documentType": "summary", "signature": null, "relatedEntity": null}'
SUMMARY = Document(
    id="doc-2",
    name="Summary",
    document_type="summary",
    version="1",
    lifecycle_state="active",
    signature=SignatureState.NOT_REQUIRED,
)


@pytest.fixture
def documents(http: BackendHttp) -> DocumentsBackend:
    return DocumentsBackend(http)


async def store(documents: DocumentsBackend, signature_required: bool = True) -> Document:
    return await documents.store(
        name="Contract",
        document_type="contract",
        version="2",
        order_id="order-1",
        customer_id="cust-1",
        content=CONTENT,
        mime_type="application/pdf",
        signature_required=signature_required,
        external_id="order-1:contract:2",
        key="order-1:document:2",
    )


async def sign(documents: DocumentsBackend) -> Document | None:
    return await documents.sign("doc/1", signed_by="Jean", key="order-1:sign")


@pytest.mark.parametrize(("required", "state"), [(True, "requested"), (False, "notRequired")])
async def test_a_document_is_kept(
    backend: ScriptedBackend, documents: DocumentsBackend, required: bool, state: str
) -> None:
    answers(backend, DOCUMENT, status=201)

    assert await store(documents, signature_required=required) == CONTRACT

    assert path_of(asked(backend)) == "POST document"
    assert asked(backend).headers["Idempotency-Key"] == "order-1:document:2"
    assert asked(backend).json == {
        "name": "Contract",
        "documentType": "contract",
        "version": "2",
        "externalId": "order-1:contract:2",
        "mimeType": "application/pdf",
        "size": 11,
        "signature": {"state": state},
        "relatedEntity": [{"id": "order-1", "role": "subject", "@referredType": "ProductOrder"}],
        "relatedParty": [{"id": "cust-1", "role": "customer", "@referredType": "Customer"}],
        "attachment": [{"mimeType": "application/pdf", "content": base64.b64encode(CONTENT).decode()}],
    }


async def test_a_document_whose_answer_was_lost_is_kept_under_the_same_key(
    backend: ScriptedBackend, documents: DocumentsBackend
) -> None:
    backend.answer(Reply(lost=True), Reply(status=201, body=DOCUMENT.encode()))

    assert await store(documents) == CONTRACT

    assert [request.headers["Idempotency-Key"] for request in backend.received] == ["order-1:document:2"] * 2


async def test_documents_by_id_come_without_their_content(
    backend: ScriptedBackend, documents: DocumentsBackend
) -> None:
    answers(backend, f"[{DOCUMENT}, {BARE}]")

    assert await documents.by_ids(["doc-2", "doc-1", "unknown"]) == {"doc-1": CONTRACT, "doc-2": SUMMARY}

    assert path_of(asked(backend)) == "GET document"
    assert (asked(backend).query["id"], asked(backend).query["fields"]) == ("doc-1,doc-2,unknown", DESCRIBED)
    assert "attachment" not in DESCRIBED.split(",")


async def test_documents_by_order(backend: ScriptedBackend, documents: DocumentsBackend) -> None:
    later = DOCUMENT.replace("doc-1", "doc-3")
    answers(backend, f"[{DOCUMENT}, {BARE}, {later}]")

    found = await documents.documents_of(["order-2", "order-1"])

    assert {order: [document.id for document in of] for order, of in found.items()} == {
        "order-2": [],
        "order-1": ["doc-1", "doc-3"],
    }
    assert asked(backend).query["relatedEntity.id"] == "order-1,order-2"
    assert asked(backend).query["fields"] == DESCRIBED


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (
            {"id": "doc-1", "attachment": [{"content": base64.b64encode(CONTENT).decode()}, {"content": "bm8="}]},
            CONTENT,
        ),
        ({"id": "doc-1", "attachment": [{"content": ""}]}, b""),
        ({"id": "doc-1", "attachment": []}, None),
        ({"id": "doc-1", "attachment": None}, None),
        ({"id": "doc-1"}, None),
    ],
)
async def test_what_a_document_says(
    backend: ScriptedBackend, documents: DocumentsBackend, body: object, content: bytes | None
) -> None:
    backend.answer(Reply(body=body))

    assert await documents.content("doc/1") == content

    assert (path_of(asked(backend)), asked(backend).query) == ("GET document/doc%2F1", {})


async def test_the_content_of_an_unknown_document_is_refused(
    backend: ScriptedBackend, documents: DocumentsBackend
) -> None:
    backend.answer(Reply(status=404, body={"reason": "not found"}))

    failure = await failure_of(documents.content("doc-9"))

    assert (failure.kind, failure.retryable) == (FailureKind.REFUSED, False)


async def test_a_document_is_signed(backend: ScriptedBackend, documents: DocumentsBackend) -> None:
    answers(backend, DOCUMENT)

    assert await sign(documents) == CONTRACT

    assert path_of(asked(backend)) == "PATCH document/doc%2F1"
    assert asked(backend).headers["Idempotency-Key"] == "order-1:sign"
    assert asked(backend).json == {"signature": {"state": "signed", "signedBy": "Jean"}}


@pytest.mark.parametrize("status", [404, 409])
@pytest.mark.parametrize("body", ['{"reason": "illegal transition"}', "<html>", ""])
async def test_a_document_that_is_not_open_for_a_signature_is_not_signed(
    backend: ScriptedBackend, documents: DocumentsBackend, status: int, body: str
) -> None:
    answers(backend, body, status=status)

    assert await sign(documents) is None
    assert len(backend.received) == 1


async def test_a_signature_that_was_refused_otherwise_is_a_failure(
    backend: ScriptedBackend, documents: DocumentsBackend
) -> None:
    backend.answer(Reply(status=400, body={"reason": "bad signature"}))

    failure = await failure_of(sign(documents))

    assert (failure.kind, failure.detail) == (FailureKind.REFUSED, "status 400: bad signature")


Call = Callable[[DocumentsBackend], Awaitable[object]]
MALFORMED: dict[str, tuple[str, Call]] = {
    "a document of no type": (DOCUMENT.replace('"documentType"', '"type"'), store),
    "a signature in no known state": (DOCUMENT.replace('"signed"', '"perhaps"'), sign),
    "a signature at a time without an offset": (DOCUMENT.replace("10:00:00Z", "10:00:00"), sign),
    "one document instead of a list": (DOCUMENT, lambda documents: documents.by_ids(["doc-1"])),
    "an attachment without content": ('{"attachment": [{"url": "u"}]}', lambda documents: documents.content("doc-1")),
}


@pytest.mark.parametrize(("body", "call"), MALFORMED.values(), ids=MALFORMED)
async def test_what_cannot_be_read_is_a_failure(
    backend: ScriptedBackend, documents: DocumentsBackend, body: str, call: Call
) -> None:
    answers(backend, body)

    failure = await failure_of(call(documents))

    assert (failure.kind, failure.retryable) == (FailureKind.MALFORMED, False)


async def test_content_that_is_not_base64_is_a_failure(backend: ScriptedBackend, documents: DocumentsBackend) -> None:
    backend.answer(Reply(body={"attachment": [{"content": "JVBERi0"}]}))

    assert (await failure_of(documents.content("doc-1"))).kind is FailureKind.MALFORMED
