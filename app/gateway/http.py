"""GraphQL over HTTP, one answer or many: GET and POST at one path, PUT and DELETE for shared event streams."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import lru_cache
from typing import Final

import orjson
from graphql import OperationType
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from app.gateway import multipart, sse
from app.gateway.begun import Begun
from app.gateway.callback import PROTOCOL, Callbacks
from app.gateway.errors import Code, Refused
from app.gateway.graphiql import Page
from app.gateway.headers import header, headers
from app.gateway.incremental import Spec
from app.gateway.limits import Guard, Limits
from app.gateway.negotiation import INCREMENTAL, STATUS, SUBSCRIPTION, Media, Way, negotiate, status_of, ways
from app.gateway.operations import Answer, Asked, Operations, Ready
from app.gateway.size import json_deeper_than
from app.gateway.sse import OPERATION_ID, TOKEN_HEADER, TOKEN_PARAMETER, EventStreams
from app.gateway.streaming import OpenStreams
from app.security.identity import AuthenticationUnavailable, Identity, NotAuthenticated

Authenticate = Callable[[str | None], Awaitable[Identity]]
"""From a bearer token (None: the request had none) to who calls.

Raises NotAuthenticated, or AuthenticationUnavailable when nobody can be told who they are at the moment."""

ANSWERS: Final = (Media.JSON, Media.GRAPHQL)
WITH_EVENTS: Final = (*ANSWERS, Media.EVENTS)
PARAMETERS: Final = ("query", "operationName", "documentId", "variables", "extensions")
WRITTEN: Final = tuple(f'"{name}"'.encode() for name in PARAMETERS)
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "DELETE")
PARSED_TWICE_TO: Final = 100
LAST_EVENT_ID: Final = "Last-Event-ID"
RESUMES: Final = LAST_EVENT_ID.lower().encode()
SHARED: Final = TOKEN_HEADER.lower().encode()
HOW_TO_SUBSCRIBE: Final = (
    "A subscription has many answers. Connect a WebSocket to this path with the subprotocol graphql-transport-ws, "
    f"or send the request with Accept: {Way.EVENTS.value} or Accept: {Way.EVENT_PARTS.value}."
)
CALLBACKS_ARE_OFF: Final = " Callbacks are off here: ORDERWAY_CALLBACK_ORIGINS names no router that may be called."


class GraphQLOverHTTP:
    """The endpoint, an ASGI application. Refuses with a GraphQL error body whatever is wrong with the request."""

    def __init__(
        self,
        operations: Operations,
        authenticate: Authenticate,
        page: Page | None,
        streams: OpenStreams,
        event_streams: EventStreams,
        callbacks: Callbacks,
        limits: Limits,
    ) -> None:
        self._operations = operations
        self._authenticate = authenticate
        self._page = page
        self._streams = streams
        self._event_streams = event_streams
        self._callbacks = callbacks
        self._carries = SUBSCRIPTION if callbacks.allowed else SUBSCRIPTION - {Way.CALLBACK}
        self._limits = limits
        self._guard = Guard(limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        scope = request.scope
        accept = ",".join(headers(scope, b"accept")) or None
        if self._page and request.method == "GET" and negotiate(accept, (*ANSWERS, Media.HTML)) is Media.HTML:
            return self._page.response(header(scope, b"host") or "")
        media = negotiate(accept, ANSWERS)
        try:
            if request.method not in METHODS:
                raise Refused(Code.METHOD_NOT_ALLOWED, f"Send a request by {', '.join(METHODS)}.")
            token = header(scope, SHARED) or (scope["query_string"] and request.query_params.get(TOKEN_PARAMETER))
            if token or request.method in ("PUT", "DELETE"):
                try:
                    return await self._shared(request, token or "", media or Media.JSON)
                except Refused as refused:
                    self._operations.observer.refused(refused)
                    # 2xx is for what was taken: the answer itself is on the stream
                    return _refusal(refused, media or Media.JSON, status_of(refused.code, Media.GRAPHQL))
            if media is None and not ways(accept):
                raise Refused(Code.NOT_ACCEPTABLE, f"The answer is one of {' and '.join(ANSWERS)}; accept one of them.")
            return await self._answer(request, accept, media)
        except Refused as refused:
            self._operations.observer.refused(refused)
            return _refusal(refused, media or Media.JSON)

    async def _answer(self, request: Request, accept: str | None, media: Media | None) -> Response:
        as_events = negotiate(accept, WITH_EVENTS) is Media.EVENTS
        if request.method == "POST":
            check_content_type(header(request.scope, b"content-type"))
        identity = await identify(self._authenticate, header(request.scope, b"authorization"))
        parameters = await self._parameters(request)
        if isinstance(parameters, list) and self._several(len(parameters)):
            return _response(200, await self._batch(parameters, identity), media or Media.JSON)
        asked = self._operations.read(parameters, identity)
        if (after := header(request.scope, RESUMES)) is not None:
            asked = replace(asked, resume_after=after)
        try:
            ready = self._prepare(request, asked, identity)
            spec = Spec.wished(asked.extensions)
            named = ways(accept)
            if ready.type is OperationType.SUBSCRIPTION and self._carries.isdisjoint(named):
                why = CALLBACKS_ARE_OFF if Way.CALLBACK in named else ""
                raise Refused(Code.SUBSCRIPTION_NEEDS_STREAM, HOW_TO_SUBSCRIBE + why)
        except Refused as refused:
            if as_events and refused.code not in STATUS:
                return self._streams.stream(sse.events(_only(refused)), sse.WIRE, None)
            raise
        way = self._way(ready, named, as_events=as_events)
        if way is Way.CALLBACK:
            return await self._called_back(request, ready, media or Media.JSON)
        if way is None:
            return _response(200, await self._operations.run(ready), media or Media.JSON)
        if way in (Way.PARTS, Way.PARTS_2022):
            return await self._parts(ready, way, media or Media.JSON)
        until = identity.expires_at if ready.type is OperationType.SUBSCRIPTION else None
        answers = self._operations.answers(ready, spec)
        if way is Way.EVENTS:
            return self._streams.stream(sse.events(answers), sse.WIRE, until)
        return self._streams.stream(multipart.event_parts(answers), multipart.SUBSCRIPTION, until)

    async def _called_back(self, request: Request, ready: Ready, media: Media) -> Response:
        if request.method != "POST":
            raise Refused(Code.METHOD_NOT_ALLOWED, "Who wants to be called back sends its subscription by POST.")
        await self._callbacks.start(ready)
        response = _response(200, {"data": None}, media)
        response.headers.update(PROTOCOL)
        return response

    async def _parts(self, ready: Ready, way: Way, media: Media) -> Response:
        answers = self._operations.stream(ready, Spec.PATHS if way is Way.PARTS_2022 else Spec.IDS)
        first = await anext(answers)
        if "hasNext" not in first:  # nothing was put off after all
            await answers.aclose()
            return _response(200, first, media)
        chunks = multipart.incremental_parts(first, answers)
        wire = multipart.incremental(way.value.partition(";")[2])
        return self._streams.stream(chunks, wire, None, close=answers.aclose)

    async def _shared(self, request: Request, token: str, media: Media) -> Response:
        """A request about an event stream that several operations share."""
        if request.method == "GET":  # the token is the ticket: EventSource of browsers can send no header
            stream = self._event_streams.open(token)
            return self._streams.stream(
                stream.messages(),
                sse.SHARED_WIRE,
                stream.identity.expires_at,
                close=lambda: self._event_streams.close(token),
            )
        identity = await identify(self._authenticate, header(request.scope, b"authorization"))
        match request.method:
            case "PUT":
                return PlainTextResponse(self._event_streams.reserve(identity), 201)
            case "POST":
                check_content_type(header(request.scope, b"content-type"))
                stream = self._event_streams.find(token, identity)
                asked = self._operations.read(await self._parameters(request), identity)
                stream.start(self._prepare(request, asked, identity))
                return _response(202, {}, media)
            case "DELETE":
                operation_id = request.query_params.get(OPERATION_ID)
                if not operation_id:
                    raise Refused(Code.BAD_REQUEST, f"The parameter '{OPERATION_ID}' says which operation is to end.")
                self._event_streams.find(token, identity).stop(operation_id)
                return _response(200, {}, media)
            case method:
                raise Refused(Code.METHOD_NOT_ALLOWED, f"An event stream is not for {method}.")

    async def _parameters(self, request: Request) -> object:
        """The parameters of the request, as JSON has them. Raises Refused."""
        if request.method != "POST":
            return _query_parameters(request.query_params)
        body = await body_in_time(request, self._limits.body_seconds)
        parameters = _json(body, "The request body")
        _refuse_repeated_members(body, parameters)
        return parameters

    def _several(self, number: int) -> bool:
        """Whether so many operations may be in one request; that there may be several has to be set. Raises Refused."""
        if self._limits.operations_per_request == 1 and not self._limits.only_warns("operations_per_request"):
            return False
        if not number:
            raise Refused(Code.BAD_REQUEST, "The request is an empty list; it must have an operation.")
        self._guard.check("operations_per_request", number)
        return True

    async def _batch(self, requests: list[object], identity: Identity) -> list[Answer]:
        """The answers to the operations of one request: to queries side by side, and in turn once one is a mutation."""
        prepared = [self._prepared(parameters, identity) for parameters in requests]
        runs = [self._run_prepared(one) for one in prepared]
        if any(isinstance(one, Ready) and one.type is OperationType.MUTATION for one in prepared):
            return [await run for run in runs]
        return list(await asyncio.gather(*runs))

    def _prepared(self, parameters: object, identity: Identity) -> Ready | Refused:
        try:
            ready = self._operations.prepare(self._operations.read(parameters, identity), identity)
        except Refused as refused:
            return refused
        if ready.type is OperationType.SUBSCRIPTION:
            return Refused(Code.SUBSCRIPTION_NEEDS_STREAM, HOW_TO_SUBSCRIBE)
        return ready

    async def _run_prepared(self, prepared: Ready | Refused) -> Answer:
        """The answer to one of several operations; what goes wrong with it is nothing to the others."""
        if isinstance(prepared, Refused):
            return {"errors": prepared.formatted()}
        async with aclosing(self._operations.answers(prepared)) as answers:
            return await anext(answers)

    def _prepare(self, request: Request, asked: Asked, identity: Identity) -> Ready:
        """The operation that is asked for. Raises Refused."""
        ready = self._operations.prepare(asked, identity)
        if request.method != "POST" and ready.type is OperationType.MUTATION:
            raise Refused(Code.METHOD_NOT_ALLOWED, "GET is for queries only; send a mutation by POST.")
        return ready

    def _way(self, ready: Ready, named: Sequence[Way], *, as_events: bool) -> Way | None:
        """How the answers to this operation are sent; None: as a single one."""
        if ready.type is OperationType.SUBSCRIPTION:
            return next(way for way in named if way in self._carries)
        if as_events:
            return Way.EVENTS
        if ready.operation.incremental is None:
            return None
        return next((way for way in named if way in INCREMENTAL), Way.EVENTS if Way.EVENTS in named else None)


async def _only(refused: Refused) -> AsyncGenerator[Answer, None]:
    yield {"errors": refused.formatted()}


async def identify(authenticate: Authenticate, authorization: str | None) -> Identity:
    """Who calls, by the value of an Authorization header. Raises Refused."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    if authorization and (scheme.lower() != "bearer" or not token.strip()):
        raise Refused(Code.UNAUTHENTICATED, "Authorization must be 'Bearer' and a token.")
    try:
        return await authenticate(token.strip() or None)
    except NotAuthenticated as refusal:
        raise Refused(Code.UNAUTHENTICATED, str(refusal)) from None
    except AuthenticationUnavailable as failure:
        raise Refused(Code.AUTHENTICATION_UNAVAILABLE, str(failure)) from None


async def body_in_time(request: Request, seconds: float) -> bytes:
    """The whole body. Raises Refused when it has not arrived within so many seconds."""
    begun = Begun(_body(request))
    if begun.done:
        return begun.result
    try:
        async with asyncio.timeout(seconds):
            return await begun
    except TimeoutError:
        raise Refused(Code.REQUEST_TIMEOUT, f"The request body did not arrive within {seconds:g} seconds.") from None


async def _body(request: Request) -> bytes:
    """The whole body, which mostly comes in one piece. Raises ClientDisconnect."""
    parts: list[bytes] = []
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def check_content_type(content_type: str | None) -> None:
    """Nothing but JSON: what a browser sends without asking first (forms, plain text) must not change anything."""
    if not _is_json(content_type or ""):
        raise Refused(Code.UNSUPPORTED_MEDIA_TYPE, f"Content-Type must be {Media.JSON} in UTF-8.")


@lru_cache(maxsize=64)  # clients say it in a few ways
def _is_json(content_type: str) -> bool:
    media, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [p.removeprefix("charset=").strip('"') for p in parameters if p.startswith("charset=")]
    return media == Media.JSON and all(charset in ("utf-8", "utf8") for charset in charsets)


def _json(text: bytes | str, what: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Refused(Code.BAD_REQUEST, f"{what} is not JSON in UTF-8: {error}.") from None


def _refuse_repeated_members(body: bytes, parameters: object) -> None:
    """A parameter that is given twice is refused, as parsers differ in which of them they take."""
    if not isinstance(parameters, dict) or all(body.count(name) < 2 for name in WRITTEN):
        return
    # by a parser that keeps both; it cannot recurse as deep as the one that has read it already
    if not json_deeper_than(parameters, PARSED_TWICE_TO):
        members: list[tuple[str, object]] = json.loads(body, object_pairs_hook=lambda pairs: pairs)
        _refuse_repeated([name for name, _ in members])


def _refuse_repeated(names: Sequence[str]) -> None:
    for name in PARAMETERS:
        if names.count(name) > 1:
            raise Refused(Code.BAD_REQUEST, f"The parameter '{name}' is given more than once.")


def _query_parameters(given: QueryParams) -> dict[str, object]:
    _refuse_repeated([name for name, _ in given.multi_items()])
    parameters: dict[str, object] = {name: given[name] for name in PARAMETERS[:3] if name in given}
    for name in ("variables", "extensions"):
        if given.get(name):
            parameters[name] = _json(given[name], f"The parameter '{name}'")
    return parameters


def _refusal(refused: Refused, media: Media, status: int | None = None) -> Response:
    response = _response(status or status_of(refused.code, media), {"errors": refused.formatted()}, media)
    response.headers.update(headers_of(refused))
    return response


def headers_of(refused: Refused) -> dict[str, str]:
    """What a refusal says in the headers of its answer."""
    headers: dict[str, str] = {}
    if refused.code is Code.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = "Bearer"
    if refused.retry_after is not None:
        headers["Retry-After"] = str(refused.retry_after)
    if refused.code is Code.METHOD_NOT_ALLOWED:
        headers["Allow"] = "POST"
    return headers


def _response(status: int, answer: Answer | list[Answer], media: Media) -> Response:
    return _Whole(orjson.dumps(answer), status, media)


class _Whole(Response):
    """An answer in one piece: its headers are always the same but for the length, and put together once."""

    HEADERS: Final = {
        media: ((b"content-type", f"{media}; charset=utf-8".encode()), (b"vary", b"Accept")) for media in ANSWERS
    }

    def __init__(self, body: bytes, status: int, media: Media) -> None:
        self.body, self.status_code, self.background = body, status, None
        self.raw_headers = [*self.HEADERS[media], (b"content-length", str(len(body)).encode())]
