"""What a client asks and what it gets, whatever protocol carries it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol, TypedDict, cast

import orjson
import structlog
from graphql import (
    ExecutionResult,
    GraphQLFormattedError,
    OperationType,
    SubsequentIncrementalExecutionResult,
)

from app.domain.actor import Actor
from app.gateway.budget import Budget
from app.gateway.clients import Left, Subscriptions, Throttle, Turns, client_of
from app.gateway.documents import Operation
from app.gateway.errors import Code, Explain, Refused, internal_error, present, present_failure
from app.gateway.execution.executor import Executor
from app.gateway.incremental import Part, Paths, Pending, Spec
from app.gateway.limits import Guard, Limits
from app.gateway.observer import Observer
from app.gateway.persisted import EXTENSION as PERSISTED
from app.gateway.persisted import Lookup
from app.gateway.size import extent_of, json_deeper_than
from app.gateway.streams import Shared, Stream
from app.security.identity import Identity
from connectors.base import correlation_id
from connectors.stale import Stale, StaleAllowed

log = structlog.get_logger()

REFUSED_CHARACTER: Final = 5
"""What a document that is refused costs for each of its characters: it had to be read and checked."""
REFUSED_INPUT: Final = 10_000
"""What it costs when its input, or the request as a whole, is refused."""


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What the gateway knows of one operation, for the context of its resolvers."""

    correlation_id: str
    operation_name: str | None
    resume_after: str | None = None


class OperationContext(Protocol):
    """What resolvers see as `info.context`. Loaders in it live as long as the operation."""

    def abandon(self) -> None:
        """Give up what the operation has begun to load: nobody waits for it any more."""


MakeContext = Callable[[Actor, RequestFacts], OperationContext]
"""Makes the context of one operation."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of a GraphQL request.

    `resume_after` is the cursor of the last message that a client got whose transport goes on where it was interrupted;
    it goes before the subscription's own `after`. `query` is absent when the document is named otherwise.
    """

    query: str | None
    operation_name: str | None = None
    variables: Mapping[str, object] = field(default_factory=dict)
    extensions: Mapping[str, object] = field(default_factory=dict)
    resume_after: str | None = None
    document_id: str | None = None

    @classmethod
    def read(cls, parameters: object) -> "Asked":
        """The parameters as JSON carries them; unknown ones are ignored, null is as good as absent. Raises Refused."""
        if not isinstance(parameters, dict):
            raise Refused(Code.BAD_REQUEST, "The request must be one JSON object; batches are not accepted.")
        for name in ("query", "operationName", "documentId"):
            if not isinstance(parameters.get(name), str | None):
                raise Refused(Code.BAD_REQUEST, f"The parameter '{name}' must be a string.")
        for name in ("variables", "extensions"):
            if not isinstance(parameters.get(name), dict | None):
                raise Refused(Code.BAD_REQUEST, f"The parameter '{name}' must be an object.")
        named = parameters.get("documentId") or PERSISTED in (parameters.get("extensions") or {})
        if parameters.get("query") is None and not named:
            raise Refused(Code.BAD_REQUEST, "The parameter 'query' must be a string.")
        return cls(
            parameters.get("query"),
            parameters.get("operationName") or None,
            parameters.get("variables") or {},
            parameters.get("extensions") or {},
            document_id=parameters.get("documentId"),
        )


@dataclass(frozen=True, slots=True)
class Ready:
    """An operation that may be executed: who asks, with which parameters, and what it costs."""

    operation: Operation
    asked: Asked
    identity: Identity
    cost: int

    @property
    def type(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.operation.type


class Answer(TypedDict, total=False):
    """A GraphQL response, or with `hasNext` one part of it, to be written with orjson.

    Without both of `data` and `hasNext`, the operation was not executed, or it failed as a whole. A message of a feed
    has its place there in `extensions.cursor` (see `cursor_of`).
    """

    errors: list[GraphQLFormattedError]
    data: dict[str, object] | orjson.Fragment | None
    extensions: dict[str, object]
    hasNext: bool


def cursor_of(answer: Answer) -> str | None:
    """The cursor after which a subscription goes on behind this answer; None: it is no message of a feed."""
    cursor = answer.get("extensions", {}).get("cursor")
    return cursor if isinstance(cursor, str) else None


class Operations:
    """Checks and runs what clients ask, for one schema."""

    def __init__(
        self,
        executor: Executor,
        lookup: Lookup,
        make_context: MakeContext,
        explain: Explain,
        limits: Limits,
        throttle: Throttle,
        observer: Observer,
        introspection_roles: Collection[str] | None = None,
    ) -> None:
        """`introspection_roles` may ask for the schema and are told what they may have meant; None: everybody."""
        self.observer = observer
        self._limits = limits
        self._guard = Guard(limits)
        self._subscriptions = Subscriptions(self._guard)
        self._throttle = throttle
        self._turns = Turns(limits)
        self._budget = Budget(self._guard, limits)
        self._introspection_roles = introspection_roles
        self._executor = executor
        self._lookup = lookup
        self._make_context = make_context
        self._explain = explain
        self._shared = Shared()

    def read(self, parameters: object, identity: Identity) -> Asked:
        """What is asked, by the parameters as JSON carries them. Raises Refused."""
        caller = client_of(identity)
        self._throttle.admit(caller)
        try:
            return self._read(parameters)
        except Refused:
            self._throttle.charge(caller, REFUSED_INPUT)
            raise

    def _read(self, parameters: object) -> Asked:
        most = self._limits.json_depth
        if json_deeper_than(parameters, most):
            self._guard.check("json_depth", most + 1)
        asked = Asked.read(parameters)
        if asked.variables:
            extent = extent_of(asked.variables)
            self._guard.check("list_items", extent.list_items)
            self._guard.check("string_characters", extent.string_characters)
        return asked

    def prepare(self, asked: Asked, identity: Identity) -> Ready:
        """The operation that is asked for. Raises Refused when it is not to be executed."""
        try:
            operation = self._lookup.operation(
                asked.query,
                asked.operation_name,
                document_id=asked.document_id,
                persisted=asked.extensions.get(PERSISTED),
                actor=identity.actor,
            )
        except Refused as refused:
            self._throttle.charge(client_of(identity), REFUSED_CHARACTER * len(asked.query or ""))
            raise refused if self._sees_schema(identity) else refused.without_suggestions() from None
        if operation.introspects and not self._sees_schema(identity):
            raise Refused(Code.INTROSPECTION_NOT_ALLOWED, "Your role may not ask for the schema.")
        cost = operation.cost.of(asked.variables)
        self._guard.check("cost", cost, self._most_cost(identity))
        return Ready(operation, asked, identity, cost)

    async def run(self, ready: Ready) -> Answer:
        """The answer to a query or mutation. Raises Refused when the variables are wrong."""
        left = self._throttle.take(client_of(ready.identity), ready.cost)
        operation = ready.operation
        with self.observer.operation(operation) as seen, _stale_allowed(operation) as stale:
            context = self._context(ready)
            execution = self._executor.execute(operation, ready.asked.variables, context)
            if ready.cost >= self._limits.costly:
                execution = self._turns.in_turn(client_of(ready.identity), execution)
            result = await self._budget.spend(operation.type, execution, context.abandon)
            answer = self._whole(result, ready, left, stale)
            seen.answered(answer)
            return answer

    def _whole(self, result: ExecutionResult, ready: Ready, left: Left, stale: StaleAllowed | None) -> Answer:
        try:
            answer = self._answer(result, ready.operation)
        except Refused as refused:
            raise refused if self._sees_schema(ready.identity) else refused.without_suggestions() from None
        return self._extended(answer, ready, left, stale)

    async def stream(self, ready: Ready, incremental: Spec | None = None) -> AsyncGenerator[Answer, None]:
        """The answers of any operation: one for a query or mutation, the events of a subscription.

        With `incremental`, a query or mutation that puts something off is answered in parts of that format, each with
        `hasNext`; without, as a whole. Raises Refused when it could not start. A subscription that fails while running
        ends with an answer that has errors only.
        """
        if ready.type is not OperationType.SUBSCRIPTION:
            if incremental is None or ready.operation.incremental is None:
                yield await self.run(ready)
                return
            async with aclosing(self._parts(ready, incremental)) as parts:
                async for part in parts:
                    yield part
            return
        with self._subscriptions.one_of(ready.identity), self.observer.subscription(ready.operation):
            self._throttle.take(client_of(ready.identity), ready.cost)  # once: events that are pushed cost nothing more
            async with aclosing(self._events(ready)) as answers:
                async for answer in answers:
                    yield answer

    async def answers(self, ready: Ready, incremental: Spec | None = None) -> AsyncGenerator[Answer, None]:
        """As `stream`, for a client that already listens: what goes wrong is an answer that has errors only."""
        try:
            async with aclosing(self.stream(ready, incremental)) as answers:
                async for answer in answers:
                    yield answer
        except Refused as refused:
            self.observer.refused(refused)
            yield {"errors": refused.formatted()}
        except Exception:  # the outermost door of an operation: nobody sees it but the log
            log.exception("internal_error", operation_name=ready.operation.name)
            yield {"errors": [internal_error()]}

    async def _parts(self, ready: Ready, spec: Spec) -> AsyncGenerator[Answer, None]:
        left = self._throttle.take(client_of(ready.identity), ready.cost)
        operation, context = ready.operation, self._context(ready)
        until = self._budget.until()
        pending = Pending()
        # seen until its first part: whoever reads the others may be another task
        with self.observer.operation(operation) as seen, _stale_allowed(operation) as stale:
            execution = self._executor.execute_incrementally(operation, ready.asked.variables, context)
            if ready.cost >= self._limits.costly:
                execution = self._turns.in_turn(client_of(ready.identity), execution)
            result = await self._budget.spend(operation.type, execution, context.abandon)
            if isinstance(result, ExecutionResult):  # what it would have put off is not asked for after all
                first = self._whole(result, ready, left, stale)
            else:
                part: Part = {**result.initial_result.formatted}
                if result.initial_result.errors:
                    part["errors"] = present(result.initial_result.errors, self._explain, operation.name)
                first = self._extended(cast("Answer", part), ready, left, stale)
            seen.answered(first)
        if isinstance(result, ExecutionResult):
            yield first
            return
        shown = Paths().translated if spec is Spec.PATHS else Part
        async with aclosing(result.subsequent_results) as subsequent:
            try:
                told = len(stale.told) if stale is not None else 0
                yield cast("Answer", shown(pending.noted(cast("Part", first))))
                while pending:
                    try:
                        async with asyncio.timeout_at(until):
                            part = self._part(await anext(subsequent), operation)
                    except TimeoutError:
                        context.abandon()
                        part = pending.given_up(self._budget.refusal())
                    if stale is not None and len(stale.told) > told:
                        told = len(stale.told)
                        part["extensions"] = {"warnings": warnings_of(stale.told)}
                    yield cast("Answer", shown(pending.noted(part)))
            finally:
                if pending:
                    context.abandon()

    def _part(self, later: SubsequentIncrementalExecutionResult, operation: Operation) -> Part:
        """A later part of an answer, its errors as the client may see them."""
        part: Part = {**later.formatted}
        for name, results in (("incremental", later.incremental), ("completed", later.completed)):
            for shown, result in zip(part.get(name, ()), results or (), strict=True):
                if result.errors:
                    shown["errors"] = present(result.errors, self._explain, operation.name)
        return part

    async def _events(self, ready: Ready) -> AsyncGenerator[Answer, None]:
        operation = ready.operation
        started = await self._executor.subscribe(operation, ready.asked.variables, partial(self._context, ready))
        if isinstance(started, ExecutionResult):
            yield {"errors": self._answer(started, operation)["errors"]}
            return
        async with aclosing(started.messages) as messages:
            while True:
                try:
                    message = await anext(messages)
                except StopAsyncIteration:
                    return
                except Exception as failure:  # noqa: BLE001 - whatever a resolver raises; told or logged there
                    yield {"errors": [present_failure(failure, self._explain, operation.name)]}
                    return
                yield await self._told(started, message, operation)

    async def _told(self, stream: Stream, message: object, operation: Operation) -> Answer:
        """The answer to one message, made once for all subscribers that are to get the same."""
        cursor, share = getattr(message, "cursor", None), getattr(message, "share", None)
        key = None if cursor is None or share is None else (cursor, share, *stream.shared_by)
        if key is not None and (kept := self._shared.get(key)) is not None:
            return {"data": kept, "extensions": {"cursor": cursor}}
        result = stream.execute(message)
        at_once = isinstance(result, ExecutionResult)
        answer = self._answer(result if isinstance(result, ExecutionResult) else await result, operation)
        if cursor is None:
            return answer
        # what had to be waited for was loaded by one subscriber's right, and is for that subscriber only
        if key is not None and at_once and "errors" not in answer:
            answer["data"] = self._shared.keep(key, answer["data"])
        answer["extensions"] = {"cursor": cursor}
        return answer

    def _sees_schema(self, identity: Identity) -> bool:
        return self._introspection_roles is None or identity.actor.role.value in self._introspection_roles

    def _most_cost(self, identity: Identity) -> int:
        return self._limits.cost_of_role.get(identity.actor.role.value, self._limits.cost)

    def _extended(self, answer: Answer, ready: Ready, left: Left, stale: StaleAllowed | None) -> Answer:
        """The answer with what its client should know of it."""
        extensions: dict[str, object] = {}
        if self._limits.cost_shown:
            most = self._most_cost(ready.identity)
            extensions["cost"] = {"requested": ready.cost, "max": most, "throttleStatus": left.shown()}
        if stale is not None and stale.told:
            extensions["warnings"] = warnings_of(stale.told)
        if extensions:
            answer["extensions"] = extensions
        return answer

    def _context(self, ready: Ready) -> OperationContext:
        facts = RequestFacts(correlation_id.get(), ready.operation.name, ready.asked.resume_after)
        return self._make_context(ready.identity.actor, facts)

    def _answer(self, result: ExecutionResult, operation: Operation) -> Answer:
        if not result.errors:
            return {"data": cast("dict[str, object]", result.data)}
        if result.data is None and all(error.path is None for error in result.errors):
            raise Refused(Code.BAD_USER_INPUT, *result.errors)  # every error of a field has its path
        return {"errors": present(result.errors, self._explain, operation.name), "data": result.data}


def _stale_allowed(operation: Operation) -> AbstractContextManager[StaleAllowed | None]:
    """A mutation decides by what is so now; a query would rather have an old answer than none."""
    return StaleAllowed() if operation.type is OperationType.QUERY else nullcontext()


def warnings_of(told: Sequence[Stale]) -> list[dict[str, object]]:
    """What a client should know of an answer that is whole: which backend was silent, and how old what it gets is."""
    oldest: dict[str, float] = {}
    for stale in told:
        oldest[stale.backend] = max(stale.age, oldest.get(stale.backend, 0.0))
    return [
        {
            "code": "STALE",
            "message": f"The backend {backend!r} gave no answer; what it said {age:.0f} seconds ago is shown instead.",
            "backend": backend,
            "ageSeconds": round(age),
        }
        for backend, age in oldest.items()
    ]
