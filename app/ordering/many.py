"""One request about many things, each of which is done under a key of its own."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

T = TypeVar("T")

AT_ONCE: Final = 8
"""How many are done at the same time."""


async def each(ids: Iterable[str], act: Callable[[str], Awaitable[T]]) -> tuple[T, ...]:
    """What came of each, in their order. Raises what any of them raised, once all have come back."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(one_id: str) -> T:
        async with turns:
            return await act(one_id)

    results = await asyncio.gather(*map(one, ids), return_exceptions=True)
    for result in results:  # only when all have come back: none is left to go on unseen
        if isinstance(result, BaseException):
            raise result
    return tuple(result for result in results if not isinstance(result, BaseException))


def key_of_one(idempotency_key: str, one_id: str) -> str:
    """The key for one of many: as short as a caller's, however long the caller's is."""
    return f"bulk:{hashlib.sha256(f'{idempotency_key} {one_id}'.encode()).hexdigest()}"
