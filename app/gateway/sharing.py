"""What the answer to a message of a subscription depends on beside the message itself."""

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    Node,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    visit,
)


def varies_with(document: DocumentNode, definition: OperationDefinitionNode) -> frozenset[str]:
    """The variables that make a difference to what a message is answered with: of a subscription those that are not
    only arguments of the root field, such as the cursor to resume after; none for other operations, which have no
    messages.
    """
    if definition.operation is not OperationType.SUBSCRIPTION:
        return frozenset()
    selections = definition.selection_set.selections
    roots = [s for s in selections if isinstance(s, FieldNode)]
    below: list[Node] = [d for d in document.definitions if isinstance(d, FragmentDefinitionNode)]
    below += [s for s in selections if not isinstance(s, FieldNode)]
    below += [directive for root in roots for directive in root.directives or ()]
    below += [root.selection_set for root in roots if root.selection_set]
    found = _Variables()
    for node in below:
        visit(node, found)
    return frozenset(found.names)


class _Variables(Visitor):
    """Collects the names of the variables that it meets."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        """Called by `visit` for each variable."""
        self.names.add(node.name.value)
