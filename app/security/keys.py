"""The public keys of a trusted issuer (JWKS, RFC 7517), fetched when needed and kept."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from joserfc.jwk import KeySet
from msgspec import Struct, json

from app.security.identity import AuthenticationUnavailable

log = structlog.get_logger()

FetchKeys = Callable[[str], Awaitable[bytes]]
"""From the address of a JWKS, or of OpenID discovery metadata, to its body. May raise anything."""

MAX_AGE: Final = 3600.0
"""Seconds after which keys are fetched again, so that a key that its issuer withdrew is not trusted for ever."""
MIN_PAUSE: Final = 30.0
"""Seconds between two fetches at least: anybody can send tokens with unknown key ids."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """A trusted issuer and where its keys are: an http(s) address or a file; None: found by OpenID discovery."""

    issuer: str
    jwks: str | None = None


class UnknownKey(Exception):
    """The issuer has no key of this id."""


class _Metadata(Struct):
    """OpenID provider metadata, the part that leads to the keys."""

    issuer: str
    jwks_uri: str


class IssuerKeys:
    """The keys of one issuer. `clock` gives seconds that never go back."""

    def __init__(self, issuer: Issuer, fetch: FetchKeys, clock: Callable[[], float]) -> None:
        self._issuer = issuer
        self._fetch = fetch
        self._clock = clock
        self._keys: KeySet | None = None
        self._good_at = 0.0
        self._tried_at: float | None = None
        self._fetching = asyncio.Lock()

    async def for_kid(self, kid: str | None) -> KeySet:
        """The issuer's keys, this one among them (None: the only one).

        Raises UnknownKey when it is not, AuthenticationUnavailable when no keys could be fetched yet.
        """
        if not self._has(kid) or self._clock() - self._good_at > MAX_AGE:
            async with self._fetching:  # whoever waited here finds the keys that another has fetched
                if (not self._has(kid) or self._clock() - self._good_at > MAX_AGE) and self._may_fetch():
                    await self._refresh()
        if self._keys is None:
            raise AuthenticationUnavailable("The keys of the token's issuer are out of reach; try again later.")
        if not self._has(kid):
            raise UnknownKey(kid)
        return self._keys

    def _has(self, kid: str | None) -> bool:
        keys = self._keys.keys if self._keys else []
        return len(keys) == 1 if kid is None else any(key.kid == kid for key in keys)

    def _may_fetch(self) -> bool:
        return self._tried_at is None or self._clock() - self._tried_at >= MIN_PAUSE

    async def _refresh(self) -> None:
        """Fetch the keys; what goes wrong is logged, and the keys known so far stay."""
        self._tried_at = self._clock()
        try:
            # every value in it is checked when the key is read
            self._keys = KeySet.import_key_set(json.decode(await self._jwks()))
            self._good_at = self._clock()
        except Exception:  # whatever is wrong at the issuer: the keys that are known go on being good
            log.exception("issuer_keys_not_fetched", issuer=self._issuer.issuer)

    async def _jwks(self) -> bytes:
        place = self._issuer.jwks
        if place is None:
            metadata = json.decode(
                await self._fetch(f"{self._issuer.issuer.rstrip('/')}/.well-known/openid-configuration"), type=_Metadata
            )
            if metadata.issuer != self._issuer.issuer:
                raise ValueError(f"the metadata is of another issuer, {metadata.issuer}")
            place = metadata.jwks_uri
        if place.startswith(("http://", "https://")):
            return await self._fetch(place)
        return await asyncio.to_thread(Path(place).read_bytes)
