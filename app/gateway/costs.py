"""What an operation costs, estimated before it runs (GraphQL Cost Directives, `@cost` and `@listSize`).

A field costs its own weight once, and the weight of its type and what is selected of it for each element it gives:

    cost(field) = weight of the field + weights of the arguments given + size × (weight of its type + cost(selection))

Where nothing is declared a field weighs nothing, an object one, a leaf nothing. The estimate is an upper bound: what
is selected twice counts twice; of types that exclude each other the dearest counts.

An operation is compiled once into a function of its variables, in time linear in the document: a fragment is compiled
once however often it is spread, and computed once for each request.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final, NamedTuple

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
)

from app.gateway.errors import Code, Refused

ASSUMED_SIZE: Final = 5
"""Of a list about which nothing is declared."""
DEFINITION: Final = "strawberry-definition"
NO_SIZED_FIELDS: Final[frozenset[str]] = frozenset()
INTROSPECTION: Final = 10.0
"""Of `__schema` and `__type` as a whole: they are answered from memory, and validation bounds their depth."""


@dataclass(slots=True)
class _Run:
    """One computation: the variables of the request, and the fragments computed so far."""

    variables: Mapping[str, object]
    fragments: dict[int, float]


Amount = float | Callable[[_Run], float]
"""A number, or how it follows from the variables."""


class _Linear(NamedTuple):
    """`once`, plus `each` for every element of the list that the parent says the size of (`sizedFields`)."""

    once: Amount
    each: Amount


NOTHING: Final = _Linear(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class _ListSize:
    assumed: int | None
    slicing: tuple[tuple[str, ...], ...]
    sized_fields: frozenset[str]
    require_one: bool


@dataclass(frozen=True, slots=True)
class _Weighed:
    """What is declared about a field."""

    weight: float
    arguments: Mapping[str, float]
    element: float
    list_size: _ListSize | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What one operation costs."""

    _amount: Amount

    def of(self, variables: Mapping[str, object]) -> int:
        """With these variables, as they came: no variable that is wrong makes it fail. At least 1."""
        amount = self._amount
        if callable(amount):
            amount = amount(_Run(variables, {}))
        # the sum of weights below zero, or of sizes beyond any number
        return max(ceil(min(amount, 1e15)), 1)


class Costs:
    """Compiles what operations cost, by what one schema declares."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._weighed: dict[tuple[str, str], _Weighed] = {}
        self._possible: dict[str, frozenset[str]] = {}

    def compile(self, document: DocumentNode, operation: OperationDefinitionNode) -> Cost:
        """The cost of an operation of a valid document. Raises Refused when `requireOneSlicingArgument` is broken."""
        fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        defaults = {
            variable.variable.name.value: variable.default_value
            for variable in operation.variable_definitions or ()
            if variable.default_value is not None
        }
        root = self._schema.get_root_type(operation.operation)
        assert root is not None  # the document is valid
        try:
            amount = _Compiler(self, fragments, defaults).selection(root, operation.selection_set, NO_SIZED_FIELDS)
            return Cost(amount.once)
        except RecursionError:
            raise Refused(Code.DEPTH_LIMIT_EXCEEDED, "Fragments spread each other too deeply.") from None

    def declared(self, parent: GraphQLCompositeType, name: str, field: GraphQLField) -> _Weighed:
        """What is declared about this field."""
        key = (parent.name, name)
        if key not in self._weighed:
            self._weighed[key] = _weighed(field)
        return self._weighed[key]

    def type(self, name: str) -> GraphQLCompositeType:
        """The type that a fragment is about."""
        found = self._schema.get_type(name)
        assert is_composite_type(found)
        return found

    def possible(self, type_: GraphQLCompositeType) -> frozenset[str]:
        """The names of the object types that a value of this type can have."""
        if not is_abstract_type(type_):
            return frozenset({type_.name})
        if type_.name not in self._possible:
            self._possible[type_.name] = frozenset(one.name for one in self._schema.get_possible_types(type_))
        return self._possible[type_.name]


class _Compiler:
    """Compiles one operation."""

    def __init__(
        self, costs: Costs, fragments: Mapping[str, FragmentDefinitionNode], defaults: Mapping[str, ValueNode]
    ) -> None:
        self._costs = costs
        self._fragments = fragments
        self._defaults = defaults
        self._done: dict[tuple[str, frozenset[str]], _Linear] = {}

    def selection(self, parent: GraphQLCompositeType, selections: SelectionSetNode, sized: frozenset[str]) -> _Linear:
        """What is selected of one object of this type; `sized` are the fields whose size its own field has said."""
        always: list[_Linear] = []
        conditional: dict[str, list[_Linear]] = {}
        for selection in selections.selections:
            match selection:
                case FieldNode():
                    always.append(self._field(parent, selection, sized))
                case FragmentSpreadNode():
                    fragment = self._fragments[selection.name.value]
                    condition = fragment.type_condition.name.value
                    found = _included(selection.directives, self._fragment(fragment, sized))
                    self._place(parent, condition, found, always, conditional)
                case InlineFragmentNode():
                    condition = selection.type_condition.name.value if selection.type_condition else parent.name
                    inner = self.selection(self._costs.type(condition), selection.selection_set, sized)
                    found = _included(selection.directives, inner)
                    self._place(parent, condition, found, always, conditional)
        return _sum_of([*always, self._dearest(parent, conditional)])

    def _place(
        self,
        parent: GraphQLCompositeType,
        condition: str,
        found: _Linear,
        always: list[_Linear],
        conditional: dict[str, list[_Linear]],
    ) -> None:
        if condition == parent.name or not is_abstract_type(parent):
            always.append(found)
        else:
            conditional.setdefault(condition, []).append(found)

    def _dearest(self, parent: GraphQLCompositeType, conditional: Mapping[str, list[_Linear]]) -> _Linear:
        """What the dearest of the possible types costs."""
        if not conditional:
            return NOTHING
        of_condition = {condition: _sum_of(found) for condition, found in conditional.items()}
        members = {condition: self._costs.possible(self._costs.type(condition)) for condition in of_condition}
        together = {
            frozenset(condition for condition, types in members.items() if type_ in types)
            for type_ in self._costs.possible(parent)
        }
        cases = [_sum_of([of_condition[condition] for condition in case]) for case in together if case]
        return _Linear(_greatest([case.once for case in cases]), _greatest([case.each for case in cases]))

    def _fragment(self, fragment: FragmentDefinitionNode, sized: frozenset[str]) -> _Linear:
        key = (fragment.name.value, sized)
        if key not in self._done:
            condition = self._costs.type(fragment.type_condition.name.value)
            found = self.selection(condition, fragment.selection_set, sized)
            number = 2 * len(self._done)
            self._done[key] = _Linear(_kept(found.once, number), _kept(found.each, number + 1))
        return self._done[key]

    def _field(self, parent: GraphQLCompositeType, node: FieldNode, sized: frozenset[str]) -> _Linear:
        name = node.name.value
        if name.startswith("__"):
            return NOTHING if name == "__typename" else _Linear(INTROSPECTION, 0.0)
        assert not isinstance(parent, GraphQLUnionType), "a union has no field but __typename"
        field = parent.fields[name]
        declared = self._costs.declared(parent, name, field)
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        own = declared.weight + sum(weight for name_, weight in declared.arguments.items() if name_ in given)
        size = self._size(field, declared.list_size, given)
        inside = declared.list_size.sized_fields if declared.list_size else NO_SIZED_FIELDS
        element: Amount = declared.element
        type_ = get_named_type(field.type)
        if node.selection_set and is_composite_type(type_):
            selected = self.selection(type_, node.selection_set, inside)
            element = _sum([element, selected.once, _product(size, selected.each)])
        if name in sized:
            found = _Linear(own, element)
        elif _is_list(field):
            found = _Linear(_sum([own, _product(size, element)]), 0.0)
        else:
            found = _Linear(_sum([own, element]), 0.0)
        return _included(node.directives, found)

    def _size(self, field: GraphQLField, declared: _ListSize | None, given: Mapping[str, ValueNode]) -> Amount:
        """How many elements a field gives at most; the largest of the slicing arguments that have a value."""
        if declared is None:
            return float(ASSUMED_SIZE)
        assumed = float(ASSUMED_SIZE if declared.assumed is None else declared.assumed)
        if declared.require_one and declared.slicing and sum(_has(given, path) for path in declared.slicing) != 1:
            names = ", ".join(".".join(path) for path in declared.slicing)
            raise Refused(Code.GRAPHQL_VALIDATION_FAILED, f"Give exactly one of {names}.")
        sizes = [self._slice(field, path, given) for path in declared.slicing]

        def largest(run: _Run) -> float:
            found = [size for size in (read(run) for read in sizes) if size is not None]
            return max(found, default=assumed)

        # without variables the size is known now
        return largest if any(_uses_variable(given.get(path[0])) for path in declared.slicing) else largest(NO_RUN)

    def _slice(
        self, field: GraphQLField, path: tuple[str, ...], given: Mapping[str, ValueNode]
    ) -> Callable[[_Run], float | None]:
        node = given.get(path[0])
        default = field.args[path[0]].default_value if path[0] in field.args else None
        defaults = self._defaults

        def read(run: _Run) -> float | None:
            return _count(default if node is None else _value(node, run.variables, defaults, default), path[1:])

        return read


NO_RUN: Final = _Run({}, {})


def _value(
    node: ValueNode, variables: Mapping[str, object], defaults: Mapping[str, ValueNode], missing: object = None
) -> object:
    """What is known of a value: numbers, how long lists are, what objects hold."""
    match node:
        case VariableNode():
            name = node.name.value
            if name in variables:
                return variables[name]
            return _value(defaults[name], variables, {}) if name in defaults else missing
        case IntValueNode():
            return int(node.value)
        case ListValueNode():
            return list(node.values)
        case ObjectValueNode():
            return {field.name.value: _value(field.value, variables, defaults) for field in node.fields}
        case _:
            return None


def _count(value: object, path: Sequence[str]) -> float | None:
    """The size that a slicing argument says: a number, or the length of a list."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, list):
        return float(len(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return float(min(max(value, 0), 10**12))
    return None


def _has(given: Mapping[str, ValueNode], path: Sequence[str]) -> bool:
    node = given.get(path[0])
    for name in path[1:]:
        if isinstance(node, ObjectValueNode):
            node = next((field.value for field in node.fields if field.name.value == name), None)
    return node is not None and not isinstance(node, NullValueNode)


def _uses_variable(node: ValueNode | None) -> bool:
    match node:
        case VariableNode():
            return True
        case ObjectValueNode():
            return any(_uses_variable(field.value) for field in node.fields)
        case _:
            return False


def _included(directives: Iterable[DirectiveNode] | None, found: _Linear) -> _Linear:
    """Nothing where @skip or @include leave it out."""
    for directive in directives or ():
        name = directive.name.value
        if name in ("skip", "include") and directive.arguments:
            wanted = name == "include"
            condition = directive.arguments[0].value
            if isinstance(condition, VariableNode):
                found = _Linear(*(_unless(condition.name.value, not wanted, amount) for amount in found))
            elif getattr(condition, "value", wanted) is not wanted:
                return NOTHING
    return found


def _unless(variable: str, unwanted: bool, amount: Amount) -> Amount:
    if amount == 0.0:
        return amount
    return lambda run: 0.0 if run.variables.get(variable) is unwanted else _now(amount, run)


def _now(amount: Amount, run: _Run) -> float:
    return amount(run) if callable(amount) else amount


def _sum(amounts: Iterable[Amount]) -> Amount:
    known = 0.0
    later: list[Callable[[_Run], float]] = []
    for amount in amounts:
        if callable(amount):
            later.append(amount)
        else:
            known += amount
    if not later:
        return known
    return lambda run: known + sum(amount(run) for amount in later)


def _sum_of(found: Sequence[_Linear]) -> _Linear:
    return _Linear(_sum(one.once for one in found), _sum(one.each for one in found))


def _product(size: Amount, amount: Amount) -> Amount:
    if amount == 0.0 or size == 0.0:
        return 0.0
    if callable(size) or callable(amount):
        # no element costs nothing, even where each would cost more than any number
        return lambda run: elements * _now(amount, run) if (elements := _now(size, run)) else 0.0
    return size * amount


def _greatest(amounts: Sequence[Amount]) -> Amount:
    if any(callable(amount) for amount in amounts):
        return lambda run: max(_now(amount, run) for amount in amounts)
    return max((amount for amount in amounts if not callable(amount)), default=0.0)


def _kept(amount: Amount, number: int) -> Amount:
    """Computed once in a run, however often the fragment is spread."""
    if not callable(amount):
        return amount

    def kept(run: _Run) -> float:
        if number not in run.fragments:
            run.fragments[number] = amount(run)
        return run.fragments[number]

    return kept


def _weighed(field: GraphQLField) -> _Weighed:
    type_ = get_named_type(field.type)
    declared = _directive(field.extensions, "listSize")
    return _Weighed(
        weight=_weight(field.extensions, 0.0),
        arguments={
            name: weight for name, argument in field.args.items() if (weight := _weight(argument.extensions, 0.0))
        },
        element=_weight(type_.extensions, 1.0 if is_composite_type(type_) else 0.0),
        list_size=_ListSize(
            assumed=declared.assumed_size if isinstance(declared.assumed_size, int) else None,  # else it is unset
            slicing=tuple(tuple(name.split(".")) for name in declared.slicing_arguments or ()),
            sized_fields=frozenset(declared.sized_fields or ()),
            require_one=bool(declared.require_one_slicing_argument),
        )
        if declared
        else None,
    )


def _weight(extensions: Mapping[str, Any], otherwise: float) -> float:
    declared = _directive(extensions, "cost")
    return float(declared.weight) if declared else otherwise


def _directive(extensions: Mapping[str, Any], name: str) -> Any:  # of a class that only the schema knows
    """The schema directive of this name on what these extensions belong to, if any."""
    for directive in getattr(extensions.get(DEFINITION), "directives", None) or ():
        if directive.__strawberry_directive__.graphql_name == name:
            return directive
    return None


def _is_list(field: GraphQLField) -> bool:
    type_ = field.type
    return is_list_type(type_.of_type if is_non_null_type(type_) else type_)
