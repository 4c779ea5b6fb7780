"""What the parts of a MongoDB store have in common."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from motor.motor_asyncio import AsyncIOMotorCollection

Document = dict[str, Any]  # a BSON document has values of any BSON type


class MongoPart:
    """Some collections of the store's database."""

    def __init__(
        self,
        collection: "Callable[[str], AsyncIOMotorCollection[Document]]",
        answering: Callable[[], AbstractAsyncContextManager[None]],
    ) -> None:
        """`collection` gives one by its name; `answering` turns the driver's errors into StoreUnavailable."""
        self._of = collection
        self._answering = answering
