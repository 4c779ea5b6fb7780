"""Operations made up at random that are valid for a schema, and what makes two answers to one of them the same."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from graphql import (
    ExecutionResult,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
)

DEEPEST: Final = 5
Pools = Mapping[str, Sequence[object]]
"""Values for arguments and input fields: by `Type.argument`, by the name alone, or by the name of their type."""


@dataclass
class Operation:
    """A document of one operation, and its variables."""

    text: str
    variables: dict[str, object]


@dataclass
class Maker:
    """Makes up operations. `excluded` fields ("Type.field") are never asked for."""

    schema: GraphQLSchema
    random: Random
    pools: Pools
    excluded: Collection[str] = ()
    chance: float = 0.5
    deepest: int = DEEPEST
    definitions: list[str] = field(default_factory=list)
    variables: dict[str, tuple[str, object]] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)

    def operation(self, kind: str = "query", roots: Callable[[str], bool] = lambda _: True) -> Operation:
        """One operation of this kind, of some root fields for whose names `roots` holds."""
        self.definitions, self.variables, self.fragments = [], {}, []
        root = self.schema.query_type if kind == "query" else self.schema.mutation_type
        assert root is not None
        names = [name for name in root.fields if roots(name) and f"{root.name}.{name}" not in self.excluded]
        chosen = self.random.choices(names, k=self.random.randint(1, 3))
        selections = [self._field(root.fields[name], name, self.deepest) for name in chosen]
        selections += self.random.choices(["__typename", ""], k=1)
        head = ", ".join(f"${name}: {type_}" for name, (type_, _) in self.variables.items())
        text = f"{kind} Made{f'({head})' if head else ''} {{ {' '.join(selections)} }}"
        given = {name: value for name, (_, value) in self.variables.items() if value is not ABSENT}
        return Operation("\n".join([text, *self.fragments]), given)

    def _selections(self, type_: GraphQLNamedType, depth: int) -> str:
        if isinstance(type_, GraphQLUnionType):
            parts = [self._on(one, depth) for one in type_.types if self.random.random() < 0.7]
            return " ".join(["__typename", *parts])
        assert isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)
        parts = []
        for name, definition in type_.fields.items():
            inner = get_named_type(definition.type)
            wanted = self.random.random() < (self.chance if is_leaf_type(inner) else self.chance * 0.6)
            if f"{type_.name}.{name}" not in self.excluded and wanted and (depth > 0 or is_leaf_type(inner)):
                parts.append(self._field(definition, name, depth))
        if isinstance(type_, GraphQLInterfaceType):
            possible = self.schema.get_possible_types(type_)
            parts += [self._on(one, depth) for one in self.random.sample(list(possible), min(2, len(possible)))]
        if self.random.random() < 0.3 or not parts:
            parts.append("__typename")
        self.random.shuffle(parts)
        if depth > 0 and self.random.random() < 0.2:
            parts.append(self._spread(type_, depth - 1))
        if self.random.random() < 0.15:
            half = len(parts) // 2
            parts = [*parts[:half], f"...{self._condition()} {{ {' '.join(parts[half:])} }}"]
        return " ".join(parts)

    def _on(self, type_: GraphQLNamedType, depth: int) -> str:
        return f"... on {type_.name}{self._condition()} {{ {self._selections(type_, depth - 1)} }}"

    def _spread(self, type_: GraphQLNamedType, depth: int) -> str:
        inner = self._selections(type_, depth)
        name = f"Part{len(self.fragments)}"
        self.fragments.append(f"fragment {name} on {type_.name} {{ {inner} }}")
        return f"...{name}{self._condition()}"

    def _field(self, definition: GraphQLField, name: str, depth: int) -> str:
        arguments = []
        for argument, wanted in definition.args.items():
            if is_required_argument(wanted) or self.random.random() < 0.4:
                value = self._value(wanted.type, argument)
                if value is not ABSENT:
                    arguments.append(f"{argument}: {value}")
        inner = get_named_type(definition.type)
        # what differs in arguments or inside must not be merged with another one of the same name
        aliased = arguments or is_composite_type(inner) or self.random.random() < 0.05
        alias = f"a{self.random.randrange(10**6)}: " if aliased and self.random.random() < 0.9 else ""
        shown = f"{alias}{name}" + (f"({', '.join(arguments)})" if arguments else "") + self._condition()
        return f"{shown} {{ {self._selections(inner, depth - 1)} }}" if is_composite_type(inner) else shown

    def _condition(self) -> str:
        if self.random.random() > 0.08:
            return ""
        directive = self.random.choice(("skip", "include"))
        if self.random.random() < 0.5:
            return f" @{directive}(if: {self.random.choice(('true', 'false'))})"
        value = self.random.choice((True, False))
        return f" @{directive}(if: ${self._variable('Boolean!', value)})"

    def _variable(self, type_: str, value: object) -> str:
        name = f"v{len(self.variables)}"
        self.variables[name] = (type_, value)
        return name

    def _value(self, type_: Any, name: str) -> object:
        """A literal or a variable."""
        value = self._plain(type_, name)
        if value is ABSENT:
            return ABSENT
        if self.random.random() < 0.5:
            return f"${self._variable(str(type_), value)}"
        return self._literal(type_, value)

    def _plain(self, type_: Any, name: str) -> Any:
        """A value as JSON has it; absent when no pool has one."""
        inner = get_nullable_type(type_)
        if inner is type_ and self.random.random() < 0.1:
            return None
        if is_list_type(inner):
            members = [self._plain(inner.of_type, name) for _ in range(self.random.randint(0, 2))]
            return [member for member in members if member is not ABSENT]
        if isinstance(inner, GraphQLEnumType):
            return self.random.choice(list(inner.values))
        if isinstance(inner, GraphQLInputObjectType):
            found = {}
            for key, wanted in inner.fields.items():
                if is_required_argument(wanted) or self.random.random() < 0.4:
                    found[key] = self._plain(wanted.type, key)
            return {key: value for key, value in found.items() if value is not ABSENT}
        pool = self.pools.get(name, self.pools.get(inner.name, ()))
        return self.random.choice(pool) if pool else ABSENT

    def _literal(self, type_: Any, value: Any) -> str:
        inner = get_nullable_type(type_)
        if value is None:
            return "null"
        if is_list_type(inner):
            return f"[{', '.join(self._literal(inner.of_type, member) for member in value)}]"
        if isinstance(inner, GraphQLEnumType):
            return str(value)
        if isinstance(inner, GraphQLInputObjectType):
            members = (f"{key}: {self._literal(inner.fields[key].type, member)}" for key, member in value.items())
            return f"{{{', '.join(members)}}}"
        return json.dumps(value)


class _Absent:
    pass


ABSENT: Final = _Absent()


def survives(data: object, path: Sequence[str | int]) -> bool:
    """Whether what holds this place is still in the answer."""
    for key in path[:-1]:
        if data is None:
            return False
        data = data[key]  # type: ignore[index]
    return data is not None


def errors_of(result: ExecutionResult) -> tuple[Counter[str], set[str]]:
    """The errors of places that are in the answer, and the places that are null only because of what was in them.

    Of several errors in what became null as a whole, which ones are told depends on which came first.
    """
    own: Counter[str] = Counter()
    failed: set[str] = set()
    nulled: set[str] = set()
    for error in result.errors or ():
        path = list(error.path or ())
        if survives(result.data, path):
            failed.add(json.dumps(path))
            own[json.dumps([path, error.message, [list(place) for place in error.locations or ()]])] += 1
        else:
            while path and not survives(result.data, path):
                path.pop()
            nulled.add(json.dumps(path))
    return own, nulled - failed


def same(one: ExecutionResult, other: ExecutionResult) -> bool:
    """Whether data, their order, and errors with their paths and places are the same."""
    return json.dumps(one.data, default=repr) == json.dumps(other.data, default=repr) and errors_of(one) == errors_of(
        other
    )
