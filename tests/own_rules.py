"""Rules of a product's own, for the tests: a folder whose files change while the product runs."""

import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from tests.harness import Product, running_product, until

Json = Any
"""A JSON value as it came over the wire."""

RULES: Final = Path(__file__).parents[1] / "app" / "rules"


class Rules:
    """A product's own folder of rules."""

    def __init__(self, product: Product, folder: Path) -> None:
        self.product = product
        self._folder = folder

    async def book(self) -> Json:
        query = "{ rulebook { version refused { at reason } rules { id kind when validFrom } } }"
        return (await self.product.graphql(query)).whole()["rulebook"]

    def write(self, name: str, added: str, instead: Mapping[str, str] = {}) -> None:
        text = (RULES / name).read_text()
        for before, after in instead.items():
            text = text.replace(before, after)
        (self._folder / name).write_text(text + added)

    async def change(self, name: str, added: str, instead: Mapping[str, str] = {}) -> Json:
        """Add to this file, write other words `instead`, and wait until that is taken or refused; the rules then."""
        before = await self.book()
        self.write(name, added, instead)

        async def looked_at() -> Json:
            now = await self.book()
            taken = now["version"] != before["version"] and now["refused"] is None
            return now if taken or now["refused"] != before["refused"] else None

        return await until(looked_at)

    async def take(self, name: str, added: str, instead: Mapping[str, str] = {}, *, by_worker: bool = False) -> None:
        """The gateway takes it, and on request the worker, too, which looks at the files by itself."""
        taken = await self.change(name, added, instead)
        assert taken["refused"] is None
        log = self.product.settings.data_dir / "logs" / "worker.log"

        async def read() -> bool:
            return any("rules_read" in line and taken["version"] in line for line in log.read_text().splitlines())

        if by_worker:
            await until(read)

    async def refuse(self, name: str, added: str) -> str:
        """Why this is refused."""
        refused = (await self.change(name, added))["refused"]
        assert refused is not None, f"taken: {added}"
        return str(refused["reason"])

    async def as_they_came(self, version: str) -> None:
        for file in RULES.glob("*.yaml"):
            self.write(file.name, "")

        async def there() -> bool:
            now = await self.book()
            return (now["version"], now["refused"]) == (version, None)

        await until(there)


@asynccontextmanager
async def product_with_rules(folder: Path) -> AsyncIterator[Rules]:
    """A started product whose rules, those that Orderway comes with, are in this folder."""
    shutil.copytree(RULES, folder / "rules")
    environment = {"ORDERWAY_RULES_DIR": str(folder / "rules")}
    async with running_product(folder / "product", environment=environment) as running:
        yield Rules(running, folder / "rules")
