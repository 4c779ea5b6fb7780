"""The smallest valid document for any root field, made from the schema."""

from collections.abc import Iterable

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_required_argument,
    is_required_input_field,
)

from tests.channel import key

SCALARS = {
    "ID": '"nobody-has-this-id"',
    "String": '"x"',
    "Int": "1",
    "Float": "1.0",
    "Boolean": "true",
    "DateTime": '"2030-01-01T00:00:00Z"',
    "Date": '"2030-01-01"',
    "Decimal": '"1"',
    "Duration": '"P1D"',
    "CurrencyCode": '"EUR"',
    "_Any": '{ __typename: "ProductOrder", id: "x" }',
}


def document(operation: str, fields: Iterable[tuple[str, GraphQLField]]) -> str:
    """An operation that asks for these root fields with as few arguments as they can do with."""
    return f"{operation} {{ {' '.join(field_text(name, field) for name, field in fields)} }}"


def field_text(name: str, field: GraphQLField) -> str:
    """One field, with the arguments that it has to have and as little as can be of what it gives."""
    given = ", ".join(f"{n}: {_value(n, a.type)}" for n, a in field.args.items() if is_required_argument(a))
    composite = isinstance(get_named_type(field.type), GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType)
    return f"{name}{f'({given})' if given else ''}{' { __typename }' if composite else ''}"


def _value(name: str, kind: GraphQLInputType) -> str:
    match kind:
        case GraphQLNonNull():
            return _value(name, kind.of_type)
        case GraphQLList():
            return f"[{_value(name, kind.of_type)}]"
        case GraphQLEnumType():
            return str(next(iter(kind.values)))
        case GraphQLInputObjectType():
            fields = kind.fields.items()
            needed = [(n, f.type) for n, f in fields if is_required_input_field(f)]
            if kind.is_one_of:
                needed = [(n, f.type) for n, f in fields][:1]
            return f"{{{', '.join(f'{n}: {_value(n, t)}' for n, t in needed)}}}"
        case _:
            return f'"{key()}"' if name == "idempotencyKey" else SCALARS[kind.name]
