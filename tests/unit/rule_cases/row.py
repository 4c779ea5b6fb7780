"""What a case of a rule is, and the order that the cases are made of."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from app.domain.catalog import Offering, ProductSpecification
from app.domain.order import ProductOrder
from app.domain.rules.case import Case
from app.domain.violations import Severity, StepKind, ViolationCode
from app.orchestration.operations import OPERATIONS
from app.ordering.rulebook.read import read_rulebook
from tests.unit.orders import NOW, case, facts, item, offering, order

C, S = ViolationCode, StepKind
RULEBOOK = read_rulebook(None, OPERATIONS)
MOMENT = timedelta(microseconds=1)
DAY = timedelta(days=1)
FIBRE_SERVICE = "cfs-fibre-access"


@dataclass(frozen=True, slots=True)
class Row:
    """`broken` breaks the rule once, at `path`; none of `kept` breaks it anywhere."""

    name: str
    rule: str
    path: str
    code: ViolationCode
    step: StepKind
    broken: Case
    kept: tuple[Case, ...]
    severity: Severity = Severity.ERROR


def row(
    name: str,
    rule: str,
    path: str,
    code: ViolationCode,
    step: StepKind,
    broken: Case,
    *kept: Case,
    severity: Severity = Severity.ERROR,
) -> Row:
    return Row(name, rule, path, code, step, broken, kept, severity)


def of(wanted: ProductOrder, *offerings: Offering, at: datetime = NOW, **more: Any) -> Case:
    return case(wanted, facts(*(offerings or (offering(),)), **more), RULEBOOK, at=at)


def one(**more: Any) -> ProductOrder:
    return order(replace(item("1"), **more))


def line(**more: Any) -> Offering:
    return replace(offering(), **more)


def of_one(offered: Offering, *, at: datetime = NOW, **more: Any) -> Case:
    return of(one(), offered, at=at, **more)


def with_order(**more: Any) -> Case:
    return of(replace(one(), **more))


FIBRE = line(specification=ProductSpecification(id="s", name="s", service_specification_ids=(FIBRE_SERVICE,)))
