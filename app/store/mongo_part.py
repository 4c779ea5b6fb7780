"""What the parts of a MongoDB store have in common."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import PyMongoError

from app.store.port import StoreUnavailable

Document = dict[str, Any]  # a BSON document has values of any BSON type
Collections = Callable[[str], "AsyncCollection[Document]"]
"""Gives a collection by its name."""


class MongoPart:
    """Some collections of the store's database."""

    def __init__(self, collections: Collections) -> None:
        self._of = collections


@asynccontextmanager
async def answering() -> AsyncIterator[None]:
    """Turns the driver's errors into StoreUnavailable."""
    try:
        with cancellable():
            yield
    except PyMongoError as error:
        # what follows is the driver's view of all its settings and servers, which belongs into no sentence
        raise StoreUnavailable(re.split(r" \(configured timeouts|, Timeout:", str(error), maxsplit=1)[0]) from error


@contextmanager
def cancellable() -> Iterator[None]:
    """Who was cancelled while the driver was at work is cancelled after it, at the latest.

    The driver waits by `asyncio.wait_for`, which before Python 3.12 loses a cancellation that comes with the answer.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        yield
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError
