"""Breaches of rules: what they look like, and which of them refuse what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum


class ViolationCode(StrEnum):
    """What kind of breach it is."""

    MISSING_PROPERTY = "missingProperty"
    INVALID_VALUE = "invalidValue"
    INVALID_FORMAT = "invalidFormat"
    REFERENCE_NOT_FOUND = "referenceNotFound"
    UNEXPECTED_PROPERTY = "unexpectedProperty"
    TOO_MANY_RECORDS = "tooManyRecords"
    OTHER_ISSUE = "otherIssue"


class Severity(StrEnum):
    """An error refuses the order; a warning only tells."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Violation:
    """One breach of one rule."""

    rule: str
    path: str
    code: ViolationCode
    message: str
    severity: Severity = Severity.ERROR


def refusals(found: Iterable[Violation]) -> tuple[Violation, ...]:
    """The breaches that refuse an order at submission."""
    return tuple(v for v in found if v.severity is Severity.ERROR)


def mistakes(found: Iterable[Violation]) -> tuple[Violation, ...]:
    """The breaches that refuse even a draft: what is wrong, as opposed to what is still missing."""
    return tuple(v for v in refusals(found) if v.code is not ViolationCode.MISSING_PROPERTY)


def relocated(found: Iterable[Violation], prefixes: Mapping[str, str]) -> tuple[Violation, ...]:
    """The same breaches with paths into the caller's input: a path under a key of `prefixes` moves under its value."""
    moved = []
    for violation in found:
        path = violation.path
        for old, new in prefixes.items():
            if path == old or path.startswith(f"{old}/"):
                path = new + path[len(old) :]
                break
        moved.append(replace(violation, path=path, message=violation.message.replace(violation.path, path, 1)))
    return tuple(moved)
