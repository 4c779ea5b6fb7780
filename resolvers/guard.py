"""Puts the policy in front of the resolvers: whoever has no right to a field is turned away before it does anything.

Every field with a rule carries it in `extensions["policy"]`; whatever executes such a field has to do so by its
`resolve`, which checks the rule each time, so for each event of a subscription too.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from inspect import isawaitable
from typing import Any, Final

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLString,
    default_field_resolver,
    get_named_type,
)

from app.domain.access import Right, may
from app.domain.audit import AuditOutcome
from app.ordering.drafts import NotPermitted, require
from app.security.policy import ENTRIES, FIELDS, NODES, ROOT, STATUS_ONLY, EntryRule, FieldRule, Rule, Without
from resolvers.errors import code_of
from resolvers.ids import decode

POLICY: Final = "policy"
"""Key of a field's rule in its `extensions`."""
MASKED: Final = "***"
LONGEST_ID: Final = 100
Resolve = Callable[..., Any]
Info = GraphQLResolveInfo[Any]


class IncompletePolicy(Exception):
    """Schema and policy do not fit together; the message says which line to write or to take away."""


def guard(
    schema: GraphQLSchema,
    root: Mapping[str, Rule] = ROOT,
    fields: Mapping[str, FieldRule] = FIELDS,
    nodes: Mapping[str, Rule] = NODES,
    status_only: Mapping[str, frozenset[str]] = STATUS_ONLY,
    entries: Mapping[str, EntryRule] = ENTRIES,
) -> None:
    """Have every field of the schema ask the policy first.

    Raises IncompletePolicy when a root field or a type of nodes has no rule, or a rule names what does not exist.
    """
    roots = {f"{kind.name}.{name}": field for kind in _roots(schema) for name, field in kind.fields.items()}
    types = {name: kind for name, kind in schema.type_map.items() if isinstance(kind, GraphQLObjectType)}
    node = schema.type_map.get("Node")
    found = schema.get_possible_types(node) if isinstance(node, GraphQLInterfaceType) else ()
    wrong = [
        *(_missing(name, "ROOT", "Rule(Right.…, Rows.…)") for name in roots if name not in root),
        *(_missing(kind.name, "NODES", 'ROOT["Query.…"]') for kind in found if kind.name not in nodes),
        *_unknown("ROOT", root, roots),
        *_unknown("NODES", nodes, {kind.name for kind in found}),
        *_unknown("FIELDS", fields, _coordinates(schema)),
        *_unknown("ENTRIES", entries, _coordinates(schema)),
        *_unknown("STATUS_ONLY", (f"{k}.{f}" for k, fs in status_only.items() for f in fs), _coordinates(schema)),
    ]
    if wrong:
        raise IncompletePolicy("\n".join(wrong))
    for name, field in roots.items():
        _guard_root(field, root[name])
        if name.startswith("Mutation."):
            _record(name, field)
    for kind in types.values():
        for name, field in kind.fields.items():
            if (within := entries.get(f"{kind.name}.{name}")) is not None:
                _guard_entries(field, within)
            if (rule := _rule_of(kind, name, field, fields, status_only)) is not None:
                _guard_field(f"{kind.name}.{name}", field, rule)


def rule_at(field: GraphQLField) -> Rule | FieldRule | EntryRule | None:
    """The rule that this field asks first; None: it is open."""
    rule: Rule | FieldRule | EntryRule | None = field.extensions.get(POLICY)
    return rule


def _roots(schema: GraphQLSchema) -> Iterator[GraphQLObjectType]:
    return (kind for kind in (schema.query_type, schema.mutation_type, schema.subscription_type) if kind)


def _coordinates(schema: GraphQLSchema) -> set[str]:
    kinds = (k for k in schema.type_map.values() if isinstance(k, GraphQLObjectType | GraphQLInterfaceType))
    return {f"{kind.name}.{name}" for kind in kinds for name in kind.fields}


def _missing(name: str, table: str, example: str) -> str:
    return (
        f'{name} has no rule, so nobody could use it: add `"{name}": {example},` to {table} in app/security/policy.py.'
    )


def _unknown(table: str, named: Iterable[str], known: Iterable[str]) -> list[str]:
    gone = sorted(set(named) - set(known))
    return [f"{name} is not in the schema: take it out of {table} in app/security/policy.py." for name in gone]


def _rule_of(
    kind: GraphQLObjectType,
    name: str,
    field: GraphQLField,
    fields: Mapping[str, FieldRule],
    status_only: Mapping[str, frozenset[str]],
) -> FieldRule | None:
    """The rule of the type itself, of an interface of it, or of all its fields that are more than its status."""
    for owner in (kind, *kind.interfaces):
        if (rule := fields.get(f"{owner.name}.{name}")) is not None:
            return rule
    if kind.name not in status_only or name in status_only[kind.name]:
        return None
    return FieldRule(Right.READ_DETAILS, _least(field))


def _least(field: GraphQLField) -> Without:
    """The least that can be shown of a field."""
    kind = field.type
    if not isinstance(kind, GraphQLNonNull):
        return Without.ERROR
    if isinstance(kind.of_type, GraphQLList):
        return Without.NOTHING
    return Without.MASK if get_named_type(kind) is GraphQLString else Without.ERROR


def _guard_root(field: GraphQLField, rule: Rule) -> None:
    right = rule.right
    field.extensions = {**field.extensions, POLICY: rule}

    def checked(then: Resolve) -> Resolve:
        def check(source: object, info: Info, **arguments: object) -> object:
            require(info.context.actor, right)
            return then(source, info, **arguments)

        return check

    if field.subscribe is not None:
        field.subscribe = checked(field.subscribe)
    else:
        field.resolve = checked(field.resolve or default_field_resolver)


def _guard_field(coordinate: str, field: GraphQLField, rule: FieldRule) -> None:
    right, personal = rule.right, rule.personal
    kind = coordinate.partition(".")[0]
    without = _without(field, rule)
    then = field.resolve or default_field_resolver
    field.extensions = {**field.extensions, POLICY: rule}

    def check(source: object, info: Info, **arguments: object) -> object:
        if not may(info.context.actor, right):
            return without(info)
        if personal:
            key = getattr(source, "id", None)
            info.context.trail.note(coordinate, f"{kind}:{key}" if key else None)
        return then(source, info, **arguments)

    field.resolve = check


def _record(name: str, field: GraphQLField) -> None:
    """Have it kept who used this mutation for what, and what became of it; when it was not let through, too."""
    then = field.resolve
    assert then is not None, "a guarded field has a resolver"

    async def resolve(source: object, info: Info, **arguments: object) -> object:
        context, trail = info.context, info.context.trail
        recorded = context.audit.mutation(
            context.actor,
            name,
            code_of,
            about=concerned(arguments.get("input")),
            operation_name=trail.operation_name,
            correlation_id=trail.correlation_id,
        )
        async with recorded as entry:
            payload = then(source, info, **arguments)
            payload = await payload if isawaitable(payload) else payload
            entry.outcome, entry.codes = _outcome(payload)
        return payload

    field.resolve = resolve


def _outcome(payload: object) -> tuple[AuditOutcome, tuple[str, ...]]:
    if codes := tuple(error.code.name for error in getattr(payload, "errors", ())):
        return AuditOutcome.REFUSED, codes
    return (AuditOutcome.REPLAYED if getattr(payload, "replayed", False) else AuditOutcome.DONE), ()


NAMED: Final[Mapping[str, str]] = {
    "id": "ProductOrder",
    "customerId": "Customer",
    "newOwnerId": "Customer",
    "productId": "Product",
    "productIds": "Product",
    "cartId": "ShoppingCart",
    "workItemId": "WorkItem",
}
"""What the members of inputs name, unless it is said in an opaque id."""


def concerned(given: object) -> Iterator[str]:
    """What an input is about, as type and id. Nothing else of it is recorded: it may be personal."""
    if not isinstance(given, Mapping):
        return
    for name, kind in NAMED.items():
        found = given.get(name)
        for one in found if isinstance(found, list) else [found]:
            if isinstance(one, str) and one:
                known, key = decode(one) or (kind, one)
                yield f"{known}:{key[:LONGEST_ID]}"


def _guard_entries(field: GraphQLField, rule: EntryRule) -> None:
    then = field.resolve or default_field_resolver
    field.extensions = {**field.extensions, POLICY: rule}

    def open_ones(found: Iterable[object]) -> list[object]:
        return [entry for entry in found if not rule.held_back(entry)]

    async def later(found: Awaitable[Iterable[object]]) -> list[object]:
        return open_ones(await found)

    def check(source: object, info: Info, **arguments: object) -> object:
        found = then(source, info, **arguments)
        if may(info.context.actor, rule.right):
            return found
        return later(found) if isawaitable(found) else open_ones(found)

    field.resolve = check


def _without(field: GraphQLField, rule: FieldRule) -> Callable[[Info], object]:
    """What is given to who has no right to the field."""

    def refuse(info: Info) -> object:
        raise NotPermitted(info.context.actor, rule.right)

    match rule.without:
        case Without.MASK:
            return lambda _: MASKED
        case Without.NOTHING:
            required_list = isinstance(field.type, GraphQLNonNull) and isinstance(field.type.of_type, GraphQLList)
            return lambda _: [] if required_list else None
        case Without.ERROR:
            return refuse
