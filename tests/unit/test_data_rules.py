"""Rules that are data: what they speak of, what they say, and when they are asked."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.conditions import CannotJudge, Condition, View
from app.domain.facts import OverdueFact
from app.domain.order import ProductOrder
from app.domain.rulebook import Scope, ValidationRule
from app.domain.rules import violations
from app.domain.rules.business import case_view, fired, prioritised
from app.domain.violations import Severity, StepKind, ViolationCode
from tests.unit.orders import ALWAYS, NOW, customer, euros, item, order, owned, silent
from tests.unit.rule_cases.business import before, born
from tests.unit.rule_cases.row import MOMENT, RULEBOOK, C, of, one


def test_rules_speak_of_the_customer_as_the_backends_do() -> None:
    known = customer(status="active", market="north", segment="business", birth_date=born(30), vip=True)
    has = (owned("p1", "base"), owned("p2", "spare", status="suspended"), owned("p3", offering_id=None))
    owes = OverdueFact(amount=euros("12.34"), since=NOW.date() - timedelta(days=3))
    judged = of(one(), customer=known, owned=has, overdue=owes, other_orders=(before(24), before(25)))

    assert case_view(judged, None, None)["customer"] == {
        "id": "c1",
        "segment": "business",
        "status": "active",
        "market": "north",
        "vip": True,
        "age": 30,
        "owns": ["base"],
        "overdue": "12.34 EUR",
        "overdueCents": 1234,
        "overdueDays": 3,
        "ordersOfToday": 1,
        "isNew": False,
    }


def test_what_is_not_known_of_the_customer_is_blank() -> None:
    assert case_view(of(one(), customer=None), None, None)["customer"] == {
        "id": "",
        "segment": "",
        "status": "",
        "market": "",
        "vip": False,
        "age": -1,
        "owns": [],
        "overdue": "",
        "overdueCents": 0,
        "overdueDays": 0,
        "ordersOfToday": 0,
        "isNew": True,
    }


def _data_rule(when: Condition, **more: Any) -> ValidationRule:
    made = ValidationRule(
        id="house",
        scope=Scope.ITEM,
        when=when,
        step=StepKind.PRICE,
        path="/quantity",
        code=ViolationCode.INVALID_VALUE,
        severity=Severity.WARNING,
        message=lambda _: "no",
        text="no",
        sources=frozenset(),
    )
    return replace(made, **more)


def _judged_by(rule: ValidationRule, wanted: ProductOrder) -> list[tuple[str, ViolationCode, Severity, str | None]]:
    judged = replace(of(wanted), rulebook=replace(RULEBOOK, validation=(rule,)))
    return [(v.path, v.code, v.severity, v.because) for v in violations(judged) if v.rule == "house"]


def test_a_rule_that_is_data_says_its_condition() -> None:
    assert _judged_by(_data_rule(ALWAYS), order(item("1"), item("2"))) == [
        ("/items/0/quantity", C.INVALID_VALUE, Severity.WARNING, "true"),
        ("/items/1/quantity", C.INVALID_VALUE, Severity.WARNING, "true"),
    ]
    assert _judged_by(_data_rule(ALWAYS, scope=Scope.ORDER, path="/priority"), one()) == [
        ("/priority", C.INVALID_VALUE, Severity.WARNING, "true")
    ]


def test_a_rule_that_is_data_is_silent_about_an_offering_that_is_not_known() -> None:
    assert _judged_by(_data_rule(ALWAYS), one(offering_id="other")) == []


def test_what_cannot_be_judged_refuses_the_order() -> None:
    def confused(_: View) -> bool:
        raise CannotJudge("rule house: apples and pears")

    assert _judged_by(_data_rule(Condition("?", confused)), one()) == [
        ("/items/0", C.OTHER_ISSUE, Severity.ERROR, None)
    ]


@pytest.mark.parametrize(
    ("asked", "more", "priority"),
    [
        (4, {}, 4),
        (4, {"segment": "business"}, 2),
        (1, {"segment": "business"}, 1),
        (4, {"segment": "residential"}, 4),
        (3, {"vip": True}, 0),
        (3, {"vip": True, "segment": "business"}, 0),
    ],
)
def test_an_order_is_as_urgent_as_it_asks_or_as_its_customer_is(
    asked: int, more: dict[str, Any], priority: int
) -> None:
    assert prioritised(of(replace(one(), priority=asked), customer=customer(**more))).priority == priority


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ({}, True),
        ({"sources": frozenset({"catalog"})}, True),
        ({"sources": frozenset({"catalog", "billing"})}, False),
        ({"valid_until": NOW}, False),
        ({"valid_from": NOW, "valid_until": NOW + MOMENT}, True),
        ({"valid_from": NOW + MOMENT}, False),
    ],
)
def test_a_rule_is_shown_to_fire_exactly_when_it_is_kept(more: dict[str, Any], shown: bool) -> None:
    rule = _data_rule(ALWAYS, **more)
    judged = replace(of(one(), unanswered=silent("billing")), rulebook=replace(RULEBOOK, validation=(rule,)))

    assert ("house" in {f.rule.id for f in fired(judged)}) is shown
    assert ("house" in {v.rule for v in violations(judged)}) is shown
