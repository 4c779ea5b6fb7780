"""The connection to Temporal, and what is built on it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from temporalio.client import Client
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.service import RPCError

from app.orchestration.contract import TaskPolicy
from app.orchestration.fulfilment import TemporalFulfilment
from app.orchestration.lanes import Lanes
from app.orchestration.payloads import DATA_CONVERTER
from app.orchestration.worker import make_workers
from app.ordering.ordering import Ordering

ANSWERS_WITHIN = timedelta(seconds=2)


class EngineUnreachable(Exception):
    """Temporal is not there."""


class Engine:
    """A Temporal namespace, the task queue that carries orders, and the lanes of their backends beside it."""

    def __init__(self, client: Client, task_queue: str, lanes: Mapping[str, int]) -> None:
        self._client = client
        self._task_queue = task_queue
        self._lanes = lanes

    @staticmethod
    async def connect(
        address: str,
        *,
        namespace: str,
        task_queue: str,
        tls: bool,
        api_key: str | None,
        lazy: bool,
        lanes: Mapping[str, int],
        traced: bool = False,
    ) -> "Engine":
        """`lanes` says, by backend, how many tasks a worker carries out at once.

        A lazy engine connects when it is first used, so that a gateway starts while Temporal is away. `traced`: an
        order takes the trace that it was started in through its workflow, to what is done for it on the backends.

        A worker needs one that is not lazy. Raises EngineUnreachable when that cannot connect.
        """
        try:
            client = await Client.connect(
                address,
                namespace=namespace,
                tls=tls,
                api_key=api_key,
                data_converter=DATA_CONVERTER,
                lazy=lazy,
                interceptors=[TracingInterceptor()] if traced else [],
            )
        except RuntimeError as error:
            raise EngineUnreachable(str(error)) from error
        return Engine(client, task_queue, lanes)

    async def answers(self) -> bool:
        """Whether Temporal is there."""
        try:
            return await self._client.service_client.check_health(timeout=ANSWERS_WITHIN)
        except (RPCError, RuntimeError):
            return False

    def fulfilment(self, policy: TaskPolicy) -> TemporalFulfilment:
        """The way to the orders' workflows."""
        lanes = Lanes(self._client, self._task_queue, self._lanes)
        return TemporalFulfilment(self._client, self._task_queue, policy, lanes)

    @asynccontextmanager
    async def worker(self, ordering: Ordering) -> AsyncIterator[None]:
        """Orders are carried out, and batches placed, while this is entered."""
        workers = make_workers(self._client, self._task_queue, self._lanes, ordering)
        async with AsyncExitStack() as stack:
            for worker in workers:
                await stack.enter_async_context(worker)
            try:
                yield
            finally:
                # all together, so that stopping takes the grace of one and not the sum of them
                await asyncio.gather(*(worker.shutdown() for worker in workers))
