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


class StepKind(StrEnum):
    """The steps in which an order is established, in their order."""

    CUSTOMER = "customer"
    OFFERING = "offering"
    PLACE = "place"
    SERVICEABILITY = "serviceability"
    QUALIFICATION = "qualification"
    APPOINTMENT = "appointment"
    PRICE = "price"
    AGREEMENT = "agreement"
    PAYMENT = "payment"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Violation:
    """One breach of one rule; it is mended in `step`. `because` is the condition of a rule that is data."""

    rule: str
    path: str
    code: ViolationCode
    message: str
    severity: Severity = Severity.ERROR
    step: StepKind = StepKind.REVIEW
    because: str | None = None


def refusals(found: Iterable[Violation]) -> tuple[Violation, ...]:
    """The breaches that refuse an order at submission."""
    return tuple(v for v in found if v.severity is Severity.ERROR)


def mistakes(found: Iterable[Violation]) -> tuple[Violation, ...]:
    """The breaches that refuse even a draft: what is wrong, as opposed to what is missing or may still change."""
    later = (ViolationCode.MISSING_PROPERTY, ViolationCode.OTHER_ISSUE)
    return tuple(v for v in refusals(found) if v.code not in later)


def relocated(found: Iterable[Violation], prefixes: Mapping[str, str]) -> tuple[Violation, ...]:
    """The same breaches with paths into the caller's input; see `relocated_path`."""
    moved = []
    for violation in found:
        path = relocated_path(violation.path, prefixes)
        moved.append(replace(violation, path=path, message=violation.message.replace(violation.path, path, 1)))
    return tuple(moved)


def relocated_path(path: str, prefixes: Mapping[str, str]) -> str:
    """The path, under the value of the first key of `prefixes` that it is at or under; else as it is."""
    for old, new in prefixes.items():
        if path == old or path.startswith(f"{old}/"):
            return new + path[len(old) :]
    return path
