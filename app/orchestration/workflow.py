"""The one workflow: events in, `step`, commands out. No rule lives here, and nothing that a replay would not repeat."""

import asyncio
from collections import deque
from collections.abc import Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from app.domain.plan import Cause, Plan
from app.domain.plan_events import (
    Await,
    Command,
    PlanEvent,
    Run,
    Started,
    TaskAccepted,
    TaskCompleted,
    TaskFailed,
    TimePassed,
)
from app.domain.states import TaskState
from app.domain.step import resume, step
from app.domain.timing import due
from app.orchestration.contract import (
    CHECK_TASK,
    FOLLOW,
    PLAN_ORDER,
    RECORD_PROGRESS,
    REPORT,
    RUN_TASK,
    TELL_CUSTOMER,
    TELLS_WITH,
    WORKFLOW,
    Notice,
    OrderRun,
    PlanCall,
    Record,
    Recorded,
    ReportKind,
    TaskCall,
    TaskPolicy,
    TaskReport,
    lane,
    turn,
)
from app.orchestration.instructions import event_of, refusal_of
from app.ordering.ordering import Instruction

# a lost worker is noticed when its heartbeat stops, long before the longest call could have ended
HEARTBEAT = timedelta(seconds=3)
LONGEST_CALL = timedelta(minutes=1)
PEOPLE_POLL = timedelta(minutes=10)
PATIENT = RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(seconds=20))
# what there is room for at once is begun by then, or waits in its lane
AT_ONCE_WITHIN = timedelta(seconds=3)

T = TypeVar("T")


@workflow.defn(name=WORKFLOW)
class OrderWorkflow:
    """Carries one order from its acknowledgement to its end."""

    def __init__(self) -> None:
        self._order_id = ""
        self._policy = TaskPolicy()
        self._plan: Plan | None = None
        self._recorded = 0
        self._told = 0
        self._told_of = -1
        self._news = 0
        self._ended = False
        self._instructions: deque[tuple[Plan, Instruction]] = deque()
        self._to_run: deque[tuple[int, Run]] = deque()
        self._tell_at_once = False
        self._ask_at: dict[str, datetime] = {}
        self._work: set[asyncio.Task[None]] = set()

    @workflow.run
    async def run(self, run: OrderRun) -> None:
        """Ends when every task of the plan has ended and that is recorded."""
        self._order_id, self._policy = run.order_id, run.policy
        # local, as it changes nothing: the order's first step is taken with its first tasks
        self._plan = await workflow.execute_local_activity(
            PLAN_ORDER,
            PlanCall(order_id=run.order_id, at=workflow.now()),
            result_type=Plan,
            start_to_close_timeout=LONGEST_CALL,
            retry_policy=PATIENT,
        )
        self._recorded = self._news = self._plan.revision
        if self._plan.revision == 0:
            self._apply(Started(at=workflow.now()))
        else:
            self._carry_out(resume(self._plan))
            self._run_recorded(Recorded(news=False))
        # of an order that begins there is no news before its first record
        self._told, self._told_of = run.told, -1 if self._recorded else 0
        telling = asyncio.create_task(self._keep_customer_told())
        keeping_time = asyncio.create_task(self._keep_time())
        while not (self._plan.ended and self._recorded == self._plan.revision):
            await workflow.wait_condition(lambda: self._recorded < self._revision or self._history_is_long())
            if self._recorded < self._revision:
                await self._record()
            else:
                workflow.continue_as_new(OrderRun(order_id=run.order_id, policy=run.policy, told=self._told))
        self._ended = True
        await asyncio.gather(telling, keeping_time)
        await workflow.wait_condition(workflow.all_handlers_finished)

    @workflow.signal(name=REPORT)
    def report(self, report: TaskReport) -> None:
        """A backend reported how a task ended."""
        self._take(report)

    @workflow.update(name=FOLLOW)
    async def follow(self, instruction: Instruction) -> None:
        """Somebody told the order what to do; returns when it is recorded."""
        await workflow.wait_condition(lambda: self._plan is not None and self._plan.revision > 0)
        assert self._plan is not None, "just waited for"
        # judged again: the plan may not have been there, or another instruction was quicker
        if refusal := refusal_of(self._plan, instruction):
            raise ApplicationError(refusal)
        before = self._plan.revision
        self._apply(event_of(instruction, workflow.now()))
        if self._plan.revision == before:
            raise ApplicationError("nothing is left that this could change")
        self._instructions.append((self._plan, instruction))
        revision = self._revision
        await workflow.wait_condition(lambda: self._recorded >= revision)

    @follow.validator
    def check_instruction(self, instruction: Instruction) -> None:
        """Refuses, before anything is written of it, what cannot be followed."""
        if self._plan is not None and (refusal := refusal_of(self._plan, instruction)):
            raise ApplicationError(refusal)

    @property
    def _revision(self) -> int:
        return self._plan.revision if self._plan else 0

    def _history_is_long(self) -> bool:
        """Time to go on in a fresh run, at a moment when no call is under way."""
        return (
            workflow.info().is_continue_as_new_suggested()
            and workflow.all_handlers_finished()
            and self._plan is not None
            and all(task.state is not TaskState.RUNNING for task in self._plan.tasks)
            and self._told_of == self._news
        )

    def _apply(self, event: PlanEvent) -> None:
        assert self._plan is not None, "events come from the plan's own tasks"
        self._plan, commands = step(self._plan, event)
        self._carry_out(commands)

    def _carry_out(self, commands: tuple[Command, ...]) -> None:
        """Wait for what has been accepted; run the others once the plan that begins them is recorded."""
        for command in commands:
            if isinstance(command, Run):
                self._to_run.append((self._revision, command))
            else:
                self._work_on(self._await_result(command))

    def _run_recorded(self, recorded: Recorded) -> None:
        """Run what the recorded plan begins."""
        while self._to_run and self._to_run[0][0] <= self._recorded:
            _, command = self._to_run.popleft()
            task = self._plan.task(command.task_id) if self._plan else None
            # it may have been given up in the meantime
            if task is not None and task.state is TaskState.RUNNING and task.revision == command.revision:
                self._work_on(self._run_task(command, at_once=command.task_id in recorded.at_once))

    def _work_on(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _record(self) -> None:
        """Keep the newest plan; many steps may go into one record, but an instruction has one of its own."""
        assert self._plan is not None, "there is something to record"
        plan, instruction = self._instructions.popleft() if self._instructions else (self._plan, None)
        record = Record(
            order_id=self._order_id,
            plan=plan,
            at=workflow.now(),
            instruction=instruction,
            begins=tuple(run.task_id for revision, run in self._to_run if revision <= plan.revision),
            tells=self._told_of == self._news,
        )
        # local: it is quick, goes to no backend, may be repeated, and there are as many of it as of tasks
        recorded = await workflow.execute_local_activity(
            RECORD_PROGRESS,
            record,
            result_type=Recorded,
            start_to_close_timeout=LONGEST_CALL,
            retry_policy=PATIENT,
        )
        self._recorded = max(self._recorded, plan.revision)
        self._run_recorded(recorded)
        if recorded.news:
            self._news, self._tell_at_once = self._recorded, recorded.tell_at_once

    async def _keep_customer_told(self) -> None:
        """Tell what is news of what was recorded, as it is recorded. A message that cannot be sent holds no task up."""
        while not (self._ended and self._told_of == self._news):
            await workflow.wait_condition(lambda: self._told_of < self._news or self._ended)
            if self._told_of == self._news:
                break
            news = self._news
            notice = Notice(order_id=self._order_id, after=self._told)
            told = await self._at_once(TELL_CUSTOMER, notice, int) if self._tell_at_once else None
            self._told = await self._in_lane(TELL_CUSTOMER, notice, int, TELLS_WITH, PATIENT) if told is None else told
            self._told_of, self._tell_at_once = news, False

    async def _at_once(self, what: str, call: object, result: type[T]) -> T | None:
        """Have it done by the worker that has just said that it has room; None: not done, or nobody knows."""
        try:
            # on the order's own task queue, where whoever takes a step of the order is handed what it begins
            done: T = await workflow.execute_activity(
                what,
                call,
                result_type=result,
                schedule_to_start_timeout=AT_ONCE_WITHIN,
                start_to_close_timeout=LONGEST_CALL,
                heartbeat_timeout=HEARTBEAT,
                retry_policy=RetryPolicy(maximum_attempts=1),
            )
        except ActivityError:
            return None
        return done

    async def _in_lane(self, what: str, call: object, result: type[T], backend: str, retry: RetryPolicy) -> T:
        """Have it done when its turn comes in the lane of the backend."""
        done: T = await workflow.execute_activity(
            what,
            call,
            result_type=result,
            task_queue=lane(workflow.info().task_queue, backend),
            priority=self._turn(),
            start_to_close_timeout=LONGEST_CALL,
            heartbeat_timeout=HEARTBEAT,
            retry_policy=retry,
        )
        return done

    async def _keep_time(self) -> None:
        """Tell the plan that time has passed, whenever time alone changes something."""
        while not self._ended:
            moment = due(self._plan) if self._plan else None
            revision = self._revision

            def otherwise(moment: datetime | None = moment) -> bool:
                """Whether another moment is to be waited for; most steps leave it as it is, and its timer with it."""
                nonlocal revision
                if self._ended or self._plan is None or self._revision == revision:
                    return self._ended
                revision = self._revision
                return due(self._plan) != moment

            if moment is None:
                await workflow.wait_condition(otherwise)
                continue
            left = moment - workflow.now()
            if left > timedelta(0):
                try:
                    await workflow.wait_condition(otherwise, timeout=left)
                except TimeoutError:
                    pass
                else:
                    continue
            self._apply(TimePassed(at=max(moment, workflow.now())))

    def _turn(self) -> Priority:
        """How the order's tasks take their turn: as it was started, unless it has become more or less urgent since."""
        started_as, _, lot = (workflow.info().priority.fairness_key or "").partition("-")
        if self._plan is None or not lot or started_as == str(self._plan.priority):
            return Priority.default
        return turn(self._plan.priority, lot)

    def _call(self, task_id: str) -> TaskCall:
        assert self._plan is not None, "commands come from a plan"
        task = self._plan.task(task_id)
        assert task is not None, "commands name tasks of the plan"
        return TaskCall(
            order_id=self._order_id, task=task, references=dict(self._plan.references(task)), recorded=self._recorded
        )

    async def _run_task(self, command: Run, *, at_once: bool) -> None:
        policy = self._policy
        call = self._call(command.task_id)
        if at_once and policy.attempts > 1:
            if (report := await self._at_once(RUN_TASK, call, TaskReport)) is not None:
                self._take(report)
                return
            call = replace(call, tried=1)
        retry = RetryPolicy(
            initial_interval=policy.first_pause,
            maximum_interval=policy.longest_pause,
            maximum_attempts=policy.attempts - call.tried,
        )
        try:
            report = await self._in_lane(RUN_TASK, call, TaskReport, call.task.backend, retry)
        except ActivityError as error:
            report = TaskReport(
                task_id=command.task_id,
                revision=command.revision,
                kind=ReportKind.FAILED,
                cause=_cause(error),
                attempts=policy.attempts,
            )
        self._take(report)

    async def _await_result(self, command: Await) -> None:
        """Wait for the backend's report, and ask for it from time to time in case it was lost.

        What time alone settles is asked for at that time, on a durable timer, and not before.
        """
        pause, task = self._policy.first_poll, self._plan.task(command.task_id) if self._plan else None
        # people are asked less often: they may take weeks
        longest = PEOPLE_POLL if task is not None and task.pends else self._policy.longest_poll

        def reported() -> bool:
            task = self._plan.task(command.task_id) if self._plan else None
            return task is None or task.state is not TaskState.AWAITING_RESULT or task.revision != command.revision

        while not reported():
            ask_at = self._ask_at.get(command.task_id)
            left = ask_at - workflow.now() if ask_at is not None else timedelta(0)
            try:
                await workflow.wait_condition(reported, timeout=left if left > timedelta(0) else pause)
            except TimeoutError:
                call = self._call(command.task_id)
                report = await self._in_lane(CHECK_TASK, call, TaskReport, call.task.backend, PATIENT)
                self._take(report)
                if left <= timedelta(0):
                    pause = min(pause * 2, max(longest, self._policy.longest_poll))

    def _take(self, report: TaskReport) -> None:
        at = workflow.now()
        if report.ask_at is not None:
            self._ask_at[report.task_id] = report.ask_at
        match report.kind:
            case ReportKind.COMPLETED:
                self._apply(
                    TaskCompleted(
                        at=at,
                        task_id=report.task_id,
                        revision=report.revision,
                        reference=report.reference,
                        attempts=report.attempts,
                    )
                )
            case ReportKind.ACCEPTED if report.reference is not None:
                self._apply(
                    TaskAccepted(
                        at=at,
                        task_id=report.task_id,
                        revision=report.revision,
                        reference=report.reference,
                        attempts=report.attempts,
                    )
                )
            case _:
                self._apply(
                    TaskFailed(
                        at=at,
                        task_id=report.task_id,
                        revision=report.revision,
                        cause=report.cause or Cause(kind="UNKNOWN", message="no reason was given", final=True),
                        attempts=report.attempts,
                    )
                )


def _cause(error: ActivityError) -> Cause:
    """Why the last attempt brought nothing. Nothing is known of its effect, so it is not final."""
    if isinstance(error.cause, ApplicationError):
        return Cause(kind=error.cause.type or "ERROR", message=error.cause.message, final=False)
    return Cause(kind="TIMEOUT", message="no worker brought an answer in time", final=False)
