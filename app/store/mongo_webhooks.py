"""Webhooks in MongoDB."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from random import choice
from typing import Final

from pymongo import ASCENDING, DESCENDING, ReplaceOne
from pymongo.errors import DuplicateKeyError

from app.domain.webhook import DeadLetter, Webhook
from app.store.codec import decode, encode
from app.store.mongo_part import Document, MongoPart, answering
from app.store.port import IdempotencyKey, WebhookKept, WebhooksBehind

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


class MongoWebhooks(MongoPart):
    """A WebhookStore in MongoDB. See `app.store.port.WebhookStore` for what each method promises.

    An owner's webhooks have seats, from 0 up, each taken once: so those who register at the same time are never more
    than there may be. What was given up is written before how far the webhook was told: lost in between, it is given up
    again.
    """

    async def open(self) -> None:
        """Make the indexes that are missing."""
        await self._of("webhook").create_index([("owner", ASCENDING), ("key", ASCENDING)], unique=True)
        await self._of("webhook").create_index(
            [("owner", ASCENDING), ("seat", ASCENDING)],
            unique=True,
            partialFilterExpression={"seat": {"$exists": True}},
        )
        await self._of("webhook").create_index([("removed", ASCENDING), ("position", ASCENDING)])
        await self._of("dead_letter").create_index([("webhook_id", ASCENDING), ("position", DESCENDING)], unique=True)

    async def add(self, webhook: Webhook, key: IdempotencyKey, most: int) -> WebhookKept | None:
        """See WebhookStore."""
        own = {"owner": key.owner, "key": key.key}
        document = {"_id": webhook.id, **own, "fingerprint": key.fingerprint, **_fields(webhook)}
        async with answering():
            while (found := await self._of("webhook").find_one(own)) is None:
                taken = [d.get("seat") async for d in self._of("webhook").find(_of_owner(key.owner), {"seat": 1})]
                if len(taken) >= most:
                    return None
                free = choice([seat for seat in range(most) if seat not in taken])
                with suppress(DuplicateKeyError):  # the same request, or another one for this seat, was faster
                    await self._of("webhook").insert_one({**document, "seat": free})
        return WebhookKept(decode(found["body"], Webhook), found["fingerprint"])

    async def load(self, webhook_ids: Sequence[str]) -> dict[str, Webhook]:
        """See WebhookStore."""
        async with answering():
            found = await self._of("webhook").find({"_id": {"$in": list(webhook_ids)}}).to_list(None)
        return {document["_id"]: decode(document["body"], Webhook) for document in found}

    async def search(self, owner: str | None, *, after: str | None, limit: int) -> list[Webhook]:
        """See WebhookStore."""
        query = _of_owner(owner) | ({} if after is None else {"_id": {"$lt": after}})
        async with answering():
            found = await self._of("webhook").find(query).sort("_id", DESCENDING).limit(limit).to_list(None)
        return [decode(document["body"], Webhook) for document in found]

    async def count(self, owner: str | None) -> int:
        """See WebhookStore."""
        async with answering():
            return int(await self._of("webhook").count_documents(_of_owner(owner)))

    async def change(self, webhook: Webhook, run: int) -> bool:
        """See WebhookStore."""
        gone = ("holder", "held_until", *(("seat",) if webhook.removed_at else ()))
        update = {"$set": _fields(webhook), "$unset": dict.fromkeys(gone, "")}
        async with answering():
            done = await self._of("webhook").update_one({"_id": webhook.id, "run": run}, update)
        return done.matched_count == 1

    async def claim(self, holder: str, at: datetime, until: datetime, *, before: int, limit: int) -> list[Webhook]:
        """See WebhookStore."""
        free = [{"held_until": {"$exists": False}}, {"held_until": {"$lte": at}}]
        due = {"removed": False, "position": {"$lt": before}, "due_at": {"$lte": at}, "$or": free}
        claimed: list[Webhook] = []
        async with answering():
            while len(claimed) < limit:
                own = {"$set": {"holder": holder, "held_until": until}}
                found = await self._of("webhook").find_one_and_update(due, own)
                if found is None:
                    break
                claimed.append(decode(found["body"], Webhook))
        return claimed

    async def behind(self, before: int) -> WebhooksBehind | None:
        """See WebhookStore."""
        query = {"removed": False, "position": {"$lt": before}}
        async with answering():
            count = int(await self._of("webhook").count_documents(query))
            last = await self._of("webhook").find_one(query, {"position": 1}, sort=[("position", ASCENDING)])
        return WebhooksBehind(max(count, 1), last["position"]) if last else None

    async def record(
        self, webhook: Webhook, holder: str, until: datetime | None, letters: Sequence[DeadLetter] = ()
    ) -> bool:
        """See WebhookStore."""
        own = {"_id": webhook.id, "holder": holder, "run": webhook.run, "removed": False}
        update: Document = {"$set": _fields(webhook) | ({"held_until": until} if until else {})}
        if until is None:
            update["$unset"] = {"holder": "", "held_until": ""}
        async with answering():
            if letters:
                if await self._of("webhook").find_one(own, {"_id": 1}) is None:
                    return False
                await self._of("dead_letter").bulk_write(
                    [
                        ReplaceOne(
                            {"webhook_id": letter.webhook_id, "position": letter.position},
                            {"webhook_id": letter.webhook_id, "position": letter.position, "body": encode(letter)},
                            upsert=True,
                        )
                        for letter in letters
                    ]
                )
            done = await self._of("webhook").update_one(own, update)
        return done.matched_count == 1

    async def dead_letters(self, webhook_id: str, limit: int) -> list[DeadLetter]:
        """See WebhookStore."""
        query = {"webhook_id": webhook_id}
        async with answering():
            found = await self._of("dead_letter").find(query).sort("position", DESCENDING).limit(limit).to_list(None)
        return [decode(document["body"], DeadLetter) for document in found]

    async def count_dead_letters(self, webhook_id: str) -> int:
        """See WebhookStore."""
        async with answering():
            return int(await self._of("dead_letter").count_documents({"webhook_id": webhook_id}))


def _of_owner(owner: str | None) -> Document:
    return {"removed": False} | ({} if owner is None else {"owner": owner})


def _fields(webhook: Webhook) -> Document:
    return {
        "run": webhook.run,
        "position": webhook.position,
        "due_at": webhook.next_try_at or LONG_AGO,
        "removed": webhook.removed_at is not None,
        "body": encode(webhook),
    }
