"""How an operation is carried out, for people."""

from collections.abc import Collection, Iterator

import strawberry
from graphql.execution.values import VariableValues

from app.gateway.documents import Documents
from app.gateway.execution.executor import Executor
from app.gateway.execution.plan import How, Kind, Plan, PlanObject
from app.gateway.limits import Limits

SAID = {
    How.TYPENAME: "known beforehand",
    How.ATTRIBUTE: "attribute",
    How.RESOLVER: "resolver",
    How.WRAPPED: "resolver, called as graphql-core does",
}


def explained(schema: strawberry.Schema, text: str, *, false: Collection[str] = ()) -> str:
    """The plan and the code of the only operation in a document, types that values may turn out to have included.

    Variables that decide what is skipped and included are true, but for those in `false`. Raises Refused when the
    document is not valid, NotCovered when it is not compiled.
    """
    executor = Executor(schema)
    operation = Documents(executor.schema, Limits()).operation(text, None)
    conditions = {name: name not in false for name in executor.conditions(operation)}
    code = executor.code(operation, VariableValues({}, conditions))
    code.grow()
    plan = "\n".join(f"# {line}" for line in _lines(code.plan, code.plan.root, 0))
    return f"# {operation.type.value} {operation.name or ''}\n{plan}\n\n{code.source.rstrip()}\n"


def _lines(plan: Plan, of: PlanObject, depth: int) -> Iterator[str]:
    for field in of.fields:
        yield f"{'  ' * depth}{field.key}: {field.definition.type} ({SAID[field.how]}, {field})"
        if field.kinds[-1] is Kind.LEAF:
            continue
        abstract = field.kinds[-1] is Kind.ABSTRACT
        for type_ in plan.schema.get_possible_types(field.leaf) if abstract else (field.leaf,):
            if abstract:
                yield f"{'  ' * (depth + 1)}when it is {type_}:"
            yield from _lines(plan, plan.object(field, type_), depth + 1 + abstract)
