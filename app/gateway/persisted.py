"""Which document a request means: sent as text, by the hash of a text sent before, or by the id of a trusted one."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import structlog
from graphql import print_ast

from app.domain.actor import Actor
from app.gateway.documents import Documents, Operation
from app.gateway.errors import Code, Refused
from app.gateway.manifest import TrustedDocument, hash_of, plain

log = structlog.get_logger()

EXTENSION: Final = "persistedQuery"
REMEMBERED: Final = 1000
"""Texts of which it is remembered whether they are trusted."""


class Trust(StrEnum):
    """What happens to documents that are not in the manifest."""

    OFF = "off"
    LOG = "log"
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True)
class Persisted:
    """How documents may be named. `exempt`: the roles that may send any document, whatever is in the manifest."""

    automatic: bool = True
    trust: Trust = Trust.OFF
    documents: tuple[TrustedDocument, ...] = ()
    exempt: frozenset[str] = field(default_factory=frozenset)


def faults(documents: Documents, trusted: Iterable[TrustedDocument]) -> list[str]:
    """What is wrong with each document that could never be executed, in a sentence that names it."""
    found = []
    for document in trusted:
        try:
            documents.operation(document.text, document.name)
        except Refused as refused:
            named = f"{document.name} ({document.id[:12]})" if document.name else document.id[:12]
            found.append(f"{named}: {refused.errors[0].message}")
    return found


class Lookup:
    """Finds the operation that a request means."""

    def __init__(self, documents: Documents, persisted: Persisted, *, characters: int) -> None:
        """`characters` bounds the texts that are kept under their hashes."""
        self._documents = documents
        self._persisted = persisted
        self._by_id = {document.id: document.text for document in persisted.documents}
        self._texts = frozenset(self._by_id.values()) | {d.printed for d in persisted.documents}
        self._sent: OrderedDict[str, str] = OrderedDict()
        self._sent_characters = 0
        self._characters = characters
        self._trusted: OrderedDict[str, bool] = OrderedDict()

    def trusted(self) -> Iterator[Operation]:
        """The operations of the trusted documents, as far as they can be executed."""
        for document in self._persisted.documents:
            for name in dict.fromkeys((document.name, None)):  # clients send it, or do not
                with suppress(Refused):
                    yield self._documents.operation(document.text, name)

    @property
    def sent(self) -> int:
        """How many texts are kept under their hashes."""
        return len(self._sent)

    def operation(
        self, text: str | None, name: str | None, *, document_id: str | None, persisted: object, actor: Actor
    ) -> Operation:
        """The operation of this name, or the only one, of the document that is meant. Raises Refused.

        `document_id` and `persisted` are the request's `documentId` and `extensions.persistedQuery`.
        """
        sent = _hash(persisted)
        named = sent or (document_id and plain(document_id)) or None
        if named is not None and (known := self._by_id.get(named)) is not None:
            return self._documents.operation(known, name)
        strict = self._persisted.trust is Trust.ENFORCE and actor.role.value not in self._persisted.exempt
        if text is None:
            return self._documents.operation(self._text(named, sent, strict=strict), name)
        if sent is not None and hash_of(text) != sent:
            told = "extensions.persistedQuery.sha256Hash is not the SHA-256 of the query."
            raise Refused(Code.PERSISTED_QUERY_HASH_MISMATCH, told)
        operation = self._documents.operation(text, name)
        if self._persisted.trust is not Trust.OFF and not self._is_trusted(text, operation) and strict:
            told = "Only documents that were made known beforehand are executed, and this is none of them."
            raise Refused(Code.QUERY_NOT_IN_SAFELIST, told)
        if sent is not None and self._persisted.automatic:
            self._keep(sent, text)  # only now: what is wrong is not kept
        return operation

    def _text(self, named: str | None, sent: str | None, *, strict: bool) -> str:
        """The text of a document that a request has only named. Raises Refused."""
        if named is None:
            raise Refused(Code.BAD_REQUEST, "The parameter 'query' must be a string.")
        if strict or (sent is None and named not in self._sent):
            told = f"There is no document with the id {named[:80]!r}."
            raise Refused(Code.PERSISTED_QUERY_NOT_IN_LIST, told)
        if not self._persisted.automatic:
            raise Refused(Code.PERSISTED_QUERY_NOT_SUPPORTED, "PersistedQueryNotSupported")
        if (text := self._sent.get(named)) is None:
            raise Refused(Code.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")
        self._sent.move_to_end(named)
        return text

    def _keep(self, sent: str, text: str) -> None:
        if sent in self._sent or len(text) > self._characters // 20:  # one must not drive out everybody else's
            return
        self._sent[sent] = text
        self._sent_characters += len(text)
        while self._sent_characters > self._characters:
            self._sent_characters -= len(self._sent.popitem(last=False)[1])

    def _is_trusted(self, text: str, operation: Operation) -> bool:
        """Whether the manifest has this text, or one that differs in layout only. What it has not is logged once."""
        if text in self._texts:
            return True
        if (trusted := self._trusted.get(text)) is None:
            trusted = self._trusted[text] = print_ast(operation.incremental or operation.document) in self._texts
            if not trusted:
                log.warning("untrusted_document", operation_name=operation.name, hash=hash_of(text))
            if len(self._trusted) > REMEMBERED:
                self._trusted.popitem(last=False)
        return trusted


def _hash(persisted: object) -> str | None:
    """The hash that clients of automatic persisted queries send. Raises Refused."""
    if persisted is None:
        return None
    if not isinstance(persisted, dict) or not isinstance(persisted.get("sha256Hash"), str):
        raise Refused(Code.BAD_REQUEST, f"extensions.{EXTENSION} must have a version and a sha256Hash.")
    if persisted.get("version") != 1:
        raise Refused(Code.BAD_REQUEST, f"extensions.{EXTENSION}.version must be 1.")
    sent: str = persisted["sha256Hash"]
    return plain(sent)
