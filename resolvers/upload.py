"""Orders as JSON lines: each line is what the graph calls a CompleteOrderInput, and is read as the graph reads it."""

from collections.abc import Sequence
from typing import Final, cast

import orjson
from graphql import GraphQLError, GraphQLInputObjectType
from graphql.utilities import coerce_input_value, validate_input_value
from strawberry.types.arguments import convert_argument

from app.domain.batch import LineError
from app.ordering.batch import Line
from resolvers.mutations.place import CompleteOrderInput
from resolvers.schema import schema

MOST_ERRORS: Final = 20
_graph: Final = schema._schema
_TYPE: Final = cast("GraphQLInputObjectType", _graph.type_map[CompleteOrderInput.__name__])


def read_line(text: bytes) -> Line:
    """The order that a line of JSON asks for, or everything that keeps it from being read."""
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return (LineError(code="BAD_USER_INPUT", message=f"The line is not JSON in UTF-8: {error}."),)
    errors: list[LineError] = []

    def on_error(error: GraphQLError, path: Sequence[str | int]) -> None:
        pointer = "".join(f"/{part}" for part in path) or None
        errors.append(LineError(code="BAD_USER_INPUT", message=error.message, path=pointer))

    validate_input_value(given, _TYPE, on_error)
    if given is None:
        errors.append(LineError(code="BAD_USER_INPUT", message="The line is no order."))
    if errors:
        return tuple(errors[:MOST_ERRORS])
    order = convert_argument(
        coerce_input_value(given, _TYPE), CompleteOrderInput, schema.schema_converter.scalar_registry, schema.config
    )
    return cast("CompleteOrderInput", order).to_order()
