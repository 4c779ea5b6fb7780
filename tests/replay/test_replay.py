"""Orders that an earlier version began are carried on by this one: their histories replay, command by command."""

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from app.orchestration.contract import WORKFLOW, OrderRun
from app.orchestration.payloads import DATA_CONVERTER
from app.orchestration.workflow import OrderWorkflow
from tests.replay.record import HISTORIES
from tests.resilience.scenarios import SCENARIOS

RECORDED = {f"{file.parent.name}/{file.stem}": file.read_text() for file in sorted(HISTORIES.glob("*/*.json"))}


async def replay(name: str, workflow: type) -> None:
    """Raises when the workflow does something else than the history says."""
    replayer = Replayer(
        workflows=[workflow], workflow_runner=UnsandboxedWorkflowRunner(), data_converter=DATA_CONVERTER
    )
    await replayer.replay_workflow(WorkflowHistory.from_json(name, RECORDED[name]))


@pytest.mark.parametrize("name", RECORDED)
async def test_a_recorded_order_is_carried_on(name: str) -> None:
    await replay(name, OrderWorkflow)


@workflow.defn(name=WORKFLOW)
class Forgetful(OrderWorkflow):
    """One that does something else: it never tells the customer."""

    @workflow.run
    async def run(self, run: OrderRun) -> None:
        await super().run(run)

    async def _keep_customer_told(self) -> None:
        return


async def test_a_workflow_that_does_something_else_is_noticed() -> None:
    with pytest.raises(workflow.NondeterminismError):
        await replay(next(iter(RECORDED)), Forgetful)


def test_every_scenario_is_recorded() -> None:
    recorded = {name.split("/")[1] for name in RECORDED}

    assert recorded >= {scenario.name for scenario in SCENARIOS}, "record it: python -m tests.replay.record"
