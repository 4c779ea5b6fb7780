"""What `@defer` and `@stream` put off: documents without them, and the two formats in which clients know it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, cast

from graphql import REMOVE, DirectiveNode, DocumentNode, Visitor, VisitorAction, visit

from app.gateway.errors import Code, Refused

DIRECTIVES: Final = frozenset({"defer", "stream"})
EXTENSION: Final = "incrementalSpec"

Part = dict[str, Any]
"""One part of an answer, as JSON."""


class Spec(StrEnum):
    """The formats of incremental delivery: by ids of what is pending, and by paths, as of August 2022."""

    IDS = "v0.2"
    PATHS = "20220824"

    @classmethod
    def wished(cls, extensions: Mapping[str, object]) -> "Spec":
        """The format that a request asks for by its extensions, where no Accept header can. Raises Refused."""
        if EXTENSION not in extensions:
            return cls.IDS
        wished = extensions[EXTENSION]
        if wished not in tuple(cls):
            raise Refused(Code.BAD_REQUEST, f"extensions.{EXTENSION} must be one of {', '.join(cls)}.")
        return cls(cast("str", wished))


class _Remove(Visitor):
    def enter_directive(self, node: DirectiveNode, *_: object) -> VisitorAction:
        return REMOVE if node.name.value in DIRECTIVES else None


def whole(document: DocumentNode, text: str) -> DocumentNode:
    """The document as one that asks for everything at once; the same one when it puts nothing off."""
    if not any(name in text for name in DIRECTIVES):
        return document
    return cast("DocumentNode", visit(document, _Remove()))


class Pending:
    """What a client has been promised and has not got yet; true while there is anything."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._goes_on = True

    def __bool__(self) -> bool:
        return self._goes_on

    def noted(self, part: Part) -> Part:
        """The part itself, once what it promises and what it keeps is noted."""
        self._ids.update(pending["id"] for pending in part.get("pending", ()))
        self._ids.difference_update(done["id"] for done in part.get("completed", ()))
        self._goes_on = part["hasNext"]
        return part

    def given_up(self, reason: Refused) -> Part:
        """The last part, which says why nothing more comes."""
        return {"hasNext": False, "completed": [{"id": i, "errors": reason.formatted()} for i in sorted(self._ids)]}


class Paths:
    """From parts that name what is pending by ids to those of August 2022, which repeat its path and label."""

    def __init__(self) -> None:
        self._pending: dict[str, Part] = {}
        self._data: Any = None  # what the client has by now: it says at which index the items of a list go on

    def translated(self, part: Part) -> Part:
        """The same part in the older format."""
        older: Part = {name: part[name] for name in ("data", "errors", "extensions", "hasNext") if name in part}
        if "data" in part:
            self._data = part["data"]
        for pending in part.get("pending", ()):
            self._pending[pending["id"]] = pending
        patches = [self._patch(incremental) for incremental in part.get("incremental", ())]
        patches += [self._failure(done) for done in part.get("completed", ()) if done.get("errors")]
        for done in part.get("completed", ()):
            self._pending.pop(done["id"], None)
        if patches:
            older["incremental"] = patches
        return older

    def _patch(self, incremental: Part) -> Part:
        pending = self._pending[incremental["id"]]
        path = [*pending["path"], *incremental.get("subPath", ())]
        patch: Part = {name: incremental[name] for name in ("errors", "extensions") if name in incremental}
        if "label" in pending:
            patch["label"] = pending["label"]
        here = self._at(path)
        if "items" in incremental:
            patch |= {"items": incremental["items"], "path": [*path, len(here)]}
            here.extend(incremental["items"])
        else:
            patch |= {"data": incremental["data"], "path": path}
            _merge(here, incremental["data"])
        return patch

    def _failure(self, done: Part) -> Part:
        pending = self._pending[done["id"]]
        path = pending["path"]
        here = self._at(path)
        patch: Part = {"errors": done["errors"]}
        if "label" in pending:
            patch["label"] = pending["label"]
        if isinstance(here, list):
            return patch | {"items": None, "path": [*path, len(here)]}
        return patch | {"data": None, "path": path}

    def _at(self, path: list[str | int]) -> Any:
        here = self._data
        for step in path:
            here = here[step]
        return here


def _merge(into: Part, data: Part) -> None:
    for name, value in data.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = value
