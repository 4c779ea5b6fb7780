"""Composition of a worker, which carries orders out. It knows nothing of the graph."""

import asyncio
import signal
from collections.abc import Callable
from functools import partial

from app.domain.webhook import may_be_called
from app.gateway.health import Readiness
from app.monitor import monitored, readiness
from app.orchestration.worker import keep_up
from app.ordering.deliver import Deliverer
from app.ordering.expiry import DraftPolicy
from app.parts import beside, parts, renewed_backends, run
from app.reload import Reload
from app.settings.model import Settings
from connectors.webhook import webhook_calls


def run_worker(settings: Settings, read: Callable[[], Settings]) -> None:
    """Run a worker until SIGTERM or SIGINT; SIGHUP has it `read` its settings again. Raises CannotStart."""
    run(_work(settings, read))


async def _work(settings: Settings, read: Callable[[], Settings]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with parts(settings, needs_temporal=True) as p:
        policy = DraftPolicy(days=settings.drafts.days, notice_days=settings.drafts.notice_days)
        allowed = partial(may_be_called, policy=p.ordering.webhooks)

        async def ready() -> Readiness:
            return await readiness(p.store, p.engine, p.backends, needs_engine=True)

        async with (
            monitored(settings.monitoring, ready, stop.is_set),
            webhook_calls(allowed) as call,
            Deliverer(p.ordering, call) as deliverer,
            beside(keep_up(p.ordering, settings.callback_url, policy, deliverer), p.ordering.rules.watch()),
            p.engine.worker(p.ordering),
        ):
            with Reload(settings, read, [renewed_backends(p.backends)]).at_hangup():
                await stop.wait()
