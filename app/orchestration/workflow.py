"""The one workflow: events in, `step`, commands out. No rule lives here, and nothing that a replay would not repeat."""

import asyncio
from collections import deque
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from app.domain.plan import (
    Await,
    Cause,
    Command,
    Plan,
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
    Record,
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
        self._work: set[asyncio.Task[None]] = set()

    @workflow.run
    async def run(self, run: OrderRun) -> None:
        """Ends when every task of the plan has ended and that is recorded."""
        self._order_id, self._policy = run.order_id, run.policy
        self._plan = await workflow.execute_activity(
            PLAN_ORDER,
            run.order_id,
            result_type=Plan,
            start_to_close_timeout=LONGEST_CALL,
            heartbeat_timeout=HEARTBEAT,
            retry_policy=PATIENT,
        )
        self._recorded = self._news = self._plan.revision
        if self._plan.revision == 0:
            self._apply(Started(at=workflow.now()))
        else:
            self._carry_out(resume(self._plan))
        self._told = run.told
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
        # the work that follows from it looks at the order as it makes it
        self._apply(event_of(instruction, workflow.now()), recorded_first=True)
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

    def _apply(self, event: PlanEvent, *, recorded_first: bool = False) -> None:
        assert self._plan is not None, "events come from the plan's own tasks"
        self._plan, commands = step(self._plan, event)
        self._carry_out(commands, recorded_first=recorded_first)

    def _carry_out(self, commands: tuple[Command, ...], *, recorded_first: bool = False) -> None:
        for command in commands:
            work = asyncio.create_task(
                self._run_task(command, recorded_first=recorded_first)
                if isinstance(command, Run)
                else self._await_result(command)
            )
            self._work.add(work)
            work.add_done_callback(self._work.discard)

    async def _record(self) -> None:
        """Keep the newest plan; many steps may go into one record, but an instruction has one of its own."""
        assert self._plan is not None, "there is something to record"
        plan, instruction = self._instructions.popleft() if self._instructions else (self._plan, None)
        # local: it is quick, goes to no backend, may be repeated, and there are as many of it as of tasks
        news = await workflow.execute_local_activity(
            RECORD_PROGRESS,
            Record(order_id=self._order_id, plan=plan, at=workflow.now(), instruction=instruction),
            result_type=bool,
            start_to_close_timeout=LONGEST_CALL,
            retry_policy=PATIENT,
        )
        self._recorded = max(self._recorded, plan.revision)
        if news:
            self._news = self._recorded

    async def _keep_customer_told(self) -> None:
        """Tell what is news of what was recorded, as it is recorded. A message that cannot be sent holds no task up."""
        while not (self._ended and self._told_of == self._news):
            await workflow.wait_condition(lambda: self._told_of < self._news or self._ended)
            news = self._news
            self._told = await workflow.execute_activity(
                TELL_CUSTOMER,
                Notice(order_id=self._order_id, after=self._told),
                result_type=int,
                task_queue=_lane(TELLS_WITH),
                start_to_close_timeout=LONGEST_CALL,
                heartbeat_timeout=HEARTBEAT,
                retry_policy=PATIENT,
            )
            self._told_of = news

    async def _keep_time(self) -> None:
        """Tell the plan that time has passed, whenever time alone changes something."""
        while not self._ended:
            moment = due(self._plan) if self._plan else None
            revision = self._revision

            def moved_on(seen: int = revision) -> bool:
                return self._ended or self._revision != seen

            if moment is None:
                await workflow.wait_condition(moved_on)
                continue
            left = moment - workflow.now()
            if left > timedelta(0):
                try:
                    await workflow.wait_condition(moved_on, timeout=left)
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
        return TaskCall(order_id=self._order_id, task=task, references=dict(self._plan.references(task)))

    async def _run_task(self, command: Run, *, recorded_first: bool) -> None:
        policy = self._policy
        call = self._call(command.task_id)
        if recorded_first or call.task.for_several:
            # what serves several items looks at them as this step has made them
            revision = self._revision
            await workflow.wait_condition(lambda: self._recorded >= revision)
        try:
            report = await workflow.execute_activity(
                RUN_TASK,
                call,
                result_type=TaskReport,
                task_queue=_lane(call.task.backend),
                priority=self._turn(),
                start_to_close_timeout=LONGEST_CALL,
                heartbeat_timeout=HEARTBEAT,
                retry_policy=RetryPolicy(
                    initial_interval=policy.first_pause,
                    maximum_interval=policy.longest_pause,
                    maximum_attempts=policy.attempts,
                ),
            )
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
        """Wait for the backend's report, and ask for it from time to time in case it was lost."""
        pause, task = self._policy.first_poll, self._plan.task(command.task_id) if self._plan else None
        # people are asked less often: they may take weeks
        longest = PEOPLE_POLL if task is not None and task.pends else self._policy.longest_poll

        def reported() -> bool:
            task = self._plan.task(command.task_id) if self._plan else None
            return task is None or task.state is not TaskState.AWAITING_RESULT or task.revision != command.revision

        while not reported():
            try:
                await workflow.wait_condition(reported, timeout=pause)
            except TimeoutError:
                call = self._call(command.task_id)
                report = await workflow.execute_activity(
                    CHECK_TASK,
                    call,
                    result_type=TaskReport,
                    task_queue=_lane(call.task.backend),
                    priority=self._turn(),
                    start_to_close_timeout=LONGEST_CALL,
                    heartbeat_timeout=HEARTBEAT,
                    retry_policy=PATIENT,
                )
                self._take(report)
                pause = min(pause * 2, max(longest, self._policy.longest_poll))

    def _take(self, report: TaskReport) -> None:
        at = workflow.now()
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


def _lane(backend: str) -> str:
    """Where what this backend has to do waits for its turn; how urgent it is, it has from the workflow."""
    return lane(workflow.info().task_queue, backend)


def _cause(error: ActivityError) -> Cause:
    """Why the last attempt brought nothing. Nothing is known of its effect, so it is not final."""
    if isinstance(error.cause, ApplicationError):
        return Cause(kind=error.cause.type or "ERROR", message=error.cause.message, final=False)
    return Cause(kind="TIMEOUT", message="no worker brought an answer in time", final=False)
