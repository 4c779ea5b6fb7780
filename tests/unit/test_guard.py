"""The policy in front of the resolvers: complete, asked first, and as exact as its tables say."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
import strawberry
from graphql import ExecutionResult, GraphQLSchema, execute_sync, parse

from app.domain.access import Right
from app.domain.actor import Actor, Role
from app.security.policy import EntryRule, FieldRule, Rule, Without
from resolvers.guard import IncompletePolicy, guard

ASKED: list[str] = []


def _ask(what: str) -> str:
    ASKED.append(what)
    return what


@strawberry.type
class Note:
    text: str
    internal: bool


HIDDEN = Note(text="x", internal=True)


@dataclass
class _Shop:
    name: str = "Ada"
    email: str = "ada@example.org"
    notes: list[Note] = field(
        default_factory=lambda: [Note(text="open", internal=False), Note(text="x", internal=True)]
    )


@strawberry.type
class Shop:
    id: str = strawberry.field(resolver=lambda: "1")
    name: str
    email: str | None
    notes: list[Note]
    tags: list[str] = strawberry.field(resolver=lambda: ["a"])


@strawberry.type
class Query:
    shop = strawberry.field(resolver=lambda: _Shop(), graphql_type=Shop)
    secret: str | None = strawberry.field(resolver=lambda: _ask("backend"))


ROOT = {"Query.shop": Rule(Right.READ_ORDERS), "Query.secret": Rule(Right.READ_INTERNAL)}
FIELDS = {
    "Shop.name": FieldRule(Right.READ_CONTACT, Without.MASK),
    "Shop.email": FieldRule(Right.READ_CONTACT),
}
ENTRIES = {"Shop.notes": EntryRule(Right.READ_INTERNAL, lambda note: note.internal)}


def _guarded(root: dict[str, Rule] = ROOT, fields: dict[str, FieldRule] = FIELDS) -> GraphQLSchema:
    schema = strawberry.Schema(Query)._schema
    guard(schema, root, fields, nodes={}, status_only={"Shop": frozenset({"id", "notes"})}, entries=ENTRIES)
    return schema


def _asked(query: str, role: Role) -> ExecutionResult:
    context = SimpleNamespace(actor=Actor(subject="x", role=role, channel="x"))
    result = execute_sync(_guarded(), parse(query), context_value=context)
    assert isinstance(result, ExecutionResult)
    return result


def test_a_root_field_without_a_rule_is_refused_with_the_line_to_write() -> None:
    with pytest.raises(IncompletePolicy) as refusal:
        _guarded({"Query.shop": ROOT["Query.shop"]})
    assert str(refusal.value) == (
        'Query.secret has no rule, so nobody could use it: add `"Query.secret": Rule(Right.…, Rows.…),` to ROOT in '
        "app/security/policy.py."
    )


def test_a_rule_for_what_is_not_there_is_refused() -> None:
    with pytest.raises(IncompletePolicy, match=r"Shop\.mail is not in the schema: take it out of FIELDS"):
        _guarded(fields={**FIELDS, "Shop.mail": FieldRule(Right.READ_CONTACT)})


def test_who_has_no_right_is_refused_before_anything_is_asked() -> None:
    ASKED.clear()
    answer = _asked("{ secret }", Role.DEALER)

    assert answer.data == {"secret": None}
    assert [str(e.original_error) for e in answer.errors or ()] == ["role dealer has no right to readInternal"]
    assert ASKED == []
    assert _asked("{ secret }", Role.AGENT).data == {"secret": "backend"}


def test_fields_are_shown_masked_refused_or_left_out_by_role() -> None:
    query = "{ shop { id name email tags notes { text } } }"

    def shop(notes: list[str], **shown: object) -> dict[str, object]:
        return {"shop": {"id": "1", **shown, "notes": [{"text": text} for text in notes]}}

    whole = _asked(query, Role.AGENT)
    assert (whole.data, whole.errors) == (
        shop(["open", "x"], name="Ada", email="ada@example.org", tags=["a"]),
        None,
    )
    assert _asked(query, Role.DEALER).data == shop(["open"], name="Ada", email="ada@example.org", tags=["a"])
    least = _asked(query, Role.AFFILIATE)
    assert least.data == shop(["open"], name="***", email=None, tags=[])
    assert [e.path for e in least.errors or ()] == [["shop", "email"]]
