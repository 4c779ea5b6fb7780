"""A coroutine that is begun before anything is set up for waiting, as most have nothing to wait for."""

from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Begun(Generic[T]):
    """A coroutine, carried in the current task as far as it comes without waiting. To be awaited, unless it is `done`.

    A time limit around what is left of it then costs its timer only where there is something to wait for. Whatever the
    coroutine raises on its way to the first wait comes out here.
    """

    __slots__ = ("_coroutine", "_result", "_waits_for", "done")

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self._waits_for: object = None
        self.done = False
        try:
            self._waits_for = coroutine.send(None)
        except StopIteration as end:
            self._result: T = end.value
            self.done = True

    @property
    def result(self) -> T:
        """What came of it, once it is done."""
        return self._result

    def __await__(self) -> Generator[Any, Any, T]:
        while not self.done:
            step: Callable[[], object]
            try:
                step = partial(self._coroutine.send, (yield self._waits_for))
            except BaseException as thrown:  # noqa: BLE001 - a cancellation, say: the coroutine's own to deal with
                step = partial(self._coroutine.throw, thrown)
            try:
                self._waits_for = step()
            except StopIteration as end:
                self._result = end.value
                self.done = True
        return self._result
