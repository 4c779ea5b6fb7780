"""TMF622's own door to webhooks: POST /hub registers a listener, DELETE /hub/{id} ends it (TMF630).

It is another way to `registerWebhook` and `unregisterWebhook`, for clients that speak the standard only: the same
store, rights, numbers and deliveries. What is refused is told as TMF630 tells it: code, reason, message, status.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from secrets import token_hex
from typing import Final
from urllib.parse import parse_qsl

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.domain.actor import Actor
from app.domain.audit import AuditOutcome
from app.domain.events import EventType
from app.gateway.clients import Throttle, client_of
from app.gateway.errors import Code, Explain, Refused, present_failure
from app.gateway.http import Authenticate, body_in_time, check_content_type, headers_of, identify
from app.gateway.negotiation import Media, status_of
from app.ordering.audit import Audit
from app.ordering.ordering import Ordering
from app.ordering.webhooks import (
    Outcome,
    RegisterWebhook,
    UnregisterWebhook,
    WebhookKnown,
    register_webhook,
    unregister_webhook,
)
from connectors.base import correlation_id

PATH: Final = "/tmf-api/productOrderingManagement/v4/hub"
KEY_HEADER: Final = "Idempotency-Key"
COST: Final = 10
"""What a request costs, as much as a mutation."""
TOLD: Final = (EventType.CREATED, EventType.CHANGED, EventType.STATE_CHANGED)
"""What a listener is told of that does not name its events: those of ours that TMF622 v4 has."""
LONGEST_ID: Final = 200
"""Characters of an id that the audit log keeps."""
STATUS: Final = {"NOT_FOUND": HTTPStatus.NOT_FOUND, "IDEMPOTENCY_CONFLICT": HTTPStatus.CONFLICT}
"""Of refusals that are not 400."""

Act = Callable[[Request, Actor], Awaitable[Response]]


class _Wanted(msgspec.Struct):
    """TMF630 EventSubscriptionInput; what else a client says is passed over."""

    callback: str
    query: str | None = None


class Hub:
    """The two routes."""

    def __init__(
        self,
        authenticate: Authenticate,
        ordering: Ordering,
        audit: Audit,
        explain: Explain,
        code_of: Callable[[Exception], str],
        throttle: Throttle,
        *,
        body_seconds: float,
    ) -> None:
        """`explain` and `code_of` are what the graph tells of exceptions; `body_seconds`: how long a body may take."""
        self._authenticate = authenticate
        self._ordering = ordering
        self._audit = audit
        self._explain = explain
        self._code_of = code_of
        self._throttle = throttle
        self._body_seconds = body_seconds

    def routes(self) -> list[Route]:
        """The routes to add to the gateway."""
        return [
            Route(PATH, self._answering(self._register), methods=["POST"]),
            Route(f"{PATH}/{{id}}", self._answering(self._unregister), methods=["DELETE"]),
        ]

    def _answering(self, act: Act) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                identity = await identify(self._authenticate, request.headers.get("authorization"))
                self._throttle.take(client_of(identity), COST)
                return await act(request, identity.actor)
            except Refused as refused:
                status = status_of(refused.code, Media.GRAPHQL)
                response = _error(status, refused.code, refused.errors[0].message)
                response.headers.update(headers_of(refused))
                return response
            except Exception as failure:
                if (told := self._explain(failure)) is None:
                    raise
                shown = present_failure(failure, self._explain, None)
                retryable = (told.extensions or {}).get("retryable")
                status = HTTPStatus.SERVICE_UNAVAILABLE if retryable else HTTPStatus.FORBIDDEN
                return _error(status, str(shown["extensions"]["code"]), shown["message"])

        return answer

    async def _register(self, request: Request, actor: Actor) -> Response:
        check_content_type(request.headers.get("content-type"))
        wanted = _read(await body_in_time(request, self._body_seconds))
        ask = RegisterWebhook(idempotency_key=_key(request), callback=wanted.callback, query=with_events(wanted.query))
        match await self._recorded("POST", actor, register_webhook(self._ordering, actor, ask)):
            case WebhookKnown(webhook, secret):
                listener = {"id": webhook.id, "callback": webhook.callback, "query": webhook.query}
                told = listener | ({"secret": secret} if secret else {})
                return _answer(HTTPStatus.CREATED, told, {"Location": f"{PATH}/{webhook.id}"})
            case refusal:
                return _refusal(refusal.code.name, refusal.message)

    async def _unregister(self, request: Request, actor: Actor) -> Response:
        ask = UnregisterWebhook(idempotency_key=_key(request), webhook_id=request.path_params["id"])
        match await self._recorded("DELETE", actor, unregister_webhook(self._ordering, actor, ask), ask.webhook_id):
            case WebhookKnown():
                return Response(status_code=HTTPStatus.NO_CONTENT)
            case refusal:
                return _refusal(refusal.code.name, refusal.message)

    async def _recorded(self, method: str, actor: Actor, outcome: Awaitable[Outcome], *ids: str) -> Outcome:
        async with self._audit.mutation(
            actor,
            f"{method} {PATH}",
            self._code_of,
            about=[f"Webhook:{one[:LONGEST_ID]}" for one in ids],
            correlation_id=correlation_id.get(),
        ) as entry:
            match found := await outcome:
                case WebhookKnown(replayed=True):
                    entry.outcome = AuditOutcome.REPLAYED
                case WebhookKnown():
                    pass
                case refusal:
                    entry.outcome, entry.codes = AuditOutcome.REFUSED, (refusal.code.name,)
        return found


def with_events(query: str | None) -> str | None:
    """The query, naming the events of the standard where it names none."""
    names = {name.rpartition(".")[2] for name, _ in parse_qsl(query or "", keep_blank_values=True)}
    return query if "eventType" in names else "&".join(filter(None, (f"eventType={','.join(TOLD)}", query)))


def _read(body: bytes) -> _Wanted:
    try:
        return msgspec.json.decode(body, type=_Wanted)
    except (ValueError, RecursionError) as error:
        raise Refused(Code.BAD_REQUEST, f"The body is no JSON object with a callback: {error}.") from None


def _key(request: Request) -> str:
    return request.headers.get(KEY_HEADER) or token_hex(16)


def _refusal(code: str, message: str) -> Response:
    return _error(STATUS.get(code, HTTPStatus.BAD_REQUEST), code, message)


def _error(status: int, code: str, message: str) -> Response:
    told = {"code": code, "reason": HTTPStatus(status).phrase, "message": message, "status": str(int(status))}
    return _answer(status, told)


def _answer(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, {"Content-Type": Media.JSON, **(headers or {})})
