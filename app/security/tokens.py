"""Bearer tokens: JSON Web Tokens of trusted issuers, and development tokens under a key of our own."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

from app.domain.actor import Actor
from app.security.identity import Identity

FetchKeys = Callable[[str], Awaitable[bytes]]
"""From the address of a JWKS (or of OpenID discovery metadata) to its body. May raise anything."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """A trusted issuer and where its keys are: an http(s) address or a file; None: found by OpenID discovery."""

    issuer: str
    jwks: str | None = None


@dataclass(frozen=True, slots=True)
class DevelopmentKey:
    """The key behind development tokens; it lives in one file of the data folder that only its owner can read."""

    @classmethod
    def load_or_create(cls, data_dir: Path) -> Self:
        """The key in `dev-key.json` of this folder; made on first use."""
        raise NotImplementedError

    def mint(self, actor: Actor, ttl: timedelta) -> str:
        """A token that says who acts, for this long."""
        raise NotImplementedError


class TokenVerifier:
    """Tells from a bearer token who calls."""

    def __init__(
        self,
        issuers: Sequence[Issuer],
        *,
        audience: str,
        clock_skew: timedelta,
        fetch: FetchKeys,
        development_key: DevelopmentKey | None = None,
    ) -> None:
        raise NotImplementedError

    async def authenticate(self, token: str | None) -> Identity:
        """Who calls. Raises NotAuthenticated."""
        raise NotImplementedError
