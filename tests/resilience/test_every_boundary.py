"""A worker lost at any boundary of any activity, in every scenario: each effect is had once, and all ends as without.

Here every call of an order is lost before its effect, then after it, and only then answered, and each step of the
order is taken by a worker that knows it from its history only. `python -m tests.resilience.crash --all` loses each call
alone, in an order of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest

from tests.resilience.crash import undisturbed
from tests.resilience.crew import Run, every_boundary
from tests.resilience.scenarios import SCENARIOS
from tests.resilience.stage import Outcome, Scenario, crewed, without_worker

pytestmark = pytest.mark.timeout(300)  # all scenarios are played before the first test

Ended = tuple[Outcome, Run, Outcome]


@pytest.fixture(scope="module")
async def ended(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mapping[str, Ended]]:
    """What came of each scenario undisturbed, and with every call lost; played side by side, as they mostly wait."""
    async with without_worker(tmp_path_factory.mktemp("stage")) as product:
        calm = await undisturbed(product, SCENARIOS)
        async with crewed(product, remembers=False) as stage:
            runs = await asyncio.gather(*(stage.play(scenario, every_boundary) for scenario in SCENARIOS))
            outcomes = await stage.outcomes(runs)
        yield {
            scenario.name: (calm[scenario.name][1], run, outcome)
            for scenario, run, outcome in zip(SCENARIOS, runs, outcomes, strict=True)
        }


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
async def test_a_worker_lost_at_every_boundary_changes_nothing(ended: Mapping[str, Ended], scenario: Scenario) -> None:
    calm, run, outcome = ended[scenario.name]

    assert calm.state == scenario.ends
    assert outcome.differences(calm) == []
    assert {boundary for boundary, _ in run.struck} == set(run.boundaries)
