"""Documents, parsed and checked once."""

from collections import OrderedDict
from dataclasses import dataclass, field, fields
from typing import Any, Final

from graphql import (
    DocumentNode,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    parse,
    specified_rules,
    validate,
)
from graphql.validation.rules import overlapping_fields_can_be_merged
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from app.gateway.costs import Cost, Costs
from app.gateway.errors import Code, Refused
from app.gateway.execution.sightings import Sightings
from app.gateway.incremental import whole
from app.gateway.limits import Exceeded, Guard, Limits
from app.gateway.sharing import varies_with
from app.gateway.size import extent_of_literals, has_more_tokens, introspects, measure

RULES: Final = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
"""Those of the standard, and what Strawberry's input types need."""
MOST_ERRORS: Final = 10
"""Of one document: each may cost milliseconds, because what was meant is looked for."""
ABORTED: Final = "Validation aborted."
MOST_COMPARED: Final = 20_000
"""How much comparing of fields that have one name in the answer is done for one document, in units of graphql-core.

Its own default lets one document take seconds; what people write takes less than a hundredth of this.
"""
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = MOST_COMPARED


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a document that is valid for the schema and within the limits.

    `document` and `definition` put nothing off; `incremental` is the document with its `@defer` and `@stream`, None
    when it has none.
    """

    document: DocumentNode
    definition: OperationDefinitionNode
    cost: Cost
    introspects: bool
    """Whether it asks for the schema itself."""
    exceeded: tuple[Exceeded, ...] = ()
    """Limits that it exceeds and that are only watched."""
    varies_with: frozenset[str] = frozenset()
    """Variables on which the answer to a message of the subscription depends."""
    incremental: DocumentNode | None = None
    sightings: Sightings[Any] = field(default_factory=Sightings, compare=False, repr=False)
    """The executor's own."""

    @property
    def type(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.definition.operation

    @property
    def name(self) -> str | None:
        """The operation's name in its document."""
        return self.definition.name.value if self.definition.name else None


class Documents:
    """The documents that clients send, with those that were valid and used last kept.

    `validations` counts the documents that were checked against the schema, `hits` and `misses` the look-ups.
    """

    def __init__(self, schema: GraphQLSchema, limits: Limits) -> None:
        self._schema = schema
        self._limits = limits
        self._guard = Guard(limits)
        self._costs = Costs(schema)
        self._kept: OrderedDict[tuple[str, str | None], Operation] = OrderedDict()
        self._kept_characters = 0
        self.validations = 0
        self.hits = 0
        self.misses = 0

    @property
    def kept(self) -> int:
        """How many are kept."""
        return len(self._kept)

    def operation(self, text: str, name: str | None) -> Operation:
        """The operation of this name, or the only one. Raises Refused."""
        key = (text, name)
        if (kept := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
            self.hits += 1
            for exceeded in kept.exceeded:
                self._guard.warn(exceeded)
            return kept
        self.misses += 1
        operation = self._check(text, name)
        self._keep(key, operation)
        return operation

    def _keep(self, key: tuple[str, str | None], operation: Operation) -> None:
        size = len(key[0])
        if size > self._limits.cached_characters // 20:  # one huge document must not drive out everybody else's
            return
        self._kept[key] = operation
        self._kept_characters += size
        while self._kept_characters > self._limits.cached_characters:
            (text, _), _ = self._kept.popitem(last=False)
            self._kept_characters -= len(text)

    def _check(self, text: str, name: str | None) -> Operation:
        document = self._parse(text)
        exceeded = self._sizes(document)
        definition = _select(document, name)
        exceeded += self._within("variables", len(definition.variable_definitions or ()))
        self.validations += 1
        errors = validate(self._schema, document, RULES, max_errors=MOST_ERRORS)
        if errors and errors[-1].message == ABORTED:
            told = "The document cannot be checked: it has too many fields of one name, or fragments nested too deeply."
            raise Refused(Code.GRAPHQL_VALIDATION_FAILED, told)
        if errors:
            raise Refused(Code.GRAPHQL_VALIDATION_FAILED, *errors)
        cost = self._costs.compile(document, definition)
        varying = varies_with(document, definition)
        introspective = introspects(document)
        at_once = whole(document, text)
        if at_once is document:
            return Operation(document, definition, cost, introspective, tuple(exceeded), varying)
        return Operation(at_once, _select(at_once, name), cost, introspective, tuple(exceeded), varying, document)

    def _parse(self, text: str) -> DocumentNode:
        most = None if self._limits.only_warns("tokens") else self._limits.tokens
        if most is not None and has_more_tokens(text, most):
            raise self._guard.refusal(Exceeded("tokens", most + 1, most))
        try:
            return parse(text, max_lexical_tokens=most)
        except GraphQLSyntaxError as error:
            # the parser tells its limits from its syntax errors by their words only
            if "tokens. Parsing aborted" in error.message:
                most = self._limits.tokens
                raise self._guard.refusal(Exceeded("tokens", most + 1, most)) from None
            too_deep = "nested too deeply" in error.message
            code = Code.DEPTH_LIMIT_EXCEEDED if too_deep else Code.GRAPHQL_PARSE_FAILED
            raise Refused(code, error) from None

    def _sizes(self, document: DocumentNode) -> list[Exceeded]:
        """The watched limits that the document exceeds. Raises Refused for the others."""
        operations = sum(isinstance(d, OperationDefinitionNode) for d in document.definitions)
        exceeded = self._within("tokens", document.token_count) + self._within("operations", operations)
        for measured in (measure(document), extent_of_literals(document)):
            for measure_of in fields(measured):
                exceeded += self._within(measure_of.name, getattr(measured, measure_of.name))
        return exceeded

    def _within(self, limit: str, found: int) -> list[Exceeded]:
        exceeded = self._guard.check(limit, found)
        return [exceeded] if exceeded else []


def _select(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    if name is not None:
        operations = [operation for operation in operations if operation.name and operation.name.value == name]
    if not operations:
        told = (
            "The document has no operation." if name is None else f"The document has no operation named {name[:80]!r}."
        )
        raise Refused(Code.OPERATION_RESOLUTION_FAILURE, told)
    if len(operations) > 1:
        told = "The document has several operations; say which one to execute by operationName."
        raise Refused(Code.OPERATION_RESOLUTION_FAILURE, told)
    return operations[0]
