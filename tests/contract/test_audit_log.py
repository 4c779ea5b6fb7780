"""The audit log of every store: what is added stays as it is, with the commit that it belongs to or not at all."""

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.domain.audit import AuditKind, AuditOutcome, AuditRecord
from app.store.port import AuditSearch, MovedOn, OrderStore, Written
from tests.contract.stored import ADA, NOW, change, new_order

BOB = replace(ADA, subject="bob", on_behalf_of="c2")


def record(number: int, **other: object) -> AuditRecord:
    return replace(
        AuditRecord(
            id=f"r{number}",
            at=NOW + timedelta(minutes=number),
            actor=ADA,
            kind=AuditKind.MUTATION,
            outcome=AuditOutcome.DONE,
            field="Mutation.cancelProductOrder",
            about=("ProductOrder:o1", "Customer:c1"),
            codes=(),
            correlation_id=f"k{number}",
        ),
        **other,  # type: ignore[arg-type]  # named by the tests
    )


async def test_records_are_found_by_every_criterion_and_stay_as_they_are(store: OrderStore) -> None:
    read = {"kind": AuditKind.READ, "fields": ("Customer.email",), "about": ("Customer:c2",), "field": ""}
    records = [
        record(1),
        record(2, actor=BOB),
        record(3, outcome=AuditOutcome.REFUSED, codes=("X",)),
        record(4, **read),
    ]
    await store.audit.add(records[:2])
    await store.audit.add(records[2:])
    await store.audit.add([record(1, field="Mutation.other")])

    async def found(**criteria: object) -> list[str]:
        search = AuditSearch(**criteria)  # type: ignore[arg-type]  # named by the test
        page = await store.audit.search(search, after=None, limit=10)
        assert await store.audit.count(search) == len(page)
        return [one.id for one in page]

    assert await store.audit.search(AuditSearch(), after=None, limit=10) == records[::-1]
    assert await store.audit.search(AuditSearch(), after="r3", limit=1) == [records[1]]
    assert await found(kinds=(AuditKind.READ,)) == ["r4"]
    assert await found(outcomes=(AuditOutcome.REFUSED,)) == ["r3"]
    assert await found(subject="bob") == await found(on_behalf_of="c2") == ["r2"]
    assert await found(about="ProductOrder:o1") == ["r3", "r2", "r1"]
    assert await found(about="Customer:c2") == ["r4"]
    assert await found(correlation_id="k3") == ["r3"]
    assert await found(since=NOW + timedelta(minutes=2), until=NOW + timedelta(minutes=4)) == ["r3", "r2"]


async def test_a_record_comes_with_its_commit_or_not_at_all(store: OrderStore) -> None:
    first = replace(change(new_order("o1")), audit=record(1))

    assert await store.commit(first) == Written()
    assert await store.commit(replace(first, audit=record(2))) == MovedOn()

    assert [one.id for one in await store.audit.search(AuditSearch(), after=None, limit=10)] == ["r1"]


async def test_the_file_itself_lets_no_record_be_changed_or_deleted(tmp_path: Path) -> None:
    from app.store import open_store

    sqlite = await open_store(None, "", tmp_path, keys_kept_for=timedelta(days=1))
    await sqlite.audit.add([record(1)])
    await sqlite.close()

    with sqlite3.connect(tmp_path / "orders.sqlite3") as file:
        for statement in ("delete from audit", "update audit set subject = 'nobody'"):
            with pytest.raises(sqlite3.DatabaseError, match="append only"):
                file.execute(statement)
