"""Bearer tokens: JSON Web Tokens of trusted issuers, and development tokens under a key of our own."""

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from joserfc import jws
from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from app.domain.actor import Actor, Role
from app.security.development import DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, SCOPE, DevelopmentKey
from app.security.identity import Identity, NotAuthenticated
from app.security.keys import FetchKeys, Issuer, IssuerKeys, UnknownKey

__all__ = ["DevelopmentKey", "FetchKeys", "Issuer", "TokenVerifier"]

log = structlog.get_logger()

ALGORITHMS: Final = frozenset({"RS256", "ES256", "EdDSA", "Ed25519"})
"""Signatures by a private key only: with a shared secret, whoever can check a token could make one."""
UNREADABLE: Final = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What reading a text that may be anything raises."""


class _Signatures(jws.JWSRegistry):
    """The allowed algorithms, without joserfc's warning on EdDSA: issuers go on using that name."""

    algorithms = {name: copy(jws.JWSRegistry.algorithms[name]) for name in ALGORITHMS}  # noqa: RUF012 - as in the base
    algorithms["EdDSA"].security_warning = None


# Header parameters that nobody knows are ignored (RFC 7515), unless they are marked as critical.
SIGNATURES: Final = _Signatures(algorithms=ALGORITHMS, strict_check_header=False)


REMEMBERED: Final = 1000
"""How many tokens that were found genuine are remembered; the signature is the dear part of every request."""
LONGEST_REMEMBERED: Final = 4096


@dataclass(frozen=True, slots=True)
class _Genuine:
    """What a token was found to say, under these keys of its issuer."""

    issuer: str
    kid: str | None
    keys: KeySet
    identity: Identity


class TokenVerifier:
    """Tells from a bearer token who calls.

    The claims `sub`, `role` (a Role) and `channel` make the actor. `on_behalf_of` names the party that `sub` acts
    for; with `act` (RFC 8693) it is the other way round: `act.sub` acts, for `sub`. A `scope` with words such as
    `orderway:readOrders` leaves the role these rights only; what is meant for others does not matter.
    """

    def __init__(
        self,
        issuers: Sequence[Issuer],
        *,
        audience: str,
        clock_skew: timedelta,
        fetch: FetchKeys,
        development_key: DevelopmentKey | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Development tokens are accepted only with `development_key`. `clock`: seconds, for the age of keys."""
        self._keys = {issuer.issuer: IssuerKeys(issuer, fetch, clock) for issuer in issuers}
        self._audience = audience
        self._clock_skew = clock_skew
        self._development_keys = development_key.public if development_key else None
        self._genuine: OrderedDict[str, _Genuine] = OrderedDict()

    async def authenticate(self, token: str | None) -> Identity:
        """Who calls. Raises NotAuthenticated, or AuthenticationUnavailable when the issuer's keys are out of reach."""
        if token is None:
            raise NotAuthenticated("Sign in: the request has no bearer token.")
        known = self._genuine.get(token)
        if known is not None and await self._still_holds(known):
            self._genuine.move_to_end(token)
            return known.identity
        genuine = await self._checked(token)
        if len(token) <= LONGEST_REMEMBERED:
            self._genuine[token] = genuine
            if len(self._genuine) > REMEMBERED:
                self._genuine.popitem(last=False)
        return genuine.identity

    async def _still_holds(self, known: _Genuine) -> bool:
        """Whether the token has not expired, and its issuer's keys are those that it was checked against."""
        return (
            known.identity.expires_at > datetime.now(UTC) and await self._keys_of(known.issuer, known.kid) is known.keys
        )

    async def _checked(self, token: str) -> _Genuine:
        try:
            signed = jws.extract_compact(token.encode(), registry=SIGNATURES)
            header = signed.headers()
            claims = json.loads(signed.payload or b"")
            issuer, algorithm, kid = claims["iss"], header["alg"], header.get("kid")
            if not (isinstance(issuer, str) and algorithm in ALGORITHMS and isinstance(kid, str | None)):
                raise ValueError(algorithm)
        except UNREADABLE as error:
            log.info("token_refused", why="unreadable", error=type(error).__name__)
            raise NotAuthenticated("The token is not a JSON Web Token of a kind that is accepted here.") from None
        keys = await self._keys_of(issuer, kid)
        try:
            genuine = jws.validate_compact(signed, keys, registry=SIGNATURES)
        except UNREADABLE:
            genuine = False
        if not genuine:
            log.info("token_refused", why="signature", issuer=issuer)
            raise NotAuthenticated("The token's signature is not its issuer's.")
        audience = DEVELOPMENT_AUDIENCE if issuer == DEVELOPMENT_ISSUER else self._audience
        return _Genuine(issuer, kid, keys, self._identity(issuer, audience, claims))

    async def _keys_of(self, issuer: str, kid: str | None) -> KeySet:
        if issuer == DEVELOPMENT_ISSUER and self._development_keys:
            return self._development_keys
        if issuer not in self._keys:
            raise NotAuthenticated("The token's issuer is not trusted here.")
        try:
            return await self._keys[issuer].for_kid(kid)
        except UnknownKey:
            raise NotAuthenticated("The token's signing key is not one of its issuer's.") from None

    def _identity(self, issuer: str, audience: str, claims: dict[str, object]) -> Identity:
        rules = JWTClaimsRegistry(
            leeway=int(self._clock_skew.total_seconds()),
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
        )
        try:
            rules.validate(claims)
        except ExpiredTokenError:
            raise NotAuthenticated("The token has expired.") from None
        except MissingClaimError as missing:
            raise NotAuthenticated(f"The token lacks {missing.claim}.") from None
        except InvalidClaimError as wrong:
            raise NotAuthenticated(f"The token's {wrong.claim} is not accepted here.") from None
        client = claims.get("azp") or claims.get("client_id")
        client_id = client if isinstance(client, str) else ""
        return Identity(_actor(claims), _time(claims["exp"]) + self._clock_skew, client_id)


def _actor(claims: dict[str, object]) -> Actor:
    """The caller, by the claims of a token that is already known to be genuine."""
    subject = _text(claims, "sub")
    on_behalf_of = _text(claims, "on_behalf_of") if claims.get("on_behalf_of") is not None else None
    if (acting := claims.get("act")) is not None:
        if not isinstance(acting, dict):
            raise NotAuthenticated("The token's act is not accepted here.")
        subject, on_behalf_of = _text(acting, "sub"), subject
    try:
        role = Role(_text(claims, "role"))
    except ValueError:
        raise NotAuthenticated(f"The token's role is none of {', '.join(Role)}.") from None
    return Actor(
        subject=subject,
        role=role,
        channel=_text(claims, "channel"),
        on_behalf_of=on_behalf_of,
        scopes=_scopes(claims.get("scope")),
    )


def _scopes(scope: object) -> frozenset[str] | None:
    if not isinstance(scope, str | None):
        raise NotAuthenticated("The token's scope is not accepted here.")
    ours = frozenset(word.removeprefix(SCOPE) for word in (scope or "").split() if word.startswith(SCOPE))
    return ours or None


def _text(claims: dict[str, object], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise NotAuthenticated(f"The token lacks {name}.")
    return value


def _time(seconds: object) -> datetime:
    """A NumericDate. Later than any calendar: the last day that is sure to leave room for a clock skew."""
    latest = datetime(9000, 1, 1, tzinfo=UTC)
    assert isinstance(seconds, int | float)  # the claims registry has checked it
    return datetime.fromtimestamp(min(seconds, latest.timestamp()), UTC)
