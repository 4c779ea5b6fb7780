"""Runs checked operations against the schema."""

from collections.abc import AsyncGenerator, Mapping
from inspect import isawaitable

import strawberry
from graphql import ExecutionResult, GraphQLSchema, execute, subscribe
from strawberry.execution import optimized_is_awaitable

from app.gateway.documents import Operation


class Executor:
    """The one place that executes; what is behind it may change, its answers may not."""

    def __init__(self, schema: strawberry.Schema) -> None:
        """Raises ValueError when the schema has extensions, as their hooks would never be called."""
        if schema.extensions:
            raise ValueError("The gateway executes without Strawberry's extension hooks; remove them from the schema.")
        self.schema: GraphQLSchema = schema._schema  # the only door that Strawberry has to the executable schema
        self._executor_class = schema.execution_context_class

    async def execute(self, operation: Operation, variables: Mapping[str, object], context: object) -> ExecutionResult:
        """The result of a query or mutation. Errors of fields are in it; nothing that a resolver raises comes out."""
        result = execute(
            self.schema,
            operation.document,
            context_value=context,
            variable_values=dict(variables),
            operation_name=operation.name,
            executor_class=self._executor_class,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]  # it narrows, its annotation does not say so
            operation_extensions=None,
        )
        return await result if isawaitable(result) else result

    async def subscribe(
        self, operation: Operation, variables: Mapping[str, object], context: object
    ) -> AsyncGenerator[ExecutionResult, None] | ExecutionResult:
        """The results of a subscription as they come; a single result when it could not start.

        Closing the generator closes the resolver's. What the resolver raises between two events comes out of it.
        """
        stream = subscribe(
            self.schema,
            operation.document,
            context_value=context,
            variable_values=dict(variables),
            operation_name=operation.name,
            executor_class=self._executor_class,
            operation_extensions=None,
        )
        started = await stream if isawaitable(stream) else stream
        assert isinstance(started, ExecutionResult | AsyncGenerator)  # annotated as an iterator, which cannot be closed
        return started
