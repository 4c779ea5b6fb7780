"""`python -m tests.replay.record`: play every scenario and keep its workflow's history for later versions to replay.

Histories go to `tests/replay/histories/<version>/<scenario>.json`, in place of those that this version had. Those of
released versions stay as they are: their orders are still under way when a new version is deployed.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

import structlog

from tests.resilience.scenarios import SCENARIOS
from tests.resilience.stage import crewed, without_worker

HISTORIES: Final = Path(__file__).parent / "histories"


async def play() -> dict[str, str]:
    """One history of each scenario, as JSON by the scenario's name."""
    with tempfile.TemporaryDirectory() as folder:
        async with without_worker(Path(folder)) as product, crewed(product, remembers=True) as stage:
            runs = await asyncio.gather(*(stage.play(scenario) for scenario in SCENARIOS))
            histories = [await stage.workflow(run.order_id).fetch_history() for run in runs]
    # as compact as can be: they are kept for ever
    return {
        s.name: json.dumps(h.to_json_dict(), separators=(",", ":")) for s, h in zip(SCENARIOS, histories, strict=True)
    }


def keep(histories: Mapping[str, str], folder: Path) -> None:
    """Keep these histories in this folder, and no others."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    for name, history in histories.items():
        (folder / f"{name}.json").write_text(f"{history}\n")


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    target = HISTORIES / version("orderway")
    keep(asyncio.run(play()), target)
    sys.stdout.write(f"{len(SCENARIOS)} histories in {target}\n")
