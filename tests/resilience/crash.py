"""`python -m tests.resilience.crash`: a worker is lost at each boundary of each scenario, one at a time.

Every call of every scenario is lost twice, in an order of its own each time: before its effect, and after it. The
server is told nothing, and notices by the missing heartbeat, as with a killed process. Whatever is lost, the order
ends as an undisturbed one does, with each effect had once. `--all` plays every boundary, otherwise some are drawn.
"""

import argparse
import asyncio
import logging
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from rich.console import Console

from tests.harness import Product
from tests.resilience.crew import Moment, Run, one_boundary
from tests.resilience.scenarios import SCENARIOS
from tests.resilience.stage import Outcome, Scenario, Stage, crewed, without_worker

AT_ONCE: Final = 2
"""Two: a worker that keeps no workflow breaks the local call of one order off whenever another's step comes. With many
at once none of them gets through, and the server waits longer and longer before it hands the same step out again."""
DRAWN: Final = 5
TRIES: Final = 3
"""How often a loss is tried whose boundary does not come, because more steps went into one record than before."""


@dataclass(frozen=True, slots=True)
class Loss:
    """One worker that is to be lost, and when."""

    scenario: Scenario
    boundary: str
    moment: Moment


@dataclass(frozen=True, slots=True)
class Played:
    """What came of an order whose worker was lost. `missed`: the boundary never came, so nothing was lost."""

    loss: Loss
    outcome: Outcome
    missed: bool


def losses_of(scenario: Scenario, boundaries: Iterable[str]) -> list[Loss]:
    """Every loss that these boundaries allow."""
    return [Loss(scenario, boundary, moment) for boundary in boundaries for moment in Moment]


async def undisturbed(product: Product, scenarios: Sequence[Scenario]) -> dict[str, tuple[Run, Outcome]]:
    """How each scenario goes without a loss, by its name."""
    async with crewed(product, remembers=True) as stage:
        runs = await asyncio.gather(*(stage.play(scenario) for scenario in scenarios))
        outcomes = await stage.outcomes(runs)
    return {s.name: (run, outcome) for s, run, outcome in zip(scenarios, runs, outcomes, strict=True)}


async def play(product: Product, losses: Sequence[Loss], at_once: int = AT_ONCE) -> list[Played]:
    """Suffer each loss in an order of its own, with a worker that remembers nothing."""
    turns = asyncio.Semaphore(at_once)

    async def one(stage: Stage, loss: Loss) -> Run:
        async with turns:
            for _ in range(TRIES):
                try:
                    run = await stage.play(loss.scenario, one_boundary(loss.boundary, loss.moment), silent=True)
                except TimeoutError as error:
                    raise TimeoutError(f"{loss.scenario.name}, {loss.boundary}, {loss.moment}: no end") from error
                if run.struck:
                    break
            return run

    async with crewed(product, remembers=False) as stage:
        runs = await asyncio.gather(*(one(stage, loss) for loss in losses))
        outcomes = await stage.outcomes(runs)
    return [Played(loss, outcome, not run.struck) for loss, run, outcome in zip(losses, runs, outcomes, strict=True)]


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a scenario: at how many boundaries, in how many orders, and what differed."""

    boundaries: int
    played: Sequence[Played]
    wrong: Sequence[tuple[Loss, Sequence[str]]]


async def told(scenario: Scenario, chosen: Callable[[Sequence[Loss]], Sequence[Loss]]) -> Told:
    """Play it with the losses that are chosen, on backends that know nothing of other scenarios."""
    with tempfile.TemporaryDirectory() as folder:
        async with without_worker(Path(folder)) as product:
            run, expected = (await undisturbed(product, [scenario]))[scenario.name]
            played = await play(product, chosen(losses_of(scenario, run.boundaries)))
    wrong = [(p.loss, d) for p in played if (d := p.outcome.differences(expected))]
    return Told(len(run.boundaries), played, wrong)


async def main(arguments: argparse.Namespace) -> int:
    """Play and print; how many differed."""
    console, begun = Console(file=sys.stdout), time.monotonic()
    chance = random.Random(arguments.seed)
    console.print(f"seed {arguments.seed}")

    def chosen(losses: Sequence[Loss]) -> Sequence[Loss]:
        return losses if arguments.all else chance.sample(losses, min(DRAWN, len(losses)))

    differ = 0
    for scenario in (s for s in SCENARIOS if not arguments.scenario or s.name in arguments.scenario):
        found = await told(scenario, chosen)
        missed = sum(p.missed for p in found.played)
        console.print(
            f"{scenario.name}: {found.boundaries} boundaries, {len(found.played) - missed} losses played, "
            f"{missed} never came, {len(found.wrong)} differ"
        )
        for loss, differences in found.wrong:
            console.print(f"  {loss.boundary}, {loss.moment}: {'; '.join(differences)}")
        differ += len(found.wrong)
    console.print(f"{time.monotonic() - begun:.0f} s")
    return differ


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    logging.getLogger("temporalio").setLevel(logging.ERROR)  # each loss would be a traceback
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="every boundary, not some that are drawn")
    parser.add_argument("--scenario", action="append", help="only this one; may be given more than once")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="draws the boundaries")
    sys.exit(1 if asyncio.run(main(parser.parse_args())) else 0)
