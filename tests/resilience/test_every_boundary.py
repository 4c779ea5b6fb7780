"""A worker lost at any boundary of any activity, in every scenario: each effect is had once, and all ends as without.

`python -m tests.resilience.crash --all` plays every boundary alone, each with a loss before and after the effect.
"""

from collections.abc import AsyncIterator
from itertools import product as every

import pytest

from tests.resilience.crew import Moment, every_boundary
from tests.resilience.scenarios import SCENARIOS
from tests.resilience.stage import Outcome, Scenario, Stage, open_stage


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path_factory.mktemp("stage")) as opened:
        yield opened


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
async def test_a_worker_lost_at_every_boundary_changes_nothing(stage: Stage, scenario: Scenario) -> None:
    undisturbed = await stage.play(scenario)
    disturbed = await stage.play(scenario, every_boundary)

    expected, found = await stage.outcomes([undisturbed, disturbed])
    assert expected.state == scenario.ends
    assert found.differences(expected) == []
    assert disturbed.struck == [*every(disturbed.boundaries, (Moment.BEFORE, Moment.AFTER))]
