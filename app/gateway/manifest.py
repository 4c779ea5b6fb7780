"""Manifests of trusted documents: the files that client builds write, read in all their common shapes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson
from graphql import GraphQLSyntaxError, OperationDefinitionNode, parse, print_ast, separate_operations

APOLLO: Final = "apollo-persisted-query-manifest"
PREFIX: Final = "sha256:"


class Unreadable(Exception):
    """A file that is no manifest, and why, in a sentence."""


@dataclass(frozen=True, slots=True)
class TrustedDocument:
    """One document under the id that clients send for it; `name` and `kind` are those of its operation, if one."""

    id: str
    text: str
    name: str | None = None
    kind: str | None = None
    printed: str = ""
    """The text as it is printed, whatever its layout."""


def hash_of(text: str) -> str:
    """The id that a document has when nobody gave it another: SHA-256, in small hexadecimal digits."""
    return sha256(text.encode()).hexdigest()


def plain(document_id: str) -> str:
    """An id without the prefix that only says what it is made of."""
    return document_id.removeprefix(PREFIX)


def read_manifest(content: bytes) -> list[TrustedDocument]:
    """The documents of a manifest: Apollo's, or one object from ids to texts (as of Relay, GraphQL Code Generator).

    Raises Unreadable.
    """
    try:
        manifest = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"not JSON: {error}") from None
    if not isinstance(manifest, dict):
        raise Unreadable("not a JSON object")
    if manifest.get("format") == APOLLO:
        return [_of_apollo(number, entry) for number, entry in enumerate(_entries(manifest))]
    for document_id, text in manifest.items():
        if not isinstance(text, str):
            raise Unreadable(f"{document_id!r} is no text; expected an object from ids to documents, or {APOLLO!r}")
    return [_known(plain(document_id), text) for document_id, text in manifest.items()]


def _entries(manifest: Mapping[str, Any]) -> list[Any]:
    if manifest.get("version") != 1 or not isinstance(manifest.get("operations"), list):
        raise Unreadable(f"a manifest {APOLLO!r} has version 1 and a list of operations")
    entries: list[Any] = manifest["operations"]
    return entries


def _of_apollo(number: int, entry: Any) -> TrustedDocument:
    if not isinstance(entry, dict) or not all(isinstance(entry.get(name), str) for name in ("id", "body")):
        raise Unreadable(f"operations/{number} has no id or no body")
    return _known(plain(entry["id"]), entry["body"])


def read_documents(text: str) -> list[TrustedDocument]:
    """Each operation of a document with the fragments that it uses, as clients send them. Raises Unreadable."""
    try:
        separated = separate_operations(parse(text))
    except GraphQLSyntaxError as error:
        raise Unreadable(str(error)) from None
    printed = [print_ast(document) for document in separated.values()]
    return [_known(hash_of(text), text) for text in printed]


def write_manifest(documents: Iterable[TrustedDocument]) -> bytes:
    """The documents as Apollo's manifest, in the order of their names, so that it can be compared line by line."""
    operations = [
        {"id": d.id, "name": d.name or "", "type": d.kind or "query", "body": d.text}
        for d in sorted(documents, key=lambda d: (d.name or "", d.id))
    ]
    return orjson.dumps({"format": APOLLO, "version": 1, "operations": operations}, option=orjson.OPT_INDENT_2) + b"\n"


def _known(document_id: str, text: str) -> TrustedDocument:
    try:
        document = parse(text)
    except GraphQLSyntaxError:
        return TrustedDocument(document_id, text)  # who checks it against the schema says what is wrong with it
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    if len(operations) != 1:
        return TrustedDocument(document_id, text, printed=print_ast(document))
    (operation,) = operations
    name = operation.name.value if operation.name else None
    return TrustedDocument(document_id, text, name, operation.operation.value, print_ast(document))
