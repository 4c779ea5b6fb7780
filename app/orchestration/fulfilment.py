"""The way to the workflows: start one, report to one, have one judge a decision."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import structlog
from temporalio.client import Client, RPCTimeoutOrCancelledError, WorkflowUpdateFailedError
from temporalio.common import Priority, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from app.domain.order import ProductOrder
from app.domain.plan import Task
from app.orchestration.contract import (
    BATCH_WORKFLOW,
    FOLLOW,
    REPORT,
    WORKFLOW,
    BatchRun,
    OrderRun,
    ReportKind,
    TaskPolicy,
    TaskReport,
    batch_queue,
    batch_workflow_id,
    workflow_id,
)
from app.orchestration.lanes import Lanes, urgency
from app.ordering.audit import under_way
from app.ordering.fulfil import UNTOLD
from app.ordering.ordering import BackendLoad, FulfilmentUnavailable, Instruction

# a channel waits for this; what takes longer is left to the sweeper
START_WITHIN: Final = timedelta(seconds=2)
# a step of a workflow is milliseconds of pure computing: a worker that takes longer is gone
STEP_WITHIN: Final = timedelta(seconds=4)
TELL_WITHIN: Final = timedelta(seconds=10)
# a client that could not connect yet says so with a RuntimeError; an update that no worker takes is no RPCError
UNREACHABLE: Final = (RPCError, RPCTimeoutOrCancelledError, RuntimeError)

log = structlog.get_logger()


class TemporalFulfilment:
    """Implements `app.ordering.ordering.Fulfilment` on a Temporal server."""

    def __init__(self, client: Client, task_queue: str, policy: TaskPolicy, lanes: Lanes) -> None:
        self._client = client
        self._task_queue = task_queue
        self._policy = policy
        self._lanes = lanes

    async def start(self, order: ProductOrder) -> None:
        """See Fulfilment."""
        run = OrderRun(order_id=order.id, policy=self._policy)
        await self._start(WORKFLOW, run, workflow_id(order.id), self._task_queue, urgency(order))

    async def load(self) -> tuple[BackendLoad, ...]:
        """See Fulfilment."""
        return await self._lanes.load()

    async def start_batch(self, batch_id: str) -> None:
        """See Fulfilment."""
        run = BatchRun(batch_id=batch_id, policy=self._policy)
        await self._start(BATCH_WORKFLOW, run, batch_workflow_id(batch_id), batch_queue(self._task_queue))

    async def _start(
        self,
        workflow: str,
        run: OrderRun | BatchRun,
        name: str,
        task_queue: str,
        priority: Priority = Priority.default,
    ) -> None:
        """Start the workflow, once however often it is asked for; when Temporal is away, the sweeper will."""
        try:
            await self._client.start_workflow(
                workflow,
                run,
                id=name,
                task_queue=task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                task_timeout=STEP_WITHIN,
                priority=priority,
                rpc_timeout=START_WITHIN,
            )
        except WorkflowAlreadyStartedError:
            log.debug("already_carried_out", workflow_id=name)
        except UNREACHABLE as error:
            log.warning("start_deferred", workflow_id=name, reason=str(error))

    async def tell(self, order_id: str, instruction: Instruction) -> str | None:
        """See Fulfilment. Raises FulfilmentUnavailable when Temporal or every worker is away."""
        entry = None if instruction.kind in UNTOLD else under_way()
        if entry is not None:
            instruction = replace(instruction, audit=entry.with_instruction(order_id))
        try:
            await self._client.get_workflow_handle(workflow_id(order_id)).execute_update(
                FOLLOW,
                instruction,
                id=f"{instruction.key.owner}:{instruction.key.key}",
                rpc_timeout=TELL_WITHIN,
            )
        except WorkflowUpdateFailedError as refused:
            return str(refused.cause)
        except UNREACHABLE as error:
            if _is_unknown(error):
                return "the order has ended"
            raise FulfilmentUnavailable(str(error)) from error
        if entry is not None:
            entry.kept = True
        return None

    async def task_done(self, order_id: str, task: Task, reference: str) -> None:
        """See Fulfilment."""
        done = TaskReport(
            task_id=task.id, revision=task.revision, kind=ReportKind.COMPLETED, reference=reference, attempts=0
        )
        try:
            await self.report(order_id, done)
        except FulfilmentUnavailable as failure:
            log.warning("report_left_to_polling", order_id=order_id, task_id=task.id, reason=str(failure))

    async def report(self, order_id: str, report: TaskReport) -> bool:
        """Tell the order what became of a task. False: there is no such order under way, and nothing to tell.

        Raises FulfilmentUnavailable.
        """
        try:
            await self._client.get_workflow_handle(workflow_id(order_id)).signal(
                REPORT, report, rpc_timeout=START_WITHIN
            )
        except UNREACHABLE as error:
            if _is_unknown(error):
                return False
            raise FulfilmentUnavailable(str(error)) from error
        return True


def _is_unknown(error: Exception) -> bool:
    """Whether Temporal answered that it has no such workflow under way."""
    return isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND
