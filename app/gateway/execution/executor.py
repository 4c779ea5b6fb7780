"""Runs checked operations against the schema."""

from collections.abc import Callable, Mapping
from inspect import isawaitable
from typing import Final

import strawberry
import structlog
from graphql import (
    DocumentNode,
    ExecutionResult,
    ExperimentalIncrementalExecutionResults,
    FragmentDefinitionNode,
    GraphQLSchema,
    MiddlewareManager,
    OperationType,
    experimental_execute_incrementally,
)
from graphql.execution.values import VariableValues, get_variable_values
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext as CoreExecutor

from app.gateway.documents import Operation
from app.gateway.execution.code import Code
from app.gateway.execution.leaves import LeafExecutor
from app.gateway.execution.plan import NotCovered, Plan, conditions_of
from app.gateway.execution.run import Run
from app.gateway.execution.sightings import Sightings
from app.gateway.meters import EXECUTIONS
from app.gateway.streams import Stream, open_stream
from app.gateway.tracing import FieldSpans, field_spans

log = structlog.get_logger()

COMPILED_AT: Final = 2
"""At which sight of an operation it is compiled; compiling costs more than carrying out a small one does."""
MOST_VARIANTS: Final = 16
"""How many choices of what `@skip` and `@include` leave are compiled for one operation."""
MOST_ERRORS: Final = 50
FIRST_SIGHT: Final = "first_sight"
AS_COMPILED: Final = EXECUTIONS.labels("compiled")


class Executor:
    """The one place that executes; what is behind it may change, its answers may not."""

    def __init__(self, schema: strawberry.Schema, *, compiled: bool = True) -> None:
        """Raises ValueError when the schema has extensions, as their hooks would never be called."""
        if schema.extensions:
            raise ValueError("The gateway executes without Strawberry's extension hooks; remove them from the schema.")
        self.schema: GraphQLSchema = schema._schema  # the only door that Strawberry has to the executable schema
        self._strawberry_schema = schema
        self._compiles = compiled

    def prepare(self, operation: Operation) -> None:
        """Have it compiled, as an operation that will be executed often: now, or when it is first executed where
        variables decide what it asks for.
        """
        sightings = operation.sightings
        sightings.count = max(sightings.count, COMPILED_AT)
        if self._why_not(operation) is None and not sightings.conditions:
            self._code(operation, VariableValues({}, {}))

    async def execute(self, operation: Operation, variables: Mapping[str, object], context: object) -> ExecutionResult:
        """The result of a query or mutation. Errors of fields are in it; nothing that a resolver raises comes out."""
        sightings = operation.sightings
        sightings.count += 1
        spans = field_spans()
        how = self._why_not(operation)
        if how is None:
            values = get_variable_values(
                self.schema, operation.definition.variable_definitions or (), dict(variables), MOST_ERRORS
            )
            if isinstance(values, list):
                AS_COMPILED.inc()
                return ExecutionResult(None, values)
            code = self._code(operation, values, traced=spans is not None)
            if code is not None:
                AS_COMPILED.inc()
                return await code.execute(Run(code.plan, values, context, spans))
            how = sightings.why_not or "variants"
        EXECUTIONS.labels(how).inc()
        return await self._interpreted(operation, variables, context, spans)

    def code(self, operation: Operation, values: VariableValues, *, traced: bool = False) -> Code:
        """The compiled operation. Raises NotCovered."""
        fragments = {d.name.value: d for d in operation.document.definitions if isinstance(d, FragmentDefinitionNode)}
        conditions = {name: values.coerced[name] for name in self.conditions(operation)}
        return Code(Plan(self._strawberry_schema, operation.definition, fragments, conditions), traced=traced)

    def _why_not(self, operation: Operation) -> str | None:
        """Why this execution is not compiled; None: it is."""
        sightings = operation.sightings
        if not self._compiles:
            return "switched_off"
        if sightings.why_not is None and sightings.count < COMPILED_AT:
            return FIRST_SIGHT
        if sightings.why_not is None and sightings.conditions is None:
            try:
                self.conditions(operation)
            except NotCovered as reason:
                sightings.why_not = str(reason)
        return sightings.why_not

    def conditions(self, operation: Operation) -> tuple[str, ...]:
        """The variables that decide what the operation asks for. Raises NotCovered when it is not compiled."""
        sightings = operation.sightings
        if sightings.conditions is None:
            if operation.type is OperationType.SUBSCRIPTION:
                raise NotCovered("subscription")
            fragments = [d for d in operation.document.definitions if isinstance(d, FragmentDefinitionNode)]
            sightings.conditions = conditions_of([operation.definition, *fragments])
        return sightings.conditions

    def _code(self, operation: Operation, values: VariableValues, *, traced: bool = False) -> Code | None:
        sightings: Sightings[Code] = operation.sightings
        choice = (traced, *[values.coerced.get(name) for name in sightings.conditions or ()])
        known = sightings.compiled.get(choice)
        possible = len(sightings.compiled) < MOST_VARIANTS and all(isinstance(value, bool) for value in choice)
        if known is None and possible:
            try:
                known = sightings.compiled[choice] = self.code(operation, values, traced=traced)
            except Exception:  # a fault of the compiler's must not be one of the operation's
                log.exception("operation_not_compiled", operation_name=operation.name)
                sightings.why_not = "fault"
        return known

    async def execute_incrementally(
        self, operation: Operation, variables: Mapping[str, object], context: object
    ) -> ExecutionResult | ExperimentalIncrementalExecutionResults:
        """The result of a query or mutation, without what it puts off, and what was put off as it comes.

        Closing the generator of what was put off cancels the work for it.
        """
        if operation.incremental is None:
            return await self.execute(operation, variables, context)
        EXECUTIONS.labels("incremental").inc()
        spans = field_spans()
        return await self._by_core(operation, operation.incremental, variables, context, spans, CoreExecutor)

    async def _interpreted(
        self,
        operation: Operation,
        variables: Mapping[str, object],
        context: object,
        spans: FieldSpans | None,
    ) -> ExecutionResult:
        result = await self._by_core(operation, operation.document, variables, context, spans, LeafExecutor)
        assert isinstance(result, ExecutionResult)  # `document` puts nothing off
        return result

    async def _by_core(
        self,
        operation: Operation,
        document: DocumentNode,
        variables: Mapping[str, object],
        context: object,
        spans: FieldSpans | None,
        executor_class: type[CoreExecutor],
    ) -> ExecutionResult | ExperimentalIncrementalExecutionResults:
        # `execute` refuses every schema that has the directives
        result = experimental_execute_incrementally(
            self.schema,
            document,
            context_value=context,
            variable_values=dict(variables),
            operation_name=operation.name,
            executor_class=executor_class,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]  # it narrows, its annotation does not say so
            operation_extensions=None,
            middleware=MiddlewareManager(spans) if spans is not None else None,
        )
        return await result if isawaitable(result) else result

    async def subscribe(
        self, operation: Operation, variables: Mapping[str, object], make_context: Callable[[], object]
    ) -> Stream | ExecutionResult:
        """A subscription that has started; a single result when it could not."""
        EXECUTIONS.labels("subscription").inc()
        executor = LeafExecutor.build(
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
