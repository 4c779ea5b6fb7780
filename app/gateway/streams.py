"""Subscriptions: how a message becomes an answer, once for all subscribers who are to get the same one.

A message says of itself, by attributes of these names, if anything: `cursor`, its place in its feed, behind which a
subscription with the argument `after` goes on; and `share`: subscribers of one operation get the same answer to
messages with the same cursor whose `share` is equal (None: each its own).
"""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Mapping
from inspect import isawaitable
from typing import Any, Final, cast

import orjson
from graphql import ExecutionResult, create_source_event_stream, execute_subscription_event
from graphql.execution import Executor as GraphQLExecutor

from app.gateway.documents import Operation

KEPT: Final = 1024
"""Answers that are kept for subscribers who have not been told yet; all of them read one within moments."""

Key = tuple[Hashable, ...]


class Shared:
    """The answers to the newest messages, by what they depend on, as JSON."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, orjson.Fragment] = OrderedDict()

    def get(self, key: Key) -> orjson.Fragment | None:
        """The answer that was kept under this key."""
        return self._kept.get(key)

    def keep(self, key: Key, data: object) -> orjson.Fragment:
        """Keep the answer, in place of the oldest when there are too many."""
        kept = self._kept[key] = orjson.Fragment(orjson.dumps(data))
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return kept


class Stream:
    """A subscription that has started."""

    def __init__(
        self,
        executor: GraphQLExecutor[Any],
        messages: AsyncGenerator[object, None],
        make_context: Callable[[], object],
        shared_by: Key,
    ) -> None:
        """`make_context` gives each message a context of its own, so that nothing loaded for one is told of another.

        `shared_by` is what answers depend on beside the message.
        """
        self.messages = messages
        self.shared_by = shared_by
        self._executor = executor
        self._make_context = make_context

    def execute(self, message: object) -> ExecutionResult | Awaitable[ExecutionResult]:
        """The result for one message; at once when nothing has to be waited for."""
        executor = self._executor.build_per_event_executor(message)
        executor.context_value = self._make_context()
        return execute_subscription_event(executor)


async def open_stream(
    executor: GraphQLExecutor[Any],
    operation: Operation,
    variables: Mapping[str, object],
    make_context: Callable[[], object],
) -> Stream | ExecutionResult:
    """Start a subscription; a result with errors when it could not start."""
    started = create_source_event_stream(executor)
    messages = await started if isawaitable(started) else started
    if isinstance(messages, ExecutionResult):
        return messages
    given = orjson.dumps({name: variables[name] for name in sorted(operation.varies_with & set(variables))})
    shared_by = (_text(operation), operation.name, given)
    return Stream(executor, cast("AsyncGenerator[object, None]", messages), make_context, shared_by)


def _text(operation: Operation) -> str:
    assert operation.document.loc is not None, "documents are parsed with their locations"
    return operation.document.loc.source.body
