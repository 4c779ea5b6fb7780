"""The workflow of a batch: its orders are placed some at a time, until every line has a result."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from app.orchestration.contract import BATCH_WORKFLOW, PLACE_LINES, BatchRun, LinesCall

HEARTBEAT = timedelta(seconds=3)
LONGEST_CALL = timedelta(minutes=5)


@workflow.defn(name=BATCH_WORKFLOW)
class BatchWorkflow:
    """Carries one batch from its upload to its last line. What a crash interrupts is asked for again."""

    @workflow.run
    async def run(self, run: BatchRun) -> None:
        """Ends when every line has a result, and that is kept."""
        while await workflow.execute_activity(
            PLACE_LINES,
            LinesCall(batch_id=run.batch_id, attempts=run.policy.attempts),
            result_type=bool,
            start_to_close_timeout=LONGEST_CALL,
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RetryPolicy(
                initial_interval=run.policy.first_pause, maximum_interval=run.policy.longest_pause
            ),
        ):
            pass
