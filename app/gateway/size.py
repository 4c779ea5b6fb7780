"""How big a document and its input are."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import islice
from typing import Final

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    ValueNode,
)


@dataclass(frozen=True, slots=True)
class Size:
    """What one operation asks for, with its fragments spread out. The names are those of the limits."""

    depth: int = 0
    aliases: int = 0
    root_fields: int = 0
    directives: int = 0
    fragment_spreads: int = 0
    fields: int = 0


NOTHING: Final = Size()
INTROSPECTION: Final = frozenset({"__schema", "__type", "_service"})
"""Fields that tell the schema; `_service` is Apollo Federation's."""


TOKEN: Final = re.compile(
    r'#[^\n\r]*+|"""(?:[^"\\]|\\"""|\\|"(?!""))*+(?:"""|\Z)|"(?:[^"\\\n\r]|\\.)*+"?'
    r"|[_A-Za-z][_0-9A-Za-z]*+|-?[0-9][0-9.eE+-]*+|\.\.\.|[!$&():=@\[\]{|}]"
)
"""Lexical tokens of GraphQL, with comments, as the parser counts them.

What is never closed ends with the text, so that each character is looked at once.
"""


@dataclass(frozen=True, slots=True)
class Extent:
    """The longest list and the longest text in some input."""

    list_items: int = 0
    string_characters: int = 0


@dataclass(frozen=True, slots=True)
class _Part:
    """One operation or fragment by itself: its own size, and which fragments it spreads at which depth."""

    own: Size
    spreads: tuple[tuple[str, int], ...]


def measure(document: DocumentNode) -> Size:
    """The most of everything in any operation, in time linear in the document, however its fragments spread each other.

    A document whose fragments form a cycle has no size; it gives zero, as validation refuses it.
    """
    fragments = {d.name.value: _part(d) for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    inner = {name: {spread for spread, _ in part.spreads if spread in fragments} for name, part in fragments.items()}
    sizes: dict[str, Size] = {}
    try:
        for name in TopologicalSorter(inner).static_order():
            sizes[name] = _with_fragments(fragments[name], sizes)
    except CycleError:
        return NOTHING
    operations = [
        _with_fragments(_part(d), sizes) for d in document.definitions if isinstance(d, OperationDefinitionNode)
    ]
    return Size(
        depth=_most(size.depth for size in operations),
        fields=_most(size.fields for size in operations),
        root_fields=_most(size.root_fields for size in operations),
        aliases=_most(size.aliases for size in operations),
        directives=_most(size.directives for size in operations),
        fragment_spreads=_most(size.fragment_spreads for size in operations),
    )


def has_more_tokens(text: str, most: int) -> bool:
    """Whether a document has more than so many tokens, without parsing it: a hundred times as fast as the parser."""
    return any(True for _ in islice(TOKEN.finditer(text), most, None))


def introspects(document: DocumentNode) -> bool:
    """Whether anything in the document asks for the schema itself."""
    open_sets = [
        definition.selection_set
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode)
    ]
    while open_sets:
        for selection in open_sets.pop().selections:
            if isinstance(selection, FieldNode) and selection.name.value in INTROSPECTION:
                return True
            if isinstance(selection, FieldNode | InlineFragmentNode) and selection.selection_set:
                open_sets.append(selection.selection_set)
    return False


def extent_of_literals(document: DocumentNode) -> Extent:
    """The longest list and text that are written in the document itself."""
    items = characters = 0
    open_values = list(_values(document))
    while open_values:
        match open_values.pop():
            case ListValueNode() as value:
                items = max(items, len(value.values))
                open_values += value.values
            case ObjectValueNode() as value:
                open_values += [field.value for field in value.fields]
            case StringValueNode() as value:
                characters = max(characters, len(value.value))
    return Extent(items, characters)


def extent_of(value: object) -> Extent:
    """The longest list and text in a JSON value."""
    items = characters = 0
    open_values = [value]
    while open_values:
        value = open_values.pop()
        if isinstance(value, str):
            characters = max(characters, len(value))
        elif isinstance(value, list):
            items = max(items, len(value))
            open_values += value
        elif isinstance(value, dict):
            open_values += value.values()
    return Extent(items, characters)


def json_deeper_than(value: object, limit: int) -> bool:
    """Whether objects and lists nest in more than `limit` levels."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(limit):
        level = [
            member
            for container in level
            for member in (container.values() if isinstance(container, dict) else container)
            if isinstance(member, dict | list)
        ]
        if not level:
            return False
    return bool(level)


def _part(definition: OperationDefinitionNode | FragmentDefinitionNode) -> _Part:
    depth = fields = roots = aliases = 0
    directives = len(definition.directives or ())
    spreads: list[tuple[str, int]] = []
    open_sets = [(definition.selection_set, 1)]
    while open_sets:
        selection_set, level = open_sets.pop()
        for selection in selection_set.selections:
            directives += len(selection.directives or ())
            match selection:
                case FieldNode():
                    depth = max(depth, level)
                    fields += 1
                    roots += level == 1
                    aliases += selection.alias is not None
                    if selection.selection_set:
                        open_sets.append((selection.selection_set, level + 1))
                case InlineFragmentNode():
                    open_sets.append((selection.selection_set, level))
                case FragmentSpreadNode():
                    spreads.append((selection.name.value, level - 1))
    own = Size(depth, aliases, roots, directives, len(spreads), fields)
    return _Part(own, tuple(spreads))


def _with_fragments(part: _Part, sizes: Mapping[str, Size]) -> Size:
    spread = [(level, sizes[name]) for name, level in part.spreads if name in sizes]
    own = part.own
    return Size(
        depth=max(own.depth, _most(level + size.depth for level, size in spread)),
        fields=own.fields + sum(size.fields for _, size in spread),
        root_fields=own.root_fields + sum(size.root_fields for level, size in spread if level == 0),
        aliases=own.aliases + sum(size.aliases for _, size in spread),
        directives=own.directives + sum(size.directives for _, size in spread),
        fragment_spreads=own.fragment_spreads + sum(size.fragment_spreads for _, size in spread),
    )


def _values(document: DocumentNode) -> Iterable[ValueNode]:
    """Every value that is an argument or a variable's default."""
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            for variable in definition.variable_definitions or ():
                if variable.default_value is not None:
                    yield variable.default_value
        if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
            yield from _arguments_of(definition.directives)
            yield from _arguments_in(definition.selection_set)


def _arguments_in(selections: SelectionSetNode) -> Iterable[ValueNode]:
    open_sets = [selections]
    while open_sets:
        for selection in open_sets.pop().selections:
            yield from _arguments_of(selection.directives)
            match selection:
                case FieldNode():
                    for argument in selection.arguments or ():
                        yield argument.value
                    if selection.selection_set:
                        open_sets.append(selection.selection_set)
                case InlineFragmentNode():
                    open_sets.append(selection.selection_set)


def _arguments_of(directives: Iterable[DirectiveNode] | None) -> Iterable[ValueNode]:
    for directive in directives or ():
        for argument in directive.arguments or ():
            yield argument.value


def _most(numbers: Iterable[int]) -> int:
    return max(numbers, default=0)
