"""Breaches of rules, as the graph tells of them."""

import strawberry
from strawberry import field

from resolvers.enums import Severity, StepKind, ViolationCode


@strawberry.type(description="One breach of one rule.")
class Violation:
    rule: str = field(description="Id of the rule; it is in the message too.")
    path: str = field(description="JSON pointer to the place, in the order or in the input.")
    code: ViolationCode = field(description="What kind of breach it is.")
    message: str = field(description="Field, rule and way out, in one sentence.")
    severity: Severity = field(description="How grave it is.")
    step: StepKind = field(description="The step of establishment in which it is mended.")
    because: str | None = field(description="The condition that holds, when the rule is data.")


@strawberry.type(description="What a submission would find now.")
class ProductOrderValidation:
    submittable: bool = field(description="Whether the order would be accepted.")
    violations: list[Violation] = field(description="Every breach of every rule.")
