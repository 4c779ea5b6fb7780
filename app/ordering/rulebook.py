"""Reads rule files: YAML with conditions in Google's Common Expression Language. Nothing in them runs as Python."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from importlib import resources
from pathlib import Path

import cel
import msgspec
import yaml

from app.domain.rulebook import BLANK_VIEW, Condition, DecompositionRule, Need, Rulebook, Scope, TaskTemplate


class BadRules(Exception):
    """The rule file cannot be used; the message names the rule and what is wrong with it."""


class _Task(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    name: str
    operation: str
    expected: str
    after: list[str] = []


class _Rule(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    when: str
    tasks: list[_Task]
    scope: Scope = Scope.ITEM
    needs: list[Need] = []


def read_rulebook(path: Path | None, operations: Collection[str]) -> Rulebook:
    """The rules of this file, or those that Orderway comes with.

    `operations` are those that can be carried out. Raises BadRules: a file is taken whole or not at all.
    """
    try:
        text = path.read_text() if path else (resources.files("app.rules") / "decomposition.yaml").read_text()
        rules = msgspec.convert(yaml.safe_load(text), list[_Rule])
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise BadRules(f"{path or 'decomposition.yaml'}: {error}") from error
    return Rulebook(tuple(_rule(rule, operations) for rule in rules))


def _rule(rule: _Rule, operations: Collection[str]) -> DecompositionRule:
    for task in rule.tasks:
        if task.operation not in operations:
            raise BadRules(
                f"rule {rule.id}: there is no operation {task.operation!r}; there are {', '.join(operations)}"
            )
    return DecompositionRule(
        id=rule.id,
        scope=rule.scope,
        when=_condition(rule),
        needs=frozenset(rule.needs),
        tasks=tuple(
            TaskTemplate(
                id=task.id,
                name=task.name,
                operation=task.operation,
                expected=_duration(rule, task),
                after=tuple(task.after),
            )
            for task in rule.tasks
        ),
    )


def _condition(rule: _Rule) -> Condition:
    try:
        program = cel.compile(rule.when)
    except ValueError as error:
        raise BadRules(f"rule {rule.id}: `when` is no condition: {error}") from error

    def holds(view: Mapping[str, object]) -> bool:
        try:
            return program.execute(dict(view)) is True
        except (RuntimeError, TypeError, ValueError, KeyError) as error:
            raise BadRules(f"rule {rule.id}: `when` cannot be judged: {error}") from error

    holds(BLANK_VIEW)
    return holds


def _duration(rule: _Rule, task: _Task) -> timedelta:
    try:
        return msgspec.convert(task.expected, timedelta)
    except msgspec.ValidationError as error:
        raise BadRules(
            f"rule {rule.id}, task {task.id}: `expected` is no ISO 8601 duration: {task.expected}"
        ) from error
