"""What rules say: conditions in CEL, and messages, held to what can be spoken of before any of them is in force."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final

import cel

from app.domain.conditions import PLACEHOLDER, CannotJudge, Condition, View, filled
from app.ordering.rulebook.files import BadRules

_QUOTED: Final = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
_MEMBER: Final = re.compile(r"(?<![\w.])([A-Za-z_]\w*)\.([A-Za-z_]\w*)(?!\w*\()")


def condition(rule_id: str, text: str, words: View) -> Condition:
    """The condition, once it is sure that it speaks only of what is there. Raises BadRules."""
    try:
        program = cel.compile(text)
    except ValueError as error:
        raise BadRules(f"rule {rule_id}: `when` is no condition: {error}") from error

    def holds(view: View) -> bool:
        try:
            if not isinstance(view.prepared, cel.Context):
                view.prepared = cel.Context(dict(view))  # costs more than all the conditions that look at it
            found = program.execute(view.prepared)
        except (RuntimeError, TypeError, ValueError, KeyError, ArithmeticError) as error:
            raise CannotJudge(f"rule {rule_id}: `when` cannot be judged: {error}") from error
        if not isinstance(found, bool):
            raise CannotJudge(f"rule {rule_id}: `when` gives {type(found).__name__}, not true or false")
        return found

    found = dict.fromkeys(_MEMBER.findall(_QUOTED.sub('""', text)))
    names = tuple((name, member) for name, member in found if name in program.variables() or name in words)
    for name, member in names:
        _spoken_of(rule_id, name, member, words)
    try:
        holds(words)
    except CannotJudge as error:
        raise BadRules(str(error)) from error
    return Condition(text.strip(), holds, names)


def _spoken_of(rule_id: str, name: str, member: str, words: View) -> None:
    """Raises BadRules when rules cannot speak of `name.member`: a condition may not look at it before much later."""
    part = words.get(name)
    known: Iterable[str] = part if isinstance(part, Mapping) else ()
    if member not in known:
        there = ", ".join(sorted(known)) if known else f"no {name!r}; there are {', '.join(sorted(words))}"
        raise BadRules(f"rule {rule_id}: there is no {name}.{member}; there is {there}")


def message(rule_id: str, text: str, words: View) -> Callable[[View], str]:
    """What fills the names in braces with what they stand for. Raises BadRules."""
    check_placeholders(rule_id, text, words)
    return partial(filled, text)


def check_placeholders(rule_id: str, text: str, words: View) -> None:
    """Raises BadRules when the text has a name in braces that stands for nothing."""
    for name, member in PLACEHOLDER.findall(text):
        _spoken_of(rule_id, name, member, words)
