"""A worker lost at any boundary of any activity, in every scenario: each effect is had once, and all ends as without.

Here every call of an order is lost before its effect, then after it, and only then answered, and each step of the
order is taken by a worker that knows it from its history only. `python -m tests.resilience.crash --all` loses each call
alone, in an order of its own.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.resilience.crash import undisturbed
from tests.resilience.crew import every_boundary
from tests.resilience.scenarios import SCENARIOS
from tests.resilience.stage import Scenario, crewed, without_worker

pytestmark = pytest.mark.timeout(300)  # the scenarios are played together

OFTEN: Final = [s for s in SCENARIOS if s.name in {"mobile-line", "cancelled"}]
SELDOM: Final = [s for s in SCENARIOS if s not in OFTEN]


async def lost_at_every_boundary(folder: Path, scenarios: Sequence[Scenario]) -> None:
    """Play the scenarios side by side, as they mostly wait: undisturbed, and with every call lost."""
    async with without_worker(folder) as product:
        calm = await undisturbed(product, scenarios)
        async with crewed(product, remembers=False) as stage:
            runs = await asyncio.gather(*(stage.play(scenario, every_boundary) for scenario in scenarios))
            outcomes = await stage.outcomes(runs)
    for scenario, run, outcome in zip(scenarios, runs, outcomes, strict=True):
        undisturbed_outcome = calm[scenario.name][1]
        assert (scenario.name, undisturbed_outcome.state) == (scenario.name, scenario.ends)
        assert (scenario.name, outcome.differences(undisturbed_outcome)) == (scenario.name, [])
        assert {boundary for boundary, _ in run.struck} == set(run.boundaries), scenario.name


async def test_a_worker_lost_at_every_boundary_changes_nothing(tmp_path: Path) -> None:
    await lost_at_every_boundary(tmp_path, OFTEN)


@pytest.mark.thorough
async def test_nor_does_it_in_the_other_scenarios(tmp_path: Path) -> None:
    await lost_at_every_boundary(tmp_path, SELDOM)
