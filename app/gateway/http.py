"""GraphQL over HTTP: GET and POST at one path."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import orjson
from graphql import OperationType
from starlette.requests import Request
from starlette.responses import Response

from app.gateway.errors import Code, Refused
from app.gateway.graphiql import Page
from app.gateway.negotiation import Media, negotiate, status_of
from app.gateway.operations import Answer, Operations
from app.security.identity import AuthenticationUnavailable, Identity, NotAuthenticated

Authenticate = Callable[[str | None], Awaitable[Identity]]
"""From a bearer token (None: the request had none) to who calls.

Raises NotAuthenticated, or AuthenticationUnavailable when nobody can be told who they are at the moment."""

ANSWERS: Final = (Media.JSON, Media.GRAPHQL)


class GraphQLOverHTTP:
    """The endpoint. Refuses with a GraphQL error body whatever is wrong with the request."""

    def __init__(self, operations: Operations, authenticate: Authenticate, page: Page | None) -> None:
        self._operations = operations
        self._authenticate = authenticate
        self._page = page

    async def __call__(self, request: Request) -> Response:
        """The answer to one HTTP request."""
        accept = ",".join(request.headers.getlist("accept")) or None
        if self._page and request.method == "GET" and negotiate(accept, (*ANSWERS, Media.HTML)) is Media.HTML:
            return self._page.response(request.headers.get("host", ""))
        media = negotiate(accept, ANSWERS)
        try:
            if media is None:
                raise Refused(Code.NOT_ACCEPTABLE, f"The answer is one of {' and '.join(ANSWERS)}; accept one of them.")
            return await self._answer(request, media)
        except Refused as refused:
            self._operations.observer.refused(refused)
            return _refusal(refused, media or Media.JSON)

    async def _answer(self, request: Request, media: Media) -> Response:
        if request.method == "POST":
            _check_content_type(request.headers.get("content-type"))
        identity = await identify(self._authenticate, request.headers.get("authorization"))
        if request.method == "POST":
            parameters = _json(await request.body(), "The request body")
        else:
            parameters = _query_parameters(request.query_params)
        ready = self._operations.prepare(self._operations.read(parameters), identity)
        if ready.type is OperationType.SUBSCRIPTION:
            told = "A subscription needs a WebSocket: connect to this path with the subprotocol graphql-transport-ws."
            raise Refused(Code.SUBSCRIPTION_NEEDS_WEBSOCKET, told)
        if request.method != "POST" and ready.type is not OperationType.QUERY:
            raise Refused(Code.METHOD_NOT_ALLOWED, "GET is for queries only; send a mutation by POST.")
        return _response(200, await self._operations.run(ready), media)


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


def _check_content_type(content_type: str | None) -> None:
    """Nothing but JSON: what a browser sends without asking first (forms, plain text) must not change anything."""
    media, *parameters = (part.strip().lower() for part in (content_type or "").split(";"))
    charsets = [p.removeprefix("charset=").strip('"') for p in parameters if p.startswith("charset=")]
    if media != Media.JSON or any(charset not in ("utf-8", "utf8") for charset in charsets):
        raise Refused(Code.UNSUPPORTED_MEDIA_TYPE, f"Content-Type must be {Media.JSON} in UTF-8.")


def _json(text: bytes | str, what: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Refused(Code.BAD_REQUEST, f"{what} is not JSON in UTF-8: {error}.") from None


def _query_parameters(given: Mapping[str, str]) -> dict[str, object]:
    parameters: dict[str, object] = {name: given[name] for name in ("query", "operationName") if name in given}
    for name in ("variables", "extensions"):
        if given.get(name):
            parameters[name] = _json(given[name], f"The parameter '{name}'")
    return parameters


def _refusal(refused: Refused, media: Media) -> Response:
    response = _response(status_of(refused.code, media), {"errors": refused.formatted()}, media)
    if refused.code is Code.UNAUTHENTICATED:
        response.headers["WWW-Authenticate"] = "Bearer"
    if refused.retry_after is not None:
        response.headers["Retry-After"] = str(refused.retry_after)
    if refused.code is Code.METHOD_NOT_ALLOWED:
        response.headers["Allow"] = "POST"
    return response


def _response(status: int, answer: Answer, media: Media) -> Response:
    headers = {"Content-Type": f"{media}; charset=utf-8", "Vary": "Accept"}
    return Response(orjson.dumps(answer), status, headers)
