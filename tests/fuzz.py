"""`python -m tests.fuzz [--url URL --data DIR] [--minutes 5] [--seed 1]`: asks a product whatever its schema allows.

Operations are made at random over the whole schema, as every role, with values that are usual, at the edge, hostile or
of the wrong type; now and then a body is damaged. Whatever is asked, the answer is GraphQL: never a status of 5xx,
except for what took too long, never an INTERNAL_ERROR. Exit code 1 and what was asked when one is.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
)

from app.cli import development_token
from app.domain.actor import Role
from app.settings.variables import load
from resolvers.schema import schema
from tests.harness import running_product

GRAPH: Final[GraphQLSchema] = schema._schema
DEEPEST: Final = 5
MOST_KNOWN: Final = 300
AT_ONCE: Final = 4

TEXTS: Final = (
    "", " ", "a", "fibre", "mobile-m", "ü\u202e\u0000\u2028", "\ud83d\ude00", "'; DROP TABLE orders; --", "{{7*7}}",
    "$where", "../../etc/passwd", "%00%ff%s%n", "null", "-1", "9" * 40, "x" * 5000, "(?i)(a+)+$", "a:b:c", "\r\nX: 1",
    "<script>", '"', "\\", "__proto__", "cust-1001", "cust-1188", "fibre-500", "family-bundle", "[", "*", "a/b?c=d#e",
)  # fmt: skip
KEYS: Final = (
    "cust-1001", "cust-1002", "cust-1188", "mobile-m", "fibre-500", "tv-basic", "prod-1009", "prod-1064", "addr-1001",
    "dealer-100", "agent-1", "Q3VzdG9tZXI6Y3VzdC0xMDAx", "UHJvZHVjdE9mZmVyaW5nOmZpYnJlLTUwMA", "UHJvZHVjdDo", "0",
)  # fmt: skip
SCALARS: Final[Mapping[str, tuple[object, ...]]] = {
    "Int": (0, 1, 2, 5, 20, 100, 101, -1, 2**31 - 1, -(2**31), 1, 2, 3, 10),
    "Boolean": (True, False),
    "DateTime": (
        "2026-05-02T08:13:59Z", "2031-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-05-02T08:13:59.123456789Z",
        "2026-12-24T10:00:00+01:00",
    ),
    "Date": ("2026-05-02", "0001-01-01", "9999-12-31", "2031-W01-1"),
    "Decimal": ("0", "19.99", "-1", "1E+400", "1E-400", "999999999999999999", "0.0000000001", "-0"),
    "CurrencyCode": ("EUR", "USD", "XXX"),
    "Duration": ("PT90S", "P14D", "-PT1S", "P999999999D", "PT0S"),
    "_Any": (
        {}, {"__typename": "Customer", "id": "cust-1001"}, {"__typename": "ProductOrder", "id": "\u0000"}, 7, None,
    ),
}  # fmt: skip
WRONG: Final[tuple[object, ...]] = (
    None,
    True,
    7,
    1.5,
    2**63,
    -(2**63),
    10**30,
    "text",
    "NaN",
    "2026-02-30",
    "eur",
    [],
    {},
    [[]],
    {"a": None},
    "x" * 30_000,
)
"""Values of a type that is rarely the right one."""


@dataclass(slots=True)
class Generator:
    """Makes operations; `known` are ids, keys and cursors from earlier answers."""

    random: random.Random
    known: list[str] = field(default_factory=list)

    def operation(self) -> tuple[str, dict[str, object]]:
        """A document and its variables."""
        kind, root = self.random.choices(
            (
                ("query", GRAPH.query_type),
                ("mutation", GRAPH.mutation_type),
                ("subscription", GRAPH.subscription_type),
            ),
            (70, 28, 2),
        )[0]
        assert root is not None
        made = _Made(self)
        fields = [made.field(root, name, 0) for name in self._some(list(root.fields), 3 if kind == "query" else 1)]
        declared = ", ".join(f"${name}: {type_}" for name, (type_, _) in made.variables.items())
        text = f"{kind} Fuzz{f'({declared})' if declared else ''} {{ {' '.join(fields)} }}"
        return text, {name: value for name, (_, value) in made.variables.items()}

    def _some(self, of: list[str], most: int) -> list[str]:
        return self.random.sample(of, min(len(of), self.random.randint(1, most)))

    def value(self, type_: GraphQLInputType, depth: int = 0, *, required: bool = False) -> object:
        """A value for this type; now and then one of another."""
        roll = self.random.random
        if roll() < 0.004:
            return self.random.choice(WRONG)
        if isinstance(type_, GraphQLNonNull):
            return self.value(type_.of_type, depth, required=True)
        if not required and roll() < 0.05:
            return None
        match type_:
            case GraphQLList():
                length = self.random.choice((0, 1, 1, 1, 2, 3, 30 if depth < 2 else 2))
                return [self.value(type_.of_type, depth + 1) for _ in range(length)]
            case GraphQLInputObjectType():
                given = {name: one for name, one in type_.fields.items() if self._is_given(one, depth)}
                return {name: self.value(one.type, depth + 1) for name, one in given.items()}
            case GraphQLEnumType():
                return self.random.choice(list(type_.values))
        name = get_named_type(type_).name
        if name in SCALARS:
            return self.random.choice(SCALARS[name])
        if name == "ID" or roll() < 0.4:
            return self.random.choice((*KEYS, *self.known[-MOST_KNOWN:]) if roll() < 0.9 else TEXTS)
        return self.random.choice(TEXTS)

    def _is_given(self, one: GraphQLArgument | GraphQLInputField, depth: int) -> bool:
        if isinstance(one.type, GraphQLNonNull):
            return self.random.random() < 0.998
        return self.random.random() < (0.5 if depth < 4 else 0.1)

    def learn(self, value: object) -> None:
        """Remember the ids, keys and cursors of an answer."""
        match value:
            case dict():
                for name, inner in value.items():
                    if isinstance(inner, str) and (
                        name in {"id", "cursor", "endCursor"} or name.lower().endswith("key")
                    ):
                        self.known.append(inner)
                    else:
                        self.learn(inner)
            case list():
                for inner in value[:20]:
                    self.learn(inner)
        del self.known[: -4 * MOST_KNOWN]


class _Made:
    """One operation in the making."""

    def __init__(self, generator: Generator) -> None:
        self._of = generator
        self._random = generator.random
        self.variables: dict[str, tuple[str, object]] = {}

    def field(self, parent: GraphQLObjectType | GraphQLInterfaceType, name: str, depth: int, alias: str = "") -> str:
        """A field with arguments and a selection."""
        definition = parent.fields[name]
        arguments = []
        for argument, declared in definition.args.items():
            if self._of._is_given(declared, 0):
                variable = f"v{len(self.variables)}"
                self.variables[variable] = (str(declared.type), self._of.value(declared.type))
                arguments.append(f"{argument}: ${variable}")
        given = f"({', '.join(arguments)})" if arguments else ""
        directive = (
            self._random.choice((" @include(if: true)", " @skip(if: false)")) if self._random.random() < 0.03 else ""
        )
        return f"{alias}{name}{given}{directive}{self.selection(definition.type, depth + 1)}"

    def selection(self, type_: GraphQLOutputType, depth: int) -> str:
        """What is selected of a type; nothing of a leaf."""
        named = get_named_type(type_)
        if is_leaf_type(named):
            return ""
        parts = ["__typename"]
        if isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
            deeper = [
                name for name, one in named.fields.items() if depth < DEEPEST or is_leaf_type(get_named_type(one.type))
            ]
            if deeper:
                parts += [self.field(named, name, depth) for name in self._of._some(deeper, 6)]
        if isinstance(named, GraphQLUnionType | GraphQLInterfaceType) and depth < DEEPEST:
            possible = list(GRAPH.get_possible_types(named))
            for one in self._random.sample(possible, min(2, len(possible))):
                name = self._random.choice(list(one.fields))
                parts.append(f"... on {one.name} {{ {self.field(one, name, depth, f'a{depth}{one.name}: ')} }}")
        return f" {{ {' '.join(parts)} }}"


def damaged(body: bytes, by: random.Random) -> bytes:
    """A body as a broken or hostile client may send it."""
    place = by.randrange(len(body))
    damage: tuple[Callable[[], bytes], ...] = (
        lambda: body[:place],
        lambda: body[:place] + bytes([by.randrange(256)]) + body[place + 1 :],
        lambda: body[:place] + b"\xff\xfe" + body[place:],
        lambda: b"[" * by.choice((10, 1000, 100_000)),
        lambda: b'{"query":' * by.choice((10, 500)) + body,
        lambda: b'{"query": "' + b"{a" * by.choice((10, 500, 5000)) + b'"}',
        lambda: body.replace(b"{", b"", 1),
        lambda: json.dumps(by.choice(WRONG)).encode(),
        lambda: json.dumps({"query": by.choice(WRONG), "variables": by.choice(WRONG)}).encode(),
        lambda: b'{"query": "{ __typename }", "variables": {"a": 1e999}, "operationName": "\\ud800"}',
        lambda: b"[" + body + b"]",
    )
    return by.choice(damage)()


@dataclass(slots=True)
class Outcome:
    """What came of it: how many answers of each kind, and what should not have been."""

    asked: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


async def fuzz(
    url: str, tokens: list[str], seed: int, *, operations: int | None = None, seconds: float = 1e9
) -> Outcome:
    """Ask so many operations, or for so long."""
    outcome = Outcome()
    until = time.monotonic() + seconds

    async def client(number: int, http: aiohttp.ClientSession) -> None:
        generator = Generator(random.Random(seed * 1000 + number))
        while time.monotonic() < until and (operations is None or outcome.asked < operations):
            outcome.asked += 1
            by = generator.random
            query, variables = generator.operation()
            body = json.dumps({"query": query, "variables": variables}).encode()
            if by.random() < 0.05:
                body = damaged(body, by)
            headers = {"Authorization": f"Bearer {by.choice(tokens)}", "Content-Type": "application/json"}
            headers["Accept"] = by.choice(("application/json", "application/graphql-response+json", "*/*"))
            async with http.post(f"{url}/graphql", data=body, headers=headers) as response:
                text = await response.text()
            told = _wrong(response.status, text, outcome.kinds)
            if told:
                outcome.wrong.append(f"{told}\nasked: {body[:6000]!r}\nanswered {response.status}: {text[:2000]}")
            else:
                generator.learn(json.loads(text).get("data"))

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as http:
        await asyncio.gather(*(client(number, http) for number in range(AT_ONCE)))
    return outcome


def _wrong(status: int, text: str, kinds: Counter[str]) -> str | None:
    """Why this is no answer that anybody should get."""
    try:
        answer: Any = json.loads(text)
        errors = answer.get("errors", [])
        codes = [error["extensions"]["code"] for error in errors]
    except (ValueError, AttributeError, KeyError, TypeError) as why:
        return f"no GraphQL answer with codes: {why!r}"
    kinds.update(codes or ["data"])
    if status >= 500 and codes != ["OPERATION_TIMED_OUT"]:
        return f"status {status}"
    return "INTERNAL_ERROR" if "INTERNAL_ERROR" in codes else None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--url", help="a gateway that accepts development tokens; without it, one is started")
    parser.add_argument("--data", type=Path, help="the data folder of that gateway, for the key of its tokens")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


async def _run(given: argparse.Namespace) -> Outcome:
    async def ask(url: str, data: Path) -> Outcome:
        settings = load(data_dir=data)
        return await fuzz(
            url, [development_token(settings, role) for role in Role], given.seed, seconds=60 * given.minutes
        )

    if given.url:
        return await ask(given.url, given.data)
    with tempfile.TemporaryDirectory(prefix="orderway-fuzz-") as folder:
        # who asks nonsense for minutes would soon be told to wait, and nothing else
        async with running_product(Path(folder), environment={"ORDERWAY_LIMITS__COST_BUCKET": "1000000000"}) as product:
            return await ask(product.urls[0], product.settings.data_dir)


def main() -> int:
    """Fuzz, and tell what came of it."""
    outcome = asyncio.run(_run(_arguments()))
    for wrong in outcome.wrong[:20]:
        print(wrong, end="\n\n")  # noqa: T201 - a command's answer
    kinds = ", ".join(f"{kind} {count}" for kind, count in outcome.kinds.most_common())
    print(f"{outcome.asked} operations, {len(outcome.wrong)} wrong answers; {kinds}")  # noqa: T201
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
