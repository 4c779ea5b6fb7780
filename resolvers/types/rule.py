"""The rules that are data, as they are in force, and which of them speak of an order."""

from datetime import datetime
from enum import Enum

import strawberry
from strawberry import field

from app.domain.rulebook import (
    DecompositionRule,
    ExpediteRule,
    JeopardyRule,
    PriorityRule,
    TakeBackRule,
    TerminationRule,
    ValidationRule,
)
from app.ordering.rulebook.watch import Rulebooks
from resolvers.enums import Severity, StepKind


@strawberry.enum(description="What a rule is about.")
class RuleKind(Enum):
    DECOMPOSITION = strawberry.enum_value("decomposition", description="Which work an item asks for.")
    VALIDATION = strawberry.enum_value("validation", description="What an order must keep.")
    PRIORITY = strawberry.enum_value("priority", description="How urgent an order is.")
    TERMINATION = strawberry.enum_value("termination", description="What it costs to end a product early.")
    TAKE_BACK = strawberry.enum_value("takeBack", description="Until when a completed order can be taken back.")
    EXPEDITE = strawberry.enum_value("expedite", description="What another time or urgency of an order costs.")
    JEOPARDY = strawberry.enum_value("jeopardy", description="How much a promise is in danger.")


@strawberry.type(description="A rule that is data.")
class BusinessRule:
    id: strawberry.ID = field(description="Id of the rule, unique among those of its kind.")
    kind: RuleKind = field(description="What it is about.")
    when: str = field(description="Its condition, in Google's Common Expression Language.")
    effect: str = field(description="What follows when the condition holds.")
    severity: Severity | None = field(description="How grave a breach is; null for rules of other kinds.")
    step: StepKind | None = field(description="The step in which a breach is mended; null for rules of other kinds.")
    valid_from: datetime | None = field(description="From when it is in force; null: always has been.")
    valid_until: datetime | None = field(description="Until when it is in force; null: for good.")


@strawberry.type(description="A rule whose condition holds for an order, and why.")
class FiredRule:
    rule: BusinessRule = field(description="The rule.")
    item_id: strawberry.ID | None = field(description="The item that it speaks of; null: the order as a whole.")
    because: list[str] = field(description="What the condition looked at, as name = value.")


@strawberry.type(description="A change of the rule files that was not taken.")
class RefusedRules:
    at: datetime = field(description="When.")
    reason: str = field(description="What is wrong with it.")


@strawberry.type(description="The rules in force.")
class Rulebook:
    version: str = field(description="Identifies their text.")
    read_at: datetime = field(description="When they were read.")
    refused: RefusedRules | None = field(description="The newest change, when it was refused; the rules stayed.")
    rules: list[BusinessRule] = field(description="All of them, in the order of their files.")


AnyRule = (
    DecompositionRule | ValidationRule | PriorityRule | TerminationRule | JeopardyRule | TakeBackRule | ExpediteRule
)


def rule_of(rule: AnyRule) -> BusinessRule:
    """The rule as the graph shows it."""
    match rule:
        case ValidationRule():
            return BusinessRule(
                id=strawberry.ID(rule.id),
                kind=RuleKind.VALIDATION,
                when=rule.when.text,
                effect=rule.text,
                severity=rule.severity,
                step=rule.step,
                valid_from=rule.valid_from,
                valid_until=rule.valid_until,
            )
        case PriorityRule():
            return _plain(rule.id, RuleKind.PRIORITY, rule.when.text, f"priority {rule.priority}")
        case TerminationRule():
            months = "" if rule.at_most_months is None else f", of {rule.at_most_months} months at the most"
            effect = f"{rule.percent} percent of what is left{months}: {rule.text}"
            return _plain(rule.id, RuleKind.TERMINATION, rule.when.text, effect)
        case TakeBackRule():
            costs = f", for {rule.charge.amount} {rule.charge.currency}" if rule.charge else ""
            effect = f"within {rule.within.days} days{costs}: {rule.text}"
            return _plain(rule.id, RuleKind.TAKE_BACK, rule.when.text, effect)
        case ExpediteRule():
            effect = f"{rule.charge.amount} {rule.charge.currency}: {rule.text}"
            return _plain(rule.id, RuleKind.EXPEDITE, rule.when.text, effect)
        case JeopardyRule():
            effect = f"jeopardy {rule.level}{f', escalated to {rule.queue}' if rule.queue else ''}"
            return _plain(rule.id, RuleKind.JEOPARDY, rule.when.text, effect)
        case DecompositionRule():
            work = ", ".join(task.operation for task in rule.tasks)
            return _plain(rule.id, RuleKind.DECOMPOSITION, rule.when.text, work)


def _plain(rule_id: str, kind: RuleKind, when: str, effect: str) -> BusinessRule:
    return BusinessRule(
        id=strawberry.ID(rule_id),
        kind=kind,
        when=when,
        effect=effect,
        severity=None,
        step=None,
        valid_from=None,
        valid_until=None,
    )


def rulebook_of(rules: Rulebooks) -> Rulebook:
    """The rules in force, and what became of the newest change."""
    book, refused = rules.current, rules.refused
    found: list[AnyRule] = [
        *book.validation,
        *book.priority,
        *book.termination,
        *book.take_back,
        *book.expedite,
        *book.jeopardy,
    ]
    return Rulebook(
        version=book.version,
        read_at=rules.read_at,
        refused=RefusedRules(at=refused.at, reason=refused.reason) if refused else None,
        rules=[rule_of(rule) for rule in (*found, *book.decomposition)],
    )
