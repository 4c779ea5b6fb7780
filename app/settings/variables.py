"""The variables that set something: read into the settings, refused by name, described for people."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from dotenv import dotenv_values
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from app.cannot_start import CannotStart
from app.settings.model import BACKENDS, ENV_FILE, PREFIX, Settings

# Named like settings, but read by the test suite only.
TEST_PREFIX: Final = "ORDERWAY_TEST_"


@dataclass(frozen=True, slots=True)
class SettingDescription:
    """One setting, for people: its variable, its default as one would write it, and what it means."""

    variable: str
    default: str
    meaning: str


def load(**chosen: object) -> Settings:
    """The settings from environment and `.env`, with what the command line chose (None: not chosen) before both.

    Raises CannotStart with one sentence per wrong value or unknown name.
    """
    wrong = [*_unknown_names({**dotenv_values(ENV_FILE), **os.environ})]
    try:
        given = {name: value for name, value in chosen.items() if value is not None}
        settings = Settings(**given)  # type: ignore[arg-type]  # checked by the model itself
    except ValidationError as refusal:
        wrong += [_sentence(error) for error in refusal.errors(include_url=False)]
    if wrong:
        raise CannotStart("\n".join(wrong))
    return settings


def values(settings: Settings) -> dict[str, object]:
    """The value of every setting, by its variable; secrets among them."""
    return {
        variable: getattr(owner, field)
        for owner, variables in _owners(settings)
        for field, variable in variables.items()
    }


def describe() -> list[SettingDescription]:
    """Every setting once; the settings that each backend has stand once, with `<NAME>` for the backend's name."""
    return [
        SettingDescription(variable, _written(field), field.description or "")
        for variable, field in _fields(Settings)
        if f"{PREFIX}BACKENDS__" not in variable or f"__{BACKENDS[0].upper()}__" in variable
        for variable in [variable.replace(f"__{BACKENDS[0].upper()}__", "__<NAME>__")]
    ]


def markdown_table() -> str:
    """The table of the README."""
    rows = [f"| `{s.variable}` | {f'`{s.default}`' if s.default else '–'} | {s.meaning} |" for s in describe()]
    return "\n".join(["| Setting | Default | Meaning |", "|---|---|---|", *rows])


def _fields(model: type[BaseModel], prefix: str = PREFIX) -> Iterator[tuple[str, FieldInfo]]:
    """Each leaf of the settings tree with the variable that sets it."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _fields(field.annotation, f"{prefix}{name.upper()}__")
        else:
            yield f"{prefix}{name.upper()}", field


def _owners(settings: BaseModel, prefix: str = PREFIX) -> Iterator[tuple[BaseModel, dict[str, str]]]:
    """Each part of the settings tree, with the variables of the leaves that it has itself."""
    leaves = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            yield from _owners(value, f"{prefix}{name.upper()}__")
        else:
            leaves[name] = f"{prefix}{name.upper()}"
    yield settings, leaves


def _written(field: FieldInfo) -> str:
    """The default as one would write it in the environment; empty when there is none."""
    default = field.default
    if isinstance(default, bool):
        return str(default).lower()
    return "" if default in (None, (), {}) else str(default)


def _unknown_names(environment: Mapping[str, str | None]) -> Iterator[str]:
    """A misspelled setting that was only ignored would silently start the embedded part in its place."""
    known = {variable for variable, _ in _fields(Settings)}
    for name in sorted(environment):
        upper = name.upper()
        if upper.startswith(PREFIX) and not upper.startswith(TEST_PREFIX) and upper not in known:
            near = get_close_matches(upper, known, n=1)
            yield f"{name}: there is no such setting{f'; did you mean {near[0]}?' if near else '.'}"


def _sentence(error: ErrorDetails) -> str:
    variable = PREFIX + "__".join(part for part in error["loc"] if isinstance(part, str)).upper()
    for known, field in _fields(Settings):
        if variable == known or variable.startswith(f"{known}__"):  # behind the field's name: a place inside its value
            extra = field.json_schema_extra
            rule = extra["rule"] if isinstance(extra, dict) else error["msg"]
            shown = str(error["input"])[:80] if field.repr else "the value"
            return f"{known}: {shown} is not {rule}."
    return f"{variable}: {error['msg']}."
