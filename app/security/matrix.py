"""The policy as a page for people: who may use which field, and what is shown of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from app.domain.access import EVENT_RIGHTS, RIGHTS, Right
from app.domain.actor import Role
from app.security.policy import ENTRIES, FIELDS, ROOT, STATUS_ONLY, Rows, Rule, Without

EVERY: Final[Sequence[Role]] = tuple(Role)
ROWS_SEEN: Final[Mapping[Rows, Mapping[Role, str]]] = {
    Rows.NONE: {},
    Rows.ORDERS: {
        Role.CUSTOMER: "its own, and to look at and consent to: what it is to take over",
        Role.DEALER: "what it or a dealer below it sells",
        Role.AFFILIATE: "what it brought, its status only",
    },
    Rows.CUSTOMERS: {Role.CUSTOMER: "itself", Role.DEALER: "whom it or a dealer below it sold to"},
    Rows.BATCHES: dict.fromkeys((Role.CUSTOMER, Role.DEALER, Role.AFFILIATE), "those it sent"),
    Rows.WEBHOOKS: dict.fromkeys((Role.CUSTOMER, Role.AGENT, Role.DEALER, Role.AFFILIATE), "those it registered"),
    Rows.STAFF: {},
}
"""Which rows are a role's own; who is not named sees all."""
SHOWN: Final[Mapping[Without, str]] = {
    Without.ERROR: "null and an error",
    Without.NOTHING: "nothing",
    Without.MASK: "`***`",
}


def page() -> str:
    """The whole policy as Markdown."""
    return "\n".join(
        [
            "## Root fields",
            "",
            *_table(("Field", "Right", "Rows", *EVERY), _roots()),
            "",
            "## Rows",
            "",
            *_table(("Rows", *EVERY), _rows()),
            "",
            "## Fields of types",
            "",
            *_table(("Field", "Right", "Without it", "Recorded", *EVERY), _fields()),
            "",
            "## Events",
            "",
            *_table(("Event", "Right", *EVERY), _events()),
            "",
        ]
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(row)} |"


def _who(right: Right) -> list[str]:
    return ["yes" if right in RIGHTS[role] else "–" for role in EVERY]


def _roots() -> Iterator[Sequence[str]]:
    for name, rule in ROOT.items():
        yield (f"`{name}`", rule.right, _rows_of(rule), *_who(rule.right))


def _rows_of(rule: Rule) -> str:
    return "–" if rule.rows in (Rows.NONE, Rows.STAFF) else rule.rows


def _rows() -> Iterator[Sequence[str]]:
    for rows, seen in ROWS_SEEN.items():
        if seen:
            yield (rows, *(seen.get(role, "all") for role in EVERY))


def _fields() -> Iterator[Sequence[str]]:
    for name, rule in FIELDS.items():
        yield (f"`{name}`", rule.right, SHOWN[rule.without], "yes" if rule.personal else "–", *_who(rule.right))
    for name, entry in ENTRIES.items():
        yield (f"`{name}`, internal entries", entry.right, "left out", "–", *_who(entry.right))
    for kind, status in STATUS_ONLY.items():
        told = f"`{kind}`, all but {', '.join(f'`{name}`' for name in sorted(status))}"
        yield (told, Right.READ_DETAILS, "as little as can be", "–", *_who(Right.READ_DETAILS))


def _events() -> Iterator[Sequence[str]]:
    for kind, right in EVENT_RIGHTS.items():
        yield (f"`{kind}`", right, *_who(right))
