"""Runs checked operations against the schema."""

from collections.abc import Callable, Mapping
from inspect import isawaitable

import strawberry
from graphql import (
    DocumentNode,
    ExecutionResult,
    ExperimentalIncrementalExecutionResults,
    GraphQLSchema,
    experimental_execute_incrementally,
)
from strawberry.execution import optimized_is_awaitable

from app.gateway.documents import Operation
from app.gateway.streams import Stream, open_stream
from app.gateway.tracing import field_spans


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
        result = await self._execute(operation, operation.document, variables, context)
        assert isinstance(result, ExecutionResult)  # `document` puts nothing off
        return result

    async def execute_incrementally(
        self, operation: Operation, variables: Mapping[str, object], context: object
    ) -> ExecutionResult | ExperimentalIncrementalExecutionResults:
        """The result of a query or mutation, without what it puts off, and what was put off as it comes.

        Closing the generator of what was put off cancels the work for it.
        """
        return await self._execute(operation, operation.incremental or operation.document, variables, context)

    async def _execute(
        self, operation: Operation, document: DocumentNode, variables: Mapping[str, object], context: object
    ) -> ExecutionResult | ExperimentalIncrementalExecutionResults:
        # `execute` refuses every schema that has the directives
        result = experimental_execute_incrementally(
            self.schema,
            document,
            context_value=context,
            variable_values=dict(variables),
            operation_name=operation.name,
            executor_class=self._executor_class,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]  # it narrows, its annotation does not say so
            operation_extensions=None,
            middleware=field_spans(),
        )
        return await result if isawaitable(result) else result

    async def subscribe(
        self, operation: Operation, variables: Mapping[str, object], make_context: Callable[[], object]
    ) -> Stream | ExecutionResult:
        """A subscription that has started; a single result when it could not."""
        executor = self._executor_class.build(
            self.schema,
            operation.document,
            context_value=make_context(),
            raw_variable_values=dict(variables),
            operation_name=operation.name,
            operation_extensions=None,
        )
        if isinstance(executor, list):
            return ExecutionResult(None, errors=executor)
        return await open_stream(executor, operation, variables, make_context)
