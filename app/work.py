"""Composition of a worker, which carries orders out. It knows nothing of the graph."""

import asyncio
import signal

from app.gateway.health import Readiness
from app.monitor import monitored, readiness
from app.orchestration.worker import keep_up
from app.ordering.expiry import DraftPolicy
from app.parts import beside, parts, run
from app.settings import Settings


def run_worker(settings: Settings) -> None:
    """Run a worker until SIGTERM or SIGINT. Raises CannotStart."""
    run(_work(settings))


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with parts(settings, needs_temporal=True) as p:
        policy = DraftPolicy(days=settings.drafts.days, notice_days=settings.drafts.notice_days)
        upkeep = keep_up(p.ordering, settings.callback_url, policy)

        async def ready() -> Readiness:
            return await readiness(p.store, p.engine, p.backends, needs_engine=True)

        async with (
            monitored(settings.monitoring, ready, stop.is_set),
            beside(upkeep, p.ordering.rules.watch()),
            p.engine.worker(p.ordering),
        ):
            await stop.wait()
