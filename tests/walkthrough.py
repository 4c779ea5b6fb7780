"""A scenario written for people, run as it is written: its operations in turn, and what it says one sees.

A scenario is Markdown. A block `graphql` is an operation, `json variables` after it are its variables, `json answer`
is what of the answer is shown: what it names has to be there, a list holds at least what is named, and an empty one
is empty; `"<50 times>"` before a part means so many like it. `<word>` in place of a value stands for what was seen
there first, from then on for the same value. A block `sh` sets or takes away faults of the mock's backends. A query is
asked until it answers so, a mutation once, or again while its answer says that it may be.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from app.domain.actor import Role
from tests.harness import Product, until

Json = Any
"""A JSON value as it came over the wire."""

SCENARIOS: Final = Path(__file__).parents[1] / "docs" / "scenarios"
BLOCK: Final = re.compile(r"^```(sh|graphql|json variables|json answer)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAME: Final = re.compile(r"<[^<>]+>")
NUMBER: Final = re.compile(r"\b\d+\b")
TIMES: Final = re.compile(r"<(\d+) times>")
START: Final = re.compile(r"^((?:ORDERWAY_\w+=\S+ )+)\S*orderway dev$", re.MULTILINE)


class NotAsWritten(AssertionError):
    """What was seen is not what the scenario says."""


@dataclass(frozen=True, slots=True)
class Step:
    """An operation or, without a document, commands; `line` is where it stands."""

    line: int
    document: str = ""
    variables: Json = field(default_factory=dict)
    answer: Json = None
    commands: tuple[str, ...] = ()


def steps_of(scenario: Path, instead: Mapping[str, str]) -> list[Step]:
    """The steps of a scenario, in their order."""
    text = NUMBER.sub(lambda found: instead.get(found[0], found[0]), scenario.read_text())
    steps: list[Step] = []
    for block in BLOCK.finditer(text):
        kind, body = block.groups()
        line = text.count("\n", 0, block.start()) + 1
        match kind:
            case "sh":
                steps.append(Step(line, commands=tuple(body.splitlines())))
            case "graphql":
                steps.append(Step(line, document=body))
            case "json variables":
                steps[-1] = replace(steps[-1], variables=json.loads(body))
            case _:
                steps[-1] = replace(steps[-1], answer=json.loads(body))
    return steps


def settings_of(scenario: Path) -> dict[str, str]:
    """The settings with which the scenario wants Orderway started."""
    found = START.search(scenario.read_text())
    return dict(word.split("=", 1) for word in found[1].split()) if found else {}


async def walk(product: Product, scenario: Path, instead: Mapping[str, str] = {}) -> dict[str, Json]:
    """Take every step; what the names stand for. `instead` are numbers to take in place of those that are written.

    Raises NotAsWritten with the line of the step.
    """
    now = datetime.now(UTC)
    known: dict[str, Json] = {"<now>": now.isoformat(), "<in 300 days>": (now + timedelta(days=300)).isoformat()}
    token = product.token(Role.DEVELOPER, f"reader of {scenario.stem}", "online")
    for step in steps_of(scenario, instead):
        try:
            for command in step.commands:
                await _command(product, command)
            if step.document:
                known = await _operation(product, step, known, token)
        except (NotAsWritten, TimeoutError) as problem:
            raise NotAsWritten(f"{scenario.name}, line {step.line}: {problem}") from problem
    return known


async def _command(product: Product, command: str) -> None:
    """A curl command that sets, or takes away, what goes wrong at the mock."""
    if START.match(command):
        return
    words = shlex.split(command)
    method, address = words[words.index("-X") + 1], next(word for word in words if word.startswith("$MOCK/control"))
    backend = address.removeprefix("$MOCK/control").strip("/")
    if method == "DELETE":
        await product.mock_control.heal()
    else:
        await product.mock_control.fault(backend, **json.loads(words[words.index("-d") + 1]))


async def _operation(product: Product, step: Step, known: Mapping[str, Json], token: str) -> dict[str, Json]:
    given, seen = filled(step.variables, known), None

    once = step.document.lstrip().startswith("mutation")

    async def as_written() -> Json:
        nonlocal seen
        answer = await product.graphql(step.document, given, token=token)
        seen = answer.errors or answer.data
        if answer.errors and all(error["extensions"].get("retryable") for error in answer.errors):
            return None
        found = None if answer.errors else matched(step.answer or {}, answer.data, dict(known))
        if found is None and once:
            raise NotAsWritten(f"seen was {json.dumps(seen, indent=1)}")
        return found

    try:
        found: dict[str, Json] = await until(as_written)
    except TimeoutError as late:
        raise NotAsWritten(f"seen at last was {json.dumps(seen, indent=1)}") from late
    return found


def filled(value: Json, known: Mapping[str, Json]) -> Json:
    """The value with what its names stand for. Raises NotAsWritten for a name that nothing was seen of."""
    if isinstance(value, dict):
        return {name: filled(part, known) for name, part in value.items()}
    if isinstance(value, list):
        return [filled(part, known) for part in _repeated(value)]
    if isinstance(value, str) and NAME.fullmatch(value):
        if value not in known:
            raise NotAsWritten(f"nothing was seen of {value}")
        return known[value]
    return value


def matched(expected: Json, actual: Json, known: dict[str, Json]) -> dict[str, Json] | None:
    """What the names stand for when `actual` shows what is expected; None: it does not."""
    if isinstance(expected, str) and NAME.fullmatch(expected):
        return known if known.setdefault(expected, actual) == actual and actual is not None else None
    if isinstance(expected, dict):
        if not isinstance(actual, dict) or expected.keys() - actual.keys():
            return None
        found: dict[str, Json] | None = known
        for name, part in expected.items():
            found = matched(part, actual[name], dict(found)) if found is not None else None
        return found
    if isinstance(expected, list):
        if not isinstance(actual, list) or (actual and not expected):
            return None
        return next(_distributed(_repeated(expected), actual, known), None)
    return known if expected == actual else None


def _repeated(parts: list[Json]) -> list[Json]:
    """The parts, as often as the list says that they are meant."""
    times = TIMES.fullmatch(parts[0]) if parts and isinstance(parts[0], str) else None
    return parts[1:] * int(times[1]) if times else parts


def _distributed(expected: list[Json], actual: list[Json], known: dict[str, Json]) -> Iterator[dict[str, Json]]:
    """Each way to find every expected part in a part of its own."""
    if not expected:
        yield known
        return
    for n, part in enumerate(actual):
        found = matched(expected[0], part, dict(known))
        if found is not None:
            yield from _distributed(expected[1:], actual[:n] + actual[n + 1 :], found)
            if found == known:
                return  # one that is as good: to try others would take for ever when there is no way at all
