"""What every client may rely on in the graph: conventions, descriptions, and the printed schema."""

import re
from pathlib import Path

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    TypeDefinitionNode,
    get_named_type,
    parse,
    validate,
)

from app.security.policy import FIELDS
from app.serve import examples
from app.settings.variables import describe
from resolvers.schema import schema
from resolvers.subgraph import subgraph_sdl

ROOT = Path(__file__).parents[2]
GRAPH = schema._schema
OURS = {name: t for name, t in GRAPH.type_map.items() if not name.startswith("__")}
BUILT_IN = {"String", "Int", "Float", "Boolean", "ID"}


def _fields() -> list[tuple[str, GraphQLField | GraphQLInputField]]:
    return [
        (f"{name}.{field_name}", field)
        for name, t in OURS.items()
        if isinstance(t, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType)
        for field_name, field in t.fields.items()
    ]


def _arguments() -> list[tuple[str, GraphQLArgument]]:
    return [
        (f"{where}({name})", argument)
        for where, field in _fields()
        if isinstance(field, GraphQLField)
        for name, argument in field.args.items()
        if where.split(".")[0] != "Mutation"  # each takes one input, which describes itself
    ]


def test_everything_is_described() -> None:
    values = [
        (f"{name}.{value}", definition)
        for name, t in OURS.items()
        if isinstance(t, GraphQLEnumType)
        for value, definition in t.values.items()
    ]
    types = [(name, t) for name, t in OURS.items() if name not in BUILT_IN]

    assert [where for where, thing in [*types, *_fields(), *_arguments(), *values] if not thing.description] == []


DRAFTING = {
    "createProductOrder",
    "checkoutCart",
    "addProductOrderItem",
    "changeProductOrderItem",
    "removeProductOrderItem",
    "setProductOrderPlace",
    "setProductOrderAppointment",
    "reserveProductOrderResource",
    "assessProductOrderCredit",
    "setProductOrderPayment",
    "prepareProductOrderAgreement",
    "signProductOrderAgreement",
    "discardProductOrder",
    "takeOverProductOrder",
    "submitProductOrder",
}
"""A draft is tried out by editing it: validateProductOrder says what is missing, and it can be given up."""
NO_TWIN = {
    "placeProductOrders": "each line is placed as previewPlaceProductOrder says",
    "resolveFallouts": "each task is decided about as previewFalloutDecision says; workItems shows which they are",
    "addProductOrderNote": "a remark changes nothing about the work",
    "requestProductOrderChange": "a wish changes nothing about the work",
    "withdrawProductOrderChangeRequest": "a wish changes nothing about the work",
    "resolveProductOrderChangeRequest": "an answer changes nothing about the work; what is done has previews",
    "registerWebhook": "changes no order",
    "unregisterWebhook": "changes no order",
    "replayWebhook": "changes no order",
}


def test_every_lifecycle_mutation_can_be_asked_beforehand() -> None:
    assert GRAPH.mutation_type is not None
    assert GRAPH.query_type is not None
    mutations = set(GRAPH.mutation_type.fields)
    twins = [f.description or "" for name, f in GRAPH.query_type.fields.items() if name.startswith("preview")]
    told = {word for text in twins for word in re.findall(r"\w+", text)}

    assert (DRAFTING | NO_TWIN.keys()) - mutations == set()
    assert mutations - told == DRAFTING | NO_TWIN.keys()


def test_enum_values_are_in_constant_case() -> None:
    values = [value for t in OURS.values() if isinstance(t, GraphQLEnumType) for value in t.values]

    assert [v for v in values if v != v.upper()] == []


def test_there_is_no_nullable_boolean_no_float_and_no_list_of_nulls_but_nodes() -> None:
    wrong = []
    for where, field in _fields():
        inner = field.type
        if getattr(inner, "name", "") == "Boolean" or "Float" in str(inner):
            wrong.append(where)
        if isinstance(inner, GraphQLNonNull):
            inner = inner.of_type
        if isinstance(inner, GraphQLList) and not isinstance(inner.of_type, GraphQLNonNull):
            wrong.append(where)
    assert wrong == ["Query.nodes", "Query._entities"], "these have null for what is not there"


def test_every_mutation_takes_one_input_with_a_key_and_answers_a_nullable_payload() -> None:
    mutation = GRAPH.mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        assert list(field.args) == ["input"], name
        given = field.args["input"].type
        assert isinstance(given, GraphQLNonNull)
        assert isinstance(given.of_type, GraphQLInputObjectType)
        assert given.of_type.name == f"{name[0].upper()}{name[1:]}Input"
        assert str(given.of_type.fields["idempotencyKey"].type) == "String!"
        payload = field.type
        assert isinstance(payload, GraphQLObjectType), f"{name}: a fault in one mutation must not erase its neighbours"
        assert payload.name == f"{name[0].upper()}{name[1:]}Payload"
        assert str(payload.fields["errors"].type) == "[UserError!]!"


def test_what_comes_from_a_backend_may_be_null() -> None:
    from_backends = {"Customer", "ProductOffering", "Product", "BillingAccount", "GeographicAddress"}
    for where, field in _fields():
        inner = field.type
        bare = str(inner).strip("[]!")
        if (
            bare in from_backends
            and isinstance(field, GraphQLField)
            and where.split(".")[0] not in {"AddressValidation"}
        ):
            inside_answer = where.startswith(("CustomerConnection", "ProductOfferingConnection")) or "Edge" in where
            assert inside_answer or not isinstance(inner, GraphQLNonNull), where


def test_an_event_which_is_put_into_words_once_for_many_has_nothing_personal() -> None:
    """What is read of it is noted for none of those who get it."""
    event = GRAPH.type_map["ProductOrderEvent"]
    assert isinstance(event, GraphQLInterfaceType)
    found, left = set[str](), {event.name, *(t.name for t in GRAPH.get_possible_types(event))}
    while left:
        kind = GRAPH.type_map[name := left.pop()]
        found.add(name)
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            left |= {get_named_type(field.type).name for field in kind.fields.values()} - found

    read = {coordinate for coordinate, _ in _fields() if coordinate.partition(".")[0] in found}
    assert "Actor.subject" in read
    assert {coordinate for coordinate in read if coordinate in FIELDS and FIELDS[coordinate].personal} == set()


def test_the_printed_schema_is_the_schema() -> None:
    assert (ROOT / "schema.graphql").read_text() == schema.as_str().rstrip("\n") + "\n"


def test_every_setting_has_its_row_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()

    for setting in describe():
        default = f"`{setting.default}`" if setting.default else "–"
        assert f"| `{setting.variable}` | {default} | {setting.meaning} |" in readme


def test_what_the_readme_asks_is_in_the_schema() -> None:
    documents = re.findall(r"```graphql\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)

    assert len(documents) == 3
    assert [validate(GRAPH, parse(document)) for document in documents] == [[], [], []]


def test_for_composers_it_has_keys_and_imports_what_is_federations() -> None:
    subgraph = parse(subgraph_sdl(schema))
    defined = {d.name.value: d for d in subgraph.definitions if isinstance(d, TypeDefinitionNode)}
    keyed = {name for name, d in defined.items() if any(one.name.value == "key" for one in d.directives or ())}

    assert keyed == {"Customer", "ProductOffering", "Product", "ProductOrder"}
    assert set(OURS) - set(defined) - BUILT_IN == {"_Any", "_Entity", "_Service"}
    assert [d.kind for d in subgraph.definitions if d.kind.endswith(("directive_definition", "extension"))] == [
        "schema_extension"
    ]
    assert "@key" not in schema.as_str()


def test_every_custom_scalar_says_how_it_looks() -> None:
    scalars = [t for name, t in OURS.items() if isinstance(t, GraphQLScalarType) and name not in BUILT_IN]

    assert {t.name for t in scalars} == {"Date", "DateTime", "Decimal", "CurrencyCode", "Duration", "_Any"}
    assert all("`" in (t.description or "") for t in scalars)


def test_each_example_is_one_operation_that_the_schema_has_and_says_what_it_is_for() -> None:
    assert len({example.name for example in examples()}) == len(examples()) >= 30
    for example in examples():
        document = parse(example.document)
        assert validate(GRAPH, document) == [], example.name
        assert example.document.startswith("# "), example.name
        assert [d.kind for d in document.definitions].count("operation_definition") == 1, example.name
