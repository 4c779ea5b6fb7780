"""What one caller may ask of the gateway, and how big a document is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that is accepted; more is refused with a code of its own.

    `json_depth` bounds the nesting of objects and lists in a request body, `tokens` the lexical tokens, `depth` the
    nesting of fields, `aliases` the aliased fields (fragments counted wherever they are spread) of one document.
    `cached_characters` bounds the source text of the checked documents that are kept; their trees take about a
    hundred times as many bytes. `connection_init_seconds` is how long a WebSocket may wait before it says who it is,
    `operations_per_connection` how many operations run on it at once.
    """

    body_bytes: int = 1_048_576
    json_depth: int = 64
    tokens: int = 10_000
    depth: int = 20
    aliases: int = 50
    cached_characters: int = 2_000_000
    connection_init_seconds: float = 10.0
    operations_per_connection: int = 100


@dataclass(frozen=True, slots=True)
class Size:
    """How deep the fields of a document nest, and how many of them carry an alias, fragments spread out."""

    depth: int
    aliases: int


@dataclass(frozen=True, slots=True)
class _Part:
    """One operation or fragment by itself: its own size, and which fragments it spreads at which depth."""

    own: Size
    spreads: tuple[tuple[str, int], ...]


def measure(document: DocumentNode) -> Size:
    """The size of the biggest operation, in time linear in the document, however its fragments spread each other.

    A document whose fragments form a cycle has no size; it gives zero, as validation refuses it.
    """
    fragments = {
        d.name.value: _part(d.selection_set) for d in document.definitions if isinstance(d, FragmentDefinitionNode)
    }
    inner = {name: {spread for spread, _ in part.spreads if spread in fragments} for name, part in fragments.items()}
    sizes: dict[str, Size] = {}
    try:
        for name in TopologicalSorter(inner).static_order():
            sizes[name] = _with_fragments(fragments[name], sizes)
    except CycleError:
        return Size(0, 0)
    operations = [
        _with_fragments(_part(d.selection_set), sizes)
        for d in document.definitions
        if isinstance(d, OperationDefinitionNode)
    ]
    return Size(_most(size.depth for size in operations), _most(size.aliases for size in operations))


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


def _part(selections: SelectionSetNode) -> _Part:
    depth = aliases = 0
    spreads: list[tuple[str, int]] = []
    open_sets = [(selections, 1)]
    while open_sets:
        selection_set, level = open_sets.pop()
        for selection in selection_set.selections:
            match selection:
                case FieldNode():
                    depth = max(depth, level)
                    aliases += selection.alias is not None
                    if selection.selection_set:
                        open_sets.append((selection.selection_set, level + 1))
                case InlineFragmentNode():
                    open_sets.append((selection.selection_set, level))
                case FragmentSpreadNode():
                    spreads.append((selection.name.value, level - 1))
    return _Part(Size(depth, aliases), tuple(spreads))


def _with_fragments(part: _Part, sizes: Mapping[str, Size]) -> Size:
    spread = [(level, sizes[name]) for name, level in part.spreads if name in sizes]
    return Size(
        max(part.own.depth, _most(level + size.depth for level, size in spread)),
        part.own.aliases + sum(size.aliases for _, size in spread),
    )


def _most(numbers: Iterable[int]) -> int:
    return max(numbers, default=0)
