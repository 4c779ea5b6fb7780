"""What an operation asks for, laid out beforehand: which fields of which type, how each is had and completed.

`@skip`, `@include` and fragments are gone from a plan: it holds for the values of those variables that decide them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

import strawberry
from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import CollectFieldsContext, FragmentDetails, visit_selection_sets
from graphql.execution.values import VariableValues
from strawberry.types.field import StrawberryField

from app.relation import Relation

DEFINITION: Final = "strawberry-definition"
"""Under this key a field of the executable schema names the Strawberry field that it was made of."""
CONVERTER: Final = "strawberry.schema.schema_converter"
"""Where Strawberry makes the functions of its fields."""
UNCOVERED_DIRECTIVES: Final = frozenset({"defer", "stream", "experimental_disableErrorPropagation"})


class How(Enum):
    """How the value of a field is had."""

    TYPENAME = "typename"
    ATTRIBUTE = "attribute"
    """An attribute of the value above."""
    RESOLVER = "resolver"
    """A plain function that Strawberry would call with arguments converted, nothing around it."""
    WRAPPED = "wrapped"
    """Whatever function the schema has for it, called the way graphql-core does."""


class Kind(Enum):
    """What is made of a value."""

    LEAF = "leaf"
    LIST = "list"
    OBJECT = "object"
    ABSTRACT = "abstract"


class NotCovered(Exception):
    """Why an operation is not compiled, in one word."""


def not_compiled(*_: object) -> object:
    """In place of what has not been generated."""
    raise AssertionError("no code was generated for this field")


@dataclass(slots=True, eq=False)
class PlanField:
    """One field wherever it stands in the plan. `above` is the field whose value it belongs to; None: the root.

    Depth 0 of `kinds`, `types` and `nullable` is the field itself, depth 1 the members of its list, and so on.
    """

    key: str
    nodes: list[FieldNode]
    definition: GraphQLField
    parent: GraphQLObjectType
    above: "PlanField | None"
    how: How
    strawberry_field: StrawberryField | None
    kinds: tuple[Kind, ...]
    types: tuple[Any, ...]
    nullable: tuple[bool, ...]
    has_variables: bool
    complete: Callable[..., Any] = not_compiled
    """What a value of it becomes in the answer, as generated code has it."""
    shareable: bool = False
    """Whether what a value becomes depends on nothing but the value."""
    kept_kwargs: Mapping[str, Any] | None = None
    """Its arguments, when they are always the same."""
    objects: dict[str, "PlanObject"] = field(default_factory=dict)
    """What is asked of the value, by the type that it turns out to have; filled when first met."""

    @property
    def leaf(self) -> Any:
        """The innermost type."""
        return self.types[-1]

    @property
    def relation(self) -> Relation | None:
        """What relates its value to the one above, where that is all there is to it."""
        resolver = self.strawberry_field and self.how is How.RESOLVER and self.strawberry_field.base_resolver
        function: object = resolver and resolver.wrapped_func
        return function if isinstance(function, Relation) else None

    def __repr__(self) -> str:
        return f"{self.parent.name}.{self.nodes[0].name.value}"


@dataclass(slots=True, eq=False)
class PlanObject:
    """The fields that are asked of a value of this type, in the order of the answer."""

    type: GraphQLObjectType
    fields: tuple[PlanField, ...]
    of: PlanField


class Plan:
    """One operation under one choice of what `@skip` and `@include` leave."""

    def __init__(
        self,
        schema: strawberry.Schema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        conditions: Mapping[str, bool],
    ) -> None:
        self.strawberry_schema = schema
        self.schema: GraphQLSchema = schema._schema  # the only door that Strawberry has to the executable schema
        self.operation = operation
        self.fragments = dict(fragments)
        self._details = {name: FragmentDetails(fragment) for name, fragment in fragments.items()}
        self._conditions = VariableValues({}, dict(conditions))
        root_type = self.schema.get_root_type(operation.operation)
        if root_type is None:
            raise NotCovered("no_root")
        self.root_field = PlanField(
            key="",
            nodes=[],
            definition=GraphQLField(root_type),
            parent=root_type,
            above=None,
            how=How.ATTRIBUTE,
            strawberry_field=None,
            kinds=(Kind.OBJECT,),
            types=(root_type,),
            nullable=(True,),
            has_variables=False,
        )
        self.root = self._object(self.root_field, root_type, [operation.selection_set])

    @property
    def serial(self) -> bool:
        """Whether one root field is carried out after the other."""
        return self.operation.operation is OperationType.MUTATION

    def object(self, of: PlanField, type_: GraphQLObjectType) -> PlanObject:
        """What is asked of the value of a field when it has this type."""
        known = of.objects.get(type_.name)
        if known is None:
            sets = [node.selection_set for node in of.nodes if node.selection_set]
            known = of.objects[type_.name] = self._object(of, type_, sets)
        return known

    def _object(self, of: PlanField, type_: GraphQLObjectType, sets: list[SelectionSetNode]) -> PlanObject:
        context = CollectFieldsContext(
            self.schema, self._details, self._conditions, self.operation, type_, {}, False, [], False
        )
        grouped: dict[str, list[Any]] = _Lists()
        for selections in sets:
            visit_selection_sets(context, selections, grouped, [])
        fields = []
        for key, details in grouped.items():
            nodes = [detail.node for detail in details]
            definition = self.schema.get_field(type_, nodes[0].name.value)
            if definition is not None:  # a field that is not there is left out, as graphql-core does
                fields.append(self._field(key, nodes, definition, type_, of))
        return PlanObject(type_, tuple(fields), of)

    def _field(
        self, key: str, nodes: list[FieldNode], definition: GraphQLField, parent: GraphQLObjectType, above: PlanField
    ) -> PlanField:
        kinds, types, nullable = _layers(definition)
        how, strawberry_field = _how(self.strawberry_schema, nodes[0], definition)
        return PlanField(
            key=key,
            nodes=nodes,
            definition=definition,
            parent=parent,
            above=above,
            how=how,
            strawberry_field=strawberry_field,
            kinds=kinds,
            types=types,
            nullable=nullable,
            has_variables=any(map(_has_variables, nodes[0].arguments or ())),
        )


class _Lists(dict[str, list[Any]]):
    def __missing__(self, key: str) -> list[Any]:
        made = self[key] = []
        return made


def _layers(definition: GraphQLField) -> tuple[tuple[Kind, ...], tuple[Any, ...], tuple[bool, ...]]:
    """Kinds, types and nullability of a field's value, its members, their members …"""
    kinds: list[Kind] = []
    types: list[Any] = []
    nullable: list[bool] = []
    type_: Any = definition.type
    while True:
        nullable.append(not is_non_null_type(type_))
        type_ = type_.of_type if is_non_null_type(type_) else type_
        types.append(type_)
        if is_list_type(type_):
            kinds.append(Kind.LIST)
            type_ = type_.of_type
            continue
        kinds.append(Kind.LEAF if is_leaf_type(type_) else Kind.ABSTRACT if is_abstract_type(type_) else Kind.OBJECT)
        return tuple(kinds), tuple(types), tuple(nullable)


def as_made(definition: GraphQLField) -> StrawberryField | None:
    """The Strawberry field that this one was made of; None when it is none, or somebody has put another function in
    place of its own: that one has to be called, as it may turn the caller away.
    """
    made_of = definition.extensions.get(DEFINITION)
    if not isinstance(made_of, StrawberryField) or getattr(definition.resolve, "__module__", None) != CONVERTER:
        return None
    return made_of


def _how(schema: strawberry.Schema, node: FieldNode, definition: GraphQLField) -> tuple[How, StrawberryField | None]:
    if node.name.value == "__typename":
        return How.TYPENAME, None
    made_of = as_made(definition)
    if (
        made_of is None
        or type(made_of).get_result is not StrawberryField.get_result
        or made_of.extensions
        or schema.schema_converter.exception_handlers
        or schema.config.info_class is not strawberry.Info
    ):
        return How.WRAPPED, None
    return How.RESOLVER if made_of.base_resolver else How.ATTRIBUTE, made_of


def _has_variables(node: Node) -> bool:
    return any(True for _ in _variables(node))


def _variables(node: Node) -> Iterator[str]:
    """The variables that are used in it."""
    if isinstance(node, VariableNode):
        yield node.name.value
    for name in node.keys:
        value = getattr(node, name, None)
        for inner in value if isinstance(value, list | tuple) else (value,):
            if isinstance(inner, Node):
                yield from _variables(inner)


def conditions_of(document_parts: Iterable[Node]) -> tuple[str, ...]:
    """The variables that decide what is skipped and included. Raises NotCovered when a directive is not covered."""
    found: dict[str, None] = {}
    for part in document_parts:
        for directive in _directives(part):
            name = directive.name.value
            if name in UNCOVERED_DIRECTIVES:
                raise NotCovered(name.removeprefix("experimental_"))
            if name in ("skip", "include"):
                found.update(dict.fromkeys(_variables(directive)))
    return tuple(found)


def _directives(node: Node) -> Iterator[DirectiveNode]:
    if isinstance(node, FragmentDefinitionNode) and node.variable_definitions:
        raise NotCovered("fragment_variables")
    if isinstance(node, FieldNode) and node.name.value in ("__schema", "__type"):
        raise NotCovered("introspection")
    if isinstance(
        node, OperationDefinitionNode | FragmentDefinitionNode | FieldNode | InlineFragmentNode | FragmentSpreadNode
    ):
        yield from node.directives or ()
    selections = getattr(node, "selection_set", None)
    for selection in selections.selections if selections else ():
        yield from _directives(selection)
