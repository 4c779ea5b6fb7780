"""The rules in force, and what becomes of them when somebody changes a file."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from app.domain.rulebook import Rulebook
from app.ordering.rulebook.files import FILES, BadRules
from app.ordering.rulebook.read import read_rulebook

LOOK_SECONDS: Final = 1.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A change of the rule files that was not taken, and why."""

    at: datetime
    reason: str


class Rulebooks:
    """The rules in force, kept up with their files."""

    def __init__(self, folder: Path | None, operations: Collection[str]) -> None:
        """`folder` None, or a file that is not in it: the rules that Orderway comes with. Raises BadRules."""
        self._folder = folder
        self._operations = operations
        self._seen = self._stamps()
        self.current: Rulebook = read_rulebook(folder, operations)
        self.read_at = datetime.now(UTC)
        self.refused: Refused | None = None

    async def watch(self) -> None:
        """Look for changed files every second, until cancelled. Requests under way keep the rules they began with."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Take changed files, whole or not at all."""
        stamps = self._stamps()
        if stamps == self._seen:
            return
        self._seen = stamps
        try:
            self.current = read_rulebook(self._folder, self._operations)
        except BadRules as refusal:
            self.refused = Refused(at=datetime.now(UTC), reason=str(refusal))
            log.error("rules_refused", reason=str(refusal))
        else:
            self.read_at, self.refused = datetime.now(UTC), None
            log.info("rules_read", version=self.current.version)

    def _stamps(self) -> tuple[tuple[int, int] | None, ...]:
        return tuple(_stamp(self._folder / name) if self._folder else None for name in FILES)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size
