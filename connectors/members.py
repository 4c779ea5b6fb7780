"""Reading collections of a backend: by ids, by attribute, page after page."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Final, TypeVar

import msgspec

from connectors.failure import BackendFailure, FailureKind
from connectors.kept import NONE, Terms
from connectors.wire import TmfError, decode, refusal

T = TypeVar("T")

IDS_PER_CALL: Final = 100
MEMBERS_PER_CALL: Final = 1000
MOST_PAGES: Final = 100


class Answer(msgspec.Struct, frozen=True):
    """What a backend answered: its status was a success, or one that the caller said it expects."""

    backend: "Collections"
    operation: str
    status: int
    body: bytes
    total: int | None
    terms: Terms = NONE

    def decode(self, shape: type[T]) -> T:
        """The body in this shape. Raises BackendFailure (MALFORMED) when it has another."""
        try:
            return decode(self.body, shape)
        except msgspec.DecodeError as error:
            # another shape is the backend's way and stays so; what is no JSON at all was cut off or came from a proxy
            again = not isinstance(error, msgspec.ValidationError)
            raise self.backend.failure(self.operation, FailureKind.MALFORMED, str(error), retryable=again) from error

    @property
    def refusal(self) -> TmfError:
        """Why the backend refused, in its own words; empty when it says nothing readable."""
        return refusal(self.body)


class Collections(ABC):
    """What can be read of a backend that can be asked by GET."""

    @abstractmethod
    async def get(self, operation: str, path: str, query: Mapping[str, str] | None = None) -> Answer:
        """Read."""

    @abstractmethod
    def failure(self, operation: str, kind: FailureKind, detail: str, *, retryable: bool) -> BackendFailure:
        """A failure of this backend."""

    async def by_ids(self, operation: str, path: str, ids: Collection[str], shape: type[list[T]]) -> list[T]:
        """The members of a collection with these ids, in one call per hundred; unknown ones are absent."""
        return await self.where(operation, path, "id", ids, shape)

    async def where(
        self,
        operation: str,
        path: str,
        attribute: str,
        values: Collection[str],
        shape: type[list[T]],
        *,
        fields: str | None = None,
    ) -> list[T]:
        """The members of a collection whose attribute has one of these values, in one call per hundred values.

        `fields` names the attributes that are wanted; None: all.
        """
        # a comma parts the values, so none can hold one; an empty value would ask some backends for everything
        wanted = sorted({value for value in values if value and "," not in value})
        parts = [wanted[n : n + IDS_PER_CALL] for n in range(0, len(wanted), IDS_PER_CALL)]
        only = {"fields": fields} if fields else {}
        found = await asyncio.gather(
            *(self._all_pages(operation, path, {attribute: ",".join(part)} | only, shape) for part in parts)
        )
        return [member for members in found for member in members]

    async def _all_pages(self, operation: str, path: str, filters: Mapping[str, str], shape: type[list[T]]) -> list[T]:
        members: list[T] = []
        for _ in range(MOST_PAGES):
            query = {**filters, "offset": str(len(members)), "limit": str(MEMBERS_PER_CALL)}
            answer = await self.get(operation, path, query)
            page = answer.decode(shape)
            members += page
            partial = (
                answer.status == HTTPStatus.PARTIAL_CONTENT if answer.total is None else len(members) < answer.total
            )
            if not page or not partial:
                return members
        detail = f"{MOST_PAGES} pages, {len(members)} members and no end"
        raise self.failure(operation, FailureKind.MALFORMED, detail, retryable=False)
