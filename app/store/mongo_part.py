"""What the parts of a MongoDB store have in common."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo.errors import PyMongoError

from app.store.port import StoreUnavailable

Document = dict[str, Any]  # a BSON document has values of any BSON type
Collections = Callable[[str], "AsyncIOMotorCollection[Document]"]
"""Gives a collection by its name."""


class MongoPart:
    """Some collections of the store's database."""

    def __init__(self, collections: Collections) -> None:
        self._of = collections


@asynccontextmanager
async def answering() -> AsyncIterator[None]:
    """Turns the driver's errors into StoreUnavailable."""
    try:
        yield
    except PyMongoError as error:
        # what follows is the driver's view of all its settings and servers, which belongs into no sentence
        raise StoreUnavailable(re.split(r" \(configured timeouts|, Timeout:", str(error), maxsplit=1)[0]) from error
