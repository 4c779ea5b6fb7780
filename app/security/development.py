"""Development tokens: signed by a key that only this installation has."""

import os
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet
from msgspec import DecodeError, json

from app.domain.actor import Actor

DEVELOPMENT_ISSUER: Final = "urn:orderway:development"
DEVELOPMENT_AUDIENCE: Final = "orderway"
FILE: Final = "dev-key.json"
SCOPE: Final = "orderway:"
"""What scopes begin with that are meant for us."""


@dataclass(frozen=True, slots=True)
class DevelopmentKey:
    """The key behind development tokens; it lives in one file of the data folder that only its owner can read."""

    key: ECKey

    @classmethod
    def load_or_create(cls, data_dir: Path) -> Self:
        """The key in `dev-key.json` of this folder; made on first use, by one of several processes that start at once.

        Raises ValueError when the file holds no key.
        """
        path = data_dir / FILE
        if not path.exists():
            _create(path)
        try:
            key = ECKey.import_key(json.decode(path.read_bytes(), type=dict[str, str | list[str]]))
            if not key.is_private:
                raise ValueError("it is a public key")
        except (JoseError, DecodeError, ValueError) as error:
            raise ValueError(f"{path}: not a private key ({error}). Delete the file to have a new one made.") from None
        return cls(key)

    @property
    def public(self) -> KeySet:
        """What checks the tokens."""
        return KeySet([self.key])

    def mint(self, actor: Actor, ttl: timedelta) -> str:
        """A token that says who acts, for this long."""
        now = int(time.time())
        claims: dict[str, object] = {
            "iss": DEVELOPMENT_ISSUER,
            "aud": DEVELOPMENT_AUDIENCE,
            "sub": actor.subject,
            "role": actor.role.value,
            "channel": actor.channel,
            "iat": now,
            "exp": now + int(ttl.total_seconds()),
        }
        if actor.on_behalf_of is not None:
            claims["on_behalf_of"] = actor.on_behalf_of
        if actor.scopes is not None:
            claims["scope"] = " ".join(f"{SCOPE}{scope}" for scope in sorted(actor.scopes))
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, claims, self.key)


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    key = ECKey.generate_key("P-256", auto_kid=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=FILE)  # readable by its owner only
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(json.encode(key.as_dict(private=True)))
        os.link(temporary, path)  # whole, and only if no other process was first
    except FileExistsError:
        pass  # it was; its key is the key
    finally:
        Path(temporary).unlink()
