"""The schema for composers: what is served, as a subgraph of Apollo Federation 2.

The graph's own schema, for GraphiQL and `schema.graphql`, has no federation directives: they are written into a copy.
"""

from dataclasses import replace
from functools import cache
from typing import Final

import strawberry
from graphql import (
    IDLE,
    REMOVE,
    ArgumentNode,
    ConstDirectiveNode,
    DirectiveDefinitionNode,
    DirectiveNode,
    FieldDefinitionNode,
    IntValueNode,
    ListValueNode,
    NameNode,
    Node,
    ObjectTypeDefinitionNode,
    StringValueNode,
    TypeDefinitionNode,
    Visitor,
    VisitorAction,
    parse,
    print_ast,
    visit,
)

ENTITIES: Final = frozenset({"Customer", "Product", "ProductOffering", "ProductOrder"})
"""Types that other subgraphs may refer to, and add fields to, by `id`."""
SHARED: Final = frozenset({"PageInfo"})
"""Types that other subgraphs have, too, and mean the same by."""
LINK: Final = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", '
    'import: ["@key", "@shareable", "@cost", "@listSize"])\n\n'
)
"""2.9 is the first version of Apollo Federation that has directives for cost."""


def _directives(text: str) -> tuple[ConstDirectiveNode, ...]:
    definition = parse(f"type Any {text}", no_location=True).definitions[0]
    assert isinstance(definition, ObjectTypeDefinitionNode)
    return tuple(definition.directives or ())


KEYED: Final = _directives('@key(fields: "id")')
SHAREABLE: Final = _directives("@shareable")


@cache
def subgraph_sdl(schema: strawberry.Schema) -> str:
    """The schema as an Apollo Federation 2 subgraph."""
    return LINK + print_ast(visit(parse(schema.as_str(), no_location=True), _ForComposers())) + "\n"


class _ForComposers(Visitor):
    """Writes keys into the schema, and takes away what composers know themselves."""

    def leave(self, node: Node, *_: object) -> Node | VisitorAction:
        """What becomes of a node."""
        match node:
            case DirectiveDefinitionNode():
                return REMOVE  # those of the schema are federation's, too, and imported
            case ObjectTypeDefinitionNode(name=NameNode(value=name)) if name in ENTITIES:
                return replace(node, directives=(*(node.directives or ()), *KEYED))
            case ObjectTypeDefinitionNode(name=NameNode(value=name)) if name in SHARED:
                return replace(node, directives=(*(node.directives or ()), *SHAREABLE))
            case TypeDefinitionNode() | FieldDefinitionNode() if node.name.value.startswith("_"):
                return REMOVE
            case FieldDefinitionNode():
                return replace(node, directives=tuple(d for d in node.directives or () if _is_understood(d, node)))
            case DirectiveNode(name=NameNode(value="cost")):
                return replace(node, arguments=tuple(map(_weight_as_number, node.arguments or ())))
        return IDLE


def _is_understood(directive: DirectiveNode, field: FieldDefinitionNode) -> bool:
    """Whether federation allows it: the size of a list may follow from a number, but not from the length of a list."""
    if directive.name.value != "listSize":
        return True
    lists = {given.name.value for given in field.arguments or () if "[" in print_ast(given.type)}
    return not any(
        isinstance(given.value, ListValueNode)
        and any(isinstance(one, StringValueNode) and one.value in lists for one in given.value.values)
        for given in directive.arguments or ()
        if given.name.value == "slicingArguments"
    )


def _weight_as_number(argument: ArgumentNode) -> ArgumentNode:
    """A weight is a string in the cost specification, and a number in federation."""
    assert isinstance(argument.value, StringValueNode)
    return replace(argument, value=IntValueNode(value=argument.value.value))
