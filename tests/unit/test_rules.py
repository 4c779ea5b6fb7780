"""Every rule: a case that breaks it and its nearest neighbours that do not."""

import ast
import inspect
import pkgutil
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest

from app.domain import rules
from app.domain.catalog import CharacteristicSpecification, CreditCheck, PriceType
from app.domain.order import AgreedPrice, CreditDecision, ItemAction, ItemRelationship, OrderItem, RelationshipType
from app.domain.pricing import price_order
from app.domain.rules import RULES, violations
from app.domain.rules.case import Case
from app.domain.rules.payments import amount_due
from app.domain.violations import ViolationCode
from tests.unit.orders import NOW, credit, euros, item, offering, order, place, price, served, silent
from tests.unit.rule_cases.business import before, business
from tests.unit.rule_cases.catalog import catalog, chosen, compatibility, configured
from tests.unit.rule_cases.delivery import places
from tests.unit.rule_cases.establishing import people_and_accounts, sources, structure
from tests.unit.rule_cases.money import money
from tests.unit.rule_cases.owned import lifecycle, retroactive
from tests.unit.rule_cases.quotes import MONTHLY, QUOTED, by_quote, quotes
from tests.unit.rule_cases.row import FIBRE, FIBRE_SERVICE, RULEBOOK, Row, line, of, one
from tests.unit.rule_cases.transfer import bundles_in_use, moves, ownership, repackaging

ROWS = (
    *people_and_accounts(),
    *structure(),
    *catalog(),
    *compatibility(),
    *lifecycle(),
    *retroactive(),
    *places(),
    *money(),
    *quotes(),
    *business(),
    *ownership(),
    *bundles_in_use(),
    *moves(),
    *repackaging(),
    *sources(),
)
each_row = pytest.mark.parametrize("row", ROWS, ids=[f"{row.rule}: {row.name}" for row in ROWS])


@each_row
def test_a_breach_is_told_once_where_it_is_and_where_it_is_mended(row: Row) -> None:
    found = [v for v in violations(row.broken) if v.rule == row.rule]

    assert [(v.path, v.code, v.severity, v.step) for v in found] == [(row.path, row.code, row.severity, row.step)]
    assert found[0].message.startswith(f"{row.path}: ")
    assert found[0].message.endswith(f"({row.rule}).")


@each_row
def test_what_is_within_the_limit_is_no_breach(row: Row) -> None:
    for kept in row.kept:
        assert [v for v in violations(kept) if v.rule == row.rule] == []


@each_row
def test_a_rule_is_silent_while_a_source_of_its_facts_is(row: Row) -> None:
    for source in _sources_of(row):
        known = replace(row.broken.facts, unanswered=silent(source))

        found = {v.rule for v in violations(replace(row.broken, facts=known))}

        assert row.rule not in found
        assert "sourceAnswered" in found


def _sources_of(row: Row) -> frozenset[str]:
    coded = [r.sources for r in RULES if any(v.rule == row.rule for v in r.breaches(row.broken))]
    data = [r.sources for r in RULEBOOK.validation if r.id == row.rule]
    return frozenset().union(*coded, *data)


def test_every_rule_has_a_case_that_breaks_it() -> None:
    coded, data = set(_coded_rules()), {rule.id for rule in RULEBOOK.validation}

    assert {rule for rule, _ in coded} | data == {row.rule for row in ROWS}
    assert coded - {(row.rule, row.code) for row in ROWS} == set()
    assert {row.rule for row in ROWS if not row.kept} == set()


def _coded_rules() -> Iterable[tuple[str, ViolationCode]]:
    """Each rule with each code that stands where it is said to be broken."""
    modules = [f"{rules.__name__}.{found.name}" for found in pkgutil.iter_modules(rules.__path__)]
    for module in (rules.__name__, *modules):
        for node in ast.walk(ast.parse(inspect.getsource(import_module(module)))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "breach":
                rule, _, code, _ = node.args
                if isinstance(rule, ast.Constant):
                    for named in ast.walk(code):
                        if isinstance(named, ast.Attribute):
                            yield str(rule.value), ViolationCode[named.attr]
                else:
                    assert module.endswith(".business"), f"{module}:{node.lineno} names its rule in no way that is read"


def test_an_ordinary_order_breaks_no_rule() -> None:
    assert violations(of(one())) == ()


def test_an_item_that_relates_to_itself_is_told_of_that_relationship() -> None:
    to_itself = of(order(item("1", ItemRelationship(RelationshipType.RELIES_ON, "1"))))

    assert "/items/0/relationships/0/itemId" in {v.path for v in violations(to_itself)}


def test_a_circle_names_the_items_in_it_and_no_other() -> None:
    def relies(item_id: str, *others: str) -> OrderItem:
        return item(item_id, *(ItemRelationship(RelationshipType.RELIES_ON, other) for other in others))

    wanted = order(relies("a", "b"), relies("b", "c"), relies("c", "b"), relies("d", "a"))

    [found] = [v for v in violations(of(wanted)) if v.rule == "relationshipsResolve"]

    assert "items b → c → b rely" in found.message


def test_each_item_is_judged_for_itself() -> None:
    wanted = order(item("1", quantity=0), item("2"), item("3", quantity=0))

    assert [v.path for v in violations(of(wanted))] == ["/items/0/quantity", "/items/2/quantity"]


def test_the_order_that_a_duplicate_repeats_is_named_with_its_age() -> None:
    wanted = replace(one(), place=place())
    others = (before(2, "away"), before(30.5, "here", place_ids=("addr-1",)))

    [found] = [v for v in violations(of(wanted, other_orders=others)) if v.rule == "noDuplicateOrder"]

    assert "order here, 30 hours old, already brings Line" in found.message


def test_an_answer_for_one_set_of_services_says_nothing_about_another() -> None:
    wanted = replace(one(), place=place())
    other = served("addr-1", "cfs-tv", serviceable=False)

    assert "placeServiceable" not in {v.rule for v in violations(of(wanted, FIBRE, qualifications=other))}


def test_an_offering_that_is_not_known_is_all_that_is_told_of_it() -> None:
    stranger = one(offering_id="other", place=place(), agreed_prices=(AgreedPrice("fee", euros("1")),))

    assert [v.rule for v in violations(of(stranger))] == ["offeringKnown"]


def said(judged: Case, rule: str) -> str:
    [message] = [v.message for v in violations(judged) if v.rule == rule]
    return message


def test_a_difference_from_the_quote_is_told_in_both_amounts() -> None:
    cheaper = replace(QUOTED, prices=(replace(MONTHLY, price=euros("9.50")),))

    assert "fee: 9.5 EUR per month was quoted, the catalog has 10 EUR per month" in said(
        by_quote(quoted=cheaper), "quotePrices"
    )


def test_what_is_ended_by_a_quote_costs_nothing() -> None:
    ended = by_quote(
        wish={"action": ItemAction.DELETE, "product_id": "p1"}, quoted=replace(QUOTED, action="delete", prices=())
    )

    assert [v.rule for v in violations(ended) if v.rule.startswith("quote")] == []


def test_a_refused_value_comes_with_what_may_be_chosen() -> None:
    bounded = chosen("9", minimum=Decimal(10), maximum=Decimal(20))

    assert "9 is not a number from 10 up to 20" in said(bounded, "characteristicsAllowed")
    assert "9 is not a number from 10 (" in said(chosen("9", minimum=Decimal(10)), "characteristicsAllowed")
    assert "choose one of a, b" in said(chosen("c", allowed=("b", "a")), "characteristicsAllowed")
    required = CharacteristicSpecification(name="type", required=True)
    assert "choose a value" in said(configured(required), "characteristicsComplete")
    assert "choose one of a, b" in said(configured(replace(required, allowed=("b", "a"))), "characteristicsComplete")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"reason": "no fibre"}, "Addr-1: no fibre ("),
        ({}, "Addr-1: not serviceable ("),
        ({"reason": "no fibre", "alternatives": ("cfs-tv", "cfs-dsl")}, "no fibre; there cfs-dsl, cfs-tv can be ("),
    ],
)
def test_a_place_that_cannot_be_served_says_why_and_what_can_be_had_there(answer: dict[str, Any], words: str) -> None:
    known = served("addr-1", FIBRE_SERVICE, serviceable=False, **answer)

    assert words in said(of(one(place=place()), FIBRE, qualifications=known), "placeServiceable")


@pytest.mark.parametrize(
    ("reasons", "words"), [(("two bills unpaid", "moved"), "(two bills unpaid; moved)"), ((), "(no reason given)")]
)
def test_a_refused_credit_says_why(reasons: tuple[str, ...], words: str) -> None:
    refused = replace(one(), credit=credit(CreditDecision.REJECT, reasons=reasons))

    assert words in said(of(refused, line(credit_check=CreditCheck.FULL)), "creditAccepted")


def test_due_before_delivery_are_the_deposit_and_the_one_time_prices_that_no_bill_follows_for() -> None:
    prices = (price("5", PriceType.ONE_TIME, tax="0"), price("10", tax="0"))
    prepaid, billed = replace(offering("prepaid", *prices), categories=("prepaid",)), offering("line", *prices)
    offerings = {"prepaid": prepaid, "line": billed}
    priced = price_order(order(item("1", offering="prepaid", quantity=2), item("2")), offerings, at=NOW)
    deposit = credit(CreditDecision.DEPOSIT, deposit=euros("50.00"))

    assert amount_due(of(priced, prepaid, billed)) == euros("10.00")
    assert amount_due(of(replace(priced, credit=deposit), prepaid, billed)) == euros("60.00")
    assert amount_due(of(replace(priced, credit=deposit, items=priced.items[1:]), billed)) == euros("50.00")
    assert amount_due(of(replace(priced, items=priced.items[1:]), billed)) is None
