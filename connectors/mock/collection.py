"""Any TMF resource as a collection: listed, found by id, created, patched. Source: TMF630 REST design guidelines.

Filters name an attribute by its dotted path, through lists as well, and take any of several values
(`id=a,b,c`, `relatedParty.id=x`); `name.regex=` matches a regular expression. `fields` selects first-level
attributes, `offset` and `limit` a page, `sort` an attribute (`-` for descending). A list has an ETag, and is not sent
to whoever has it already (`If-None-Match`).
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zlib import crc32

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.mock.state import Document, KeyReused, State, text_of

RESERVED = frozenset({"fields", "offset", "limit", "sort"})
Accept = Callable[[Document], None]
Change = Callable[[Document, Document], None]


class Refused(Exception):
    """The request breaks a rule of the resource; `more` goes into the error body."""

    def __init__(self, status: int, reason: str, message: str, more: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.more = more or {}

    def answer(self) -> Response:
        """The refusal as an HTTP answer."""
        return error(self.status, self.reason, self.message, self.more)


def answer(status: int, body: object, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return Response(content, status, headers, media_type="application/json")


def error(status: int, reason: str, message: str, more: Mapping[str, object] | None = None) -> Response:
    """A TMF630 error body."""
    body = {"code": str(status), "reason": reason, "message": message, "status": str(status)}
    return answer(status, {**body, **(more or {})})


def now() -> str:
    """The time as TMF writes it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


async def body_of(request: Request) -> Document:
    """The body as a JSON object."""
    try:
        document = orjson.loads(await request.body())
    except orjson.JSONDecodeError as problem:
        raise Refused(400, "the body is not JSON", str(problem)) from problem
    if not isinstance(document, dict):
        raise Refused(400, "the body is not an object", "send a JSON object")
    return document


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A resource and what is special about it.

    `required` attributes must be there at creation. `on_create` completes or refuses a new document, `on_patch`
    gets the document and the patch before it is merged. `created` and `changed` are told after the write is durable.
    `once_by` is an attribute of which each value makes one document: who asks again gets the first, as long as its
    state is in `once_while`, when that is given. `refresh` is called before every look, for what time changes by
    itself. `path` is the resource's name on the wire, when another one has that name too.
    """

    backend: str
    name: str
    root: str
    id_prefix: str = ""
    required: tuple[str, ...] = ()
    on_create: Accept | None = None
    on_patch: Change | None = None
    created: Accept | None = None
    changed: Accept | None = None
    patchable: bool = False
    once_by: str = ""
    once_while: frozenset[str] = frozenset()
    refresh: Callable[[], None] | None = None
    path: str = ""
    type: str = field(default="")


def routes(resource: Resource, state: State) -> list[Route]:
    """The HTTP operations of this resource."""
    path = f"/{resource.root}/{resource.path or resource.name}"

    def look() -> Mapping[str, Document]:
        if resource.refresh:
            resource.refresh()
        return state.members(resource.name)

    async def collection(request: Request) -> Response:
        members = look()
        if request.method == "POST":
            return await _create(resource, state, request)
        return _list(members, request)

    async def member(request: Request) -> Response:
        document = look().get(request.path_params["id"])
        if document is None:
            return error(404, "not found", f"there is no {resource.name} {request.path_params['id']}")
        if request.method == "PATCH":
            return await _patch(resource, state, request, document)
        return answer(200, _only(document, request.query_params.get("fields")))

    writable = resource.on_create is not None or bool(resource.required)
    return [
        Route(path, collection, methods=["GET", "POST"] if writable else ["GET"]),
        Route(f"{path}/{{id}}", member, methods=["GET", "PATCH"] if resource.patchable else ["GET"]),
    ]


async def _create(resource: Resource, state: State, request: Request) -> Response:
    try:
        document = await body_of(request)
        for name in resource.required:
            if not document.get(name):
                raise Refused(400, "missing attribute", f"{name} is required")
        key = request.headers.get("Idempotency-Key")
        made: list[Document] = []

        def act() -> tuple[int, Document]:
            if (first := _first(resource, state, document)) is not None:
                return 201, first
            document["id"] = state.next_id(resource.name, resource.id_prefix)
            document["href"] = f"/{resource.root}/{resource.path or resource.name}/{document['id']}"
            document.setdefault("@type", resource.type or resource.name[0].upper() + resource.name[1:])
            if resource.on_create:
                resource.on_create(document)
            state.put(resource.name, document)
            state.effect(resource.backend, "POST", resource.name, document, key)
            made.append(document)
            return 201, document

        status, body = state.once(key, await request.body(), act)
        for new in made:
            if resource.created:
                resource.created(new)
        return answer(status, body)
    except Refused as refusal:
        return refusal.answer()
    except KeyReused:
        return error(409, "idempotency key reused", "the key came before with another body")


def _first(resource: Resource, state: State, document: Document) -> Document | None:
    """The document that was made for the same, if there is one."""
    wanted = text_of(document, resource.once_by) if resource.once_by else ""
    known = state.newest(resource.name, resource.once_by, wanted) if wanted else None
    live = known is not None and (not resource.once_while or known.get("state") in resource.once_while)
    return known if live else None


async def _patch(resource: Resource, state: State, request: Request, document: Document) -> Response:
    try:
        patch = await body_of(request)
        key = request.headers.get("Idempotency-Key")

        made: list[Document] = []

        def act() -> tuple[int, Document]:
            if resource.on_patch:
                resource.on_patch(document, patch)
            changed = {**document, **patch, "id": document["id"], "lastUpdate": now()}
            state.put(resource.name, changed)
            state.effect(resource.backend, "PATCH", resource.name, changed, key)
            made.append(changed)
            return 200, changed

        status, body = state.once(key, request.url.path.encode() + await request.body(), act)
        for new in made:
            if resource.changed:
                resource.changed(new)
        return answer(status, body)
    except Refused as refusal:
        return refusal.answer()
    except KeyReused:
        return error(409, "idempotency key reused", "the key came before with another body")


def _list(members: Mapping[str, Document], request: Request) -> Response:
    query = request.query_params
    try:
        offset, limit = int(query.get("offset", 0)), int(query.get("limit", 100))
        filters = [(name, value) for name, value in query.multi_items() if name not in RESERVED]
        found = list(_matching(members, filters))
    except (ValueError, re.error) as problem:
        return error(400, "bad query", str(problem))
    if sort := query.get("sort"):
        found.sort(key=lambda d: text_of(d, sort.lstrip("-")), reverse=sort.startswith("-"))
    page = found[offset : offset + limit]
    body = orjson.dumps([_only(document, query.get("fields")) for document in page])
    counts = {"X-Total-Count": str(len(found)), "X-Result-Count": str(len(page))}
    headers = {**counts, "ETag": f'"{crc32(body):08x}-{len(found)}"', "Cache-Control": "no-cache"}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return answer(206 if len(page) < len(found) else 200, body, headers)


def _matching(members: Mapping[str, Document], filters: Sequence[tuple[str, str]]) -> Iterable[Document]:
    ids = next((value for name, value in filters if name == "id"), None)
    # ids are looked up, not searched: batches ask for them all the time
    candidates = members.values() if ids is None else [members[i] for i in ids.split(",") if i in members]
    rest = [(name.split("."), value) for name, value in filters if name != "id"]
    for document in candidates:
        if all(_matches(document, path, value) for path, value in rest):
            yield document


def _matches(document: Document, path: Sequence[str], wanted: str) -> bool:
    if path[-1] == "regex":
        pattern = re.compile(wanted)
        return any(pattern.search(value) for value in _values(document, path[:-1]))
    return not set(wanted.split(",")).isdisjoint(_values(document, path))


def _values(value: object, path: Sequence[str]) -> Iterable[str]:
    if isinstance(value, list):
        for member in value:
            yield from _values(member, path)
    elif path:
        if isinstance(value, dict) and path[0] in value:
            yield from _values(value[path[0]], path[1:])
    elif isinstance(value, bool):
        yield str(value).lower()
    elif value is not None:
        yield str(value)


def _only(document: Document, fields: str | None) -> Document:
    if fields is None:
        return document
    wanted = {"id", "href", *fields.split(",")}
    return {name: value for name, value in document.items() if name in wanted}
