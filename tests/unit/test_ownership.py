"""Handing over: what a refused yes does to a plan, and what each party sees of the order."""

from dataclasses import fields, replace

import pytest

from app.domain.actor import Actor, Role
from app.domain.change_request import ChangeRequest, ChangeRequestKind
from app.domain.order import (
    Agreement,
    Cancellation,
    Consent,
    ConsentSide,
    ExternalId,
    Note,
    OwnershipChange,
    PaymentChoice,
    ProductOrder,
)
from app.domain.ownership import as_seen_by, party_of, task_awaiting
from app.domain.plan import Cause, Dependency, Plan, Task
from app.domain.plan_events import Run, Started, TaskAccepted, TaskFailed
from app.domain.progress import order_state_under_way
from app.domain.states import ItemState, OrderState, TaskState
from app.domain.step import step
from app.ordering.ordering import Instruction, InstructionKind
from app.store.port import IdempotencyKey
from tests.unit.orders import NOW, credit, item, order

NO = Cause(kind="CONSENT_REFUSED", message="no", final=True, calls_off=True)


def make(task_id: str, *after: str, item_id: str | None = None, operation: str = "backend.do", undo: str = "") -> Task:
    return Task(
        id=task_id,
        item_ids=(item_id,) if item_id else (),
        name=task_id,
        operation=operation,
        rule="r",
        depends_on=tuple(map(Dependency, after)),
        pends=task_id == "other",
        undo=undo or None,
    )


def waiting() -> Plan:
    """A plan that waits for two consents, with an item that waits for both."""
    plan = Plan(
        order_id="o1",
        tasks=(
            make("consent", operation="customer.awaitAcceptingConsent"),
            make("other", operation="customer.awaitReleasingConsent"),
            make("change", "consent", "other", item_id="1"),
            make("told", "change"),
        ),
    )
    plan, _ = step(plan, Started(at=NOW))
    for task_id in ("consent", "other"):
        plan, _ = step(plan, TaskAccepted(at=NOW, task_id=task_id, revision=1, reference="r"))
    return plan


def test_a_yes_that_is_refused_ends_the_whole_order_and_nobody_has_to_decide() -> None:
    plan, commands = step(waiting(), TaskFailed(at=NOW, task_id="consent", revision=1, cause=NO))

    assert {t.id: t.state for t in plan.tasks} == {
        "consent": TaskState.FAILED,
        "other": TaskState.ABANDONED,
        "change": TaskState.ABANDONED,
        "told": TaskState.ABANDONED,
    }
    assert (plan.ended, plan.cancelled, commands) == (True, ("1",), ())
    assert order_state_under_way([ItemState.CANCELLED], plan) is OrderState.CANCELLED
    assert step(plan, TaskFailed(at=NOW, task_id="consent", revision=1, cause=NO)) == (plan, ())


def test_what_was_done_for_an_order_that_is_called_off_is_taken_back() -> None:
    tasks = (
        make("done", item_id="1", undo="backend.undo"),
        make("consent", "done"),
        make("change", "consent", item_id="1"),
        make("other-change", "consent", item_id="2"),
    )
    plan, _ = step(Plan(order_id="o1", tasks=tasks), Started(at=NOW))
    plan = replace(
        plan,
        tasks=(
            replace(plan.tasks[0], state=TaskState.COMPLETED, reference="made"),
            replace(plan.tasks[1], state=TaskState.RUNNING),
            *plan.tasks[2:],
        ),
    )

    plan, commands = step(plan, TaskFailed(at=NOW, task_id="consent", revision=1, cause=NO))

    assert plan.cancelled == ("1", "2")
    assert commands == (Run("done~undo", 1),)


def test_a_refusal_that_calls_nothing_off_is_decided_by_people() -> None:
    plan, _ = step(waiting(), TaskFailed(at=NOW, task_id="consent", revision=1, cause=replace(NO, calls_off=False)))

    task = plan.task("consent")
    assert task is not None and (task.state, plan.cancelled) == (TaskState.FALLOUT, ())


def test_the_task_that_waits_for_a_party_is_found_while_it_waits() -> None:
    plan = waiting()
    refused, _ = step(plan, TaskFailed(at=NOW, task_id="consent", revision=1, cause=NO))

    found = task_awaiting(plan, ConsentSide.ACCEPTING)
    assert found is not None and found.id == "consent"
    assert task_awaiting(refused, ConsentSide.ACCEPTING) is None
    assert task_awaiting(None, ConsentSide.RELEASING) is None


def handed_over() -> ProductOrder:
    """An order that goes from c1 to c2 and has everything that an order may have."""
    return replace(
        order(item("1")),
        ownership=OwnershipChange(acceptor_id="c2", consent_until=NOW),
        billing_account_id="ba-1",
        description="why",
        credit=credit(),
        payment=PaymentChoice(method_id="m", label="card"),
        notes=(Note(author="a", at=NOW, text="n"),),
        change_requests=(
            ChangeRequest(id="1", kind=ChangeRequestKind.OTHER, wish="w", requested_by="c1", requested_at=NOW),
        ),
        external_ids=(ExternalId(owner="o", type="t", id="i"),),
        cancellations=(Cancellation(item_ids=("1",), reason="no", requested_at=NOW, requested_by="a"),),
        agreement=Agreement(
            version=1, content="c", contract_id="d", summary_id="s", signature_required=False, prepared_at=NOW
        ),
    )


def test_who_takes_over_sees_what_it_is_about_and_nothing_of_the_other_party() -> None:
    whole, acceptor = handed_over(), Actor(subject="c2", role=Role.CUSTOMER, channel="online")

    seen = as_seen_by(acceptor, {}, whole)

    assert seen is not None
    hidden = {f.name for f in fields(whole) if getattr(whole, f.name) != getattr(seen, f.name)}
    assert hidden == {
        "billing_account_id",
        "change_requests",
        "description",
        "credit",
        "payment",
        "notes",
        "external_ids",
        "agreement",
    }


@pytest.mark.parametrize(
    ("role", "subject", "sees"),
    [
        (Role.CUSTOMER, "c1", True),
        (Role.CUSTOMER, "c3", False),
        (Role.AGENT, "agent", True),
        (Role.DEALER, "dealer", False),
    ],
)
def test_everybody_else_sees_all_of_it_or_nothing(role: Role, subject: str, sees: bool) -> None:
    whole = handed_over()

    seen = as_seen_by(Actor(subject=subject, role=role, channel="online"), {}, whole)

    assert seen == (whole if sees else None)


def test_each_side_has_its_customer() -> None:
    assert [party_of(handed_over(), side) for side in ConsentSide] == ["c1", "c2"]
    assert party_of(order(item("1")), ConsentSide.RELEASING) is None


@pytest.mark.parametrize(
    ("given", "reason", "told"),
    [(True, None, "the accepting party consents"), (False, "too dear", "the accepting party refuses: too dear")],
)
def test_the_version_that_a_consent_makes_says_what_was_said(given: bool, reason: str | None, told: str) -> None:
    consent = Consent(side=ConsentSide.ACCEPTING, given=given, by="c2", channel="online", at=NOW, reason=reason)
    instruction = Instruction(
        kind=InstructionKind.CONSENT,
        reason=reason or "",
        actor=Actor(subject="c2", role=Role.CUSTOMER, channel="online"),
        key=IdempotencyKey(owner="c2", key="k", fingerprint="f"),
        consent=consent,
    )

    assert instruction.summary == told
