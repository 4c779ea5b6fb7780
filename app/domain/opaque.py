"""Opaque ids and cursors: clients keep them and give them back, and read nothing into them."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

POSITION: Final = "Position"
"""Cursors in the feed of all orders."""


def encode(kind: str, key: str) -> str:
    """The opaque id of an entity, or the opaque cursor of a place in a list."""
    return urlsafe_b64encode(f"{kind}:{key}".encode()).rstrip(b"=").decode()


def decode(opaque: str) -> tuple[str, str] | None:
    """Kind and key of an opaque id; None when it is none."""
    try:
        text = urlsafe_b64decode(opaque + "=" * (-len(opaque) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    kind, colon, key = text.partition(":")
    return (kind, key) if colon and kind.isalpha() and kind[0].isupper() else None
