"""Bearer tokens: who is let in, as whom, and who is not."""

import base64
import hmac
import json
import stat
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, Key, KeySet, OctKey, OKPKey, RSAKey
from structlog.testing import capture_logs

from app.domain.actor import Actor, Role
from app.security.identity import AuthenticationUnavailable, Identity, NotAuthenticated
from app.security.tokens import DevelopmentKey, Issuer, TokenVerifier

ISSUER = "https://login.example"
OTHER_ISSUER = "https://partner.example"
JWKS = "https://login.example/keys"
SKEW = timedelta(seconds=30)

RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})
NEW = ECKey.generate_key("P-256", {"kid": "new"})
SECRET = OctKey.generate_key(256, {"kid": "secret"})


def jwks(*keys: Key) -> bytes:
    return json.dumps(KeySet(list(keys)).as_dict(private=False)).encode()


@dataclass
class Web:
    """What the issuers publish, and how often they were asked."""

    pages: dict[str, bytes | Exception] = field(default_factory=lambda: {JWKS: jwks(RSA, EC, ED)})
    asked: list[str] = field(default_factory=list)
    now: float = 1000.0

    async def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        page = self.pages[url]
        if isinstance(page, Exception):
            raise page
        return page


def verifier(web: Web, *issuers: Issuer, development_key: DevelopmentKey | None = None) -> TokenVerifier:
    return TokenVerifier(
        issuers or [Issuer(ISSUER, JWKS)],
        audience="orderway",
        clock_skew=SKEW,
        fetch=web.fetch,
        development_key=development_key,
        clock=lambda: web.now,
    )


def token(key: Key = EC, alg: str = "ES256", kid: str | None = "ec", **claims: object) -> str:
    """A good token, but for what is given; None takes a claim away."""
    now = int(time.time())
    good = {"iss": ISSUER, "aud": "orderway", "sub": "dealer-110", "role": "dealer", "channel": "dealer"}
    merged = {name: value for name, value in ({**good, "exp": now + 600} | claims).items() if value is not None}
    header = {"alg": alg} | ({"kid": kid} if kid else {})
    return jwt.encode(header, merged, key, algorithms=[alg])


def unsigned(header: object, claims: object, signature: str = "") -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, claims))
    return ".".join([*parts, signature])


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # said while the test signs
@pytest.mark.parametrize(("key", "alg", "kid"), [(RSA, "RS256", "rsa"), (EC, "ES256", "ec"), (ED, "EdDSA", "ed")])
async def test_a_good_token_of_each_algorithm_makes_its_actor(key: Key, alg: str, kid: str) -> None:
    expires = int(time.time()) + 300
    identity = await verifier(Web()).authenticate(token(key, alg, kid, exp=expires))
    assert identity == Identity(
        Actor(subject="dealer-110", role=Role.DEALER, channel="dealer"), datetime.fromtimestamp(expires, UTC) + SKEW
    )


@pytest.mark.parametrize(
    ("claims", "subject", "on_behalf_of"),
    [
        ({"sub": "agent-1", "on_behalf_of": "cust-1001"}, "agent-1", "cust-1001"),
        ({"sub": "cust-1001", "act": {"sub": "agent-1"}}, "agent-1", "cust-1001"),
        ({"sub": "agent-1"}, "agent-1", None),
    ],
)
async def test_who_acts_and_for_whom(claims: dict[str, object], subject: str, on_behalf_of: str | None) -> None:
    identity = await verifier(Web()).authenticate(token(**claims))  # type: ignore[arg-type]
    assert (identity.actor.subject, identity.actor.on_behalf_of) == (subject, on_behalf_of)


NOW = int(time.time())


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"exp": NOW - 3600}, "The token has expired."),
        ({"exp": None}, "The token lacks exp."),
        ({"exp": "tomorrow"}, "The token's exp is not accepted here."),
        ({"nbf": NOW + 3600}, "The token's nbf is not accepted here."),
        ({"aud": "elsewhere"}, "The token's aud is not accepted here."),
        ({"aud": None}, "The token lacks aud."),
        ({"iss": "https://evil.example"}, "The token's issuer is not trusted here."),
        ({"iss": None}, "The token is not a JSON Web Token of a kind that is accepted here."),
        ({"iss": ["https://login.example"]}, "The token is not a JSON Web Token of a kind that is accepted here."),
        ({"sub": None}, "The token lacks sub."),
        ({"role": None}, "The token lacks role."),
        (
            {"role": "emperor"},
            "The token's role is none of customer, agent, dealer, affiliate, operations, developer, system.",
        ),
        ({"role": ["agent"]}, "The token lacks role."),
        ({"channel": None}, "The token lacks channel."),
        ({"on_behalf_of": 7}, "The token lacks on_behalf_of."),
        ({"act": "agent-1"}, "The token's act is not accepted here."),
        ({"act": {}}, "The token lacks sub."),
    ],
)
async def test_a_token_with_wrong_claims_is_refused_by_name(claims: dict[str, object], told: str) -> None:
    with pytest.raises(NotAuthenticated) as refusal:
        await verifier(Web()).authenticate(token(**claims))  # type: ignore[arg-type]
    assert str(refusal.value) == told


async def test_clocks_may_differ_by_the_skew_and_no_more() -> None:
    now = int(time.time())
    within = await verifier(Web()).authenticate(token(exp=now - 20, nbf=now + 20))
    assert within.actor.subject == "dealer-110"
    with pytest.raises(NotAuthenticated, match="expired"):
        await verifier(Web()).authenticate(token(exp=now - 31))


async def test_one_of_several_audiences_is_enough() -> None:
    identity = await verifier(Web()).authenticate(token(aud=["elsewhere", "orderway"]))
    assert identity.actor.role is Role.DEALER


async def test_no_token_is_refused() -> None:
    with pytest.raises(NotAuthenticated, match="no bearer token"):
        await verifier(Web()).authenticate(None)


async def test_a_token_without_signature_or_with_a_shared_secret_is_refused() -> None:
    web = Web({JWKS: json.dumps({"keys": [EC.as_dict(private=False), SECRET.as_dict(private=True)]}).encode()})
    claims = jwt.decode(token(), EC).claims
    signed = unsigned({"alg": "HS256", "kid": "ec"}, claims).rstrip(".")
    public_as_secret = hmac.digest(EC.as_pem(private=False), signed.encode(), "sha256")
    for forged in (
        unsigned({"alg": "none"}, claims),
        unsigned({"alg": "none", "kid": "ec"}, claims),
        token(SECRET, "HS256", "secret"),
        f"{signed}.{base64.urlsafe_b64encode(public_as_secret).decode().rstrip('=')}",
    ):
        with pytest.raises(NotAuthenticated, match="of a kind that is accepted"):
            await verifier(web).authenticate(forged)


async def test_a_token_signed_by_somebody_else_or_changed_is_refused() -> None:
    header, _, signature = token().split(".")
    promoted = json.dumps(jwt.decode(token(), EC).claims | {"role": "system"}).encode()
    for forged in (
        token(NEW, "ES256", "ec"),
        f"{header}.{base64.urlsafe_b64encode(promoted).decode().rstrip('=')}.{signature}",
        token(RSA, "RS256", "ec"),
    ):
        with pytest.raises(NotAuthenticated, match="signature"):
            await verifier(Web()).authenticate(forged)


async def test_an_issuers_key_does_not_open_another_issuers_door() -> None:
    web = Web({JWKS: jwks(EC), "https://partner.example/keys": jwks(NEW)})
    both = verifier(web, Issuer(ISSUER, JWKS), Issuer(OTHER_ISSUER, "https://partner.example/keys"))
    assert (await both.authenticate(token(NEW, kid="new", iss=OTHER_ISSUER))).actor.subject == "dealer-110"
    with pytest.raises(NotAuthenticated, match="not one of its issuer's"):
        await both.authenticate(token(NEW, kid="new", iss=ISSUER))


async def test_keys_are_fetched_once_and_again_for_an_unknown_key_but_not_in_a_row() -> None:
    web = Web()
    known = verifier(web)
    for _ in range(3):
        await known.authenticate(token())
    assert web.asked == [JWKS]

    web.pages[JWKS] = jwks(EC, NEW)
    with pytest.raises(NotAuthenticated, match="not one of its issuer's"):
        await known.authenticate(token(NEW, kid="new"))  # too soon after the first fetch
    assert web.asked == [JWKS]

    web.now += 31
    await known.authenticate(token(NEW, kid="new"))
    for number in range(5):
        with pytest.raises(NotAuthenticated):
            await known.authenticate(token(RSA, "RS256", f"made up {number}"))
    assert web.asked == [JWKS, JWKS]


async def test_a_withdrawn_key_is_forgotten_within_the_hour() -> None:
    web = Web()
    known = verifier(web)
    once_good = token()
    for _ in range(2):
        await known.authenticate(once_good)
    web.pages[JWKS] = jwks(NEW)
    web.now += 3601
    for refused in (once_good, token()):
        with pytest.raises(NotAuthenticated, match="not one of its issuer's"):
            await known.authenticate(refused)


@pytest.mark.parametrize("page", [OSError("no route"), b"<html>", b'{"keys": []}', b"{}"])
async def test_an_issuer_out_of_reach_is_no_refusal_and_costs_nobody_a_known_key(page: bytes | Exception) -> None:
    web = Web({JWKS: page})
    known = verifier(web)
    with capture_logs() as logged, pytest.raises(AuthenticationUnavailable):
        await known.authenticate(token())
    assert [event["event"] for event in logged] == ["issuer_keys_not_fetched"]

    web.pages[JWKS] = jwks(EC)
    web.now += 31
    await known.authenticate(token())
    web.pages[JWKS] = page
    web.now += 3601
    with capture_logs():
        assert (await known.authenticate(token())).actor.subject == "dealer-110"


async def test_keys_in_a_file_and_by_discovery(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_bytes(jwks(EC))
    web = Web(
        {
            f"{ISSUER}/.well-known/openid-configuration": json.dumps({"issuer": ISSUER, "jwks_uri": JWKS}).encode(),
            f"{OTHER_ISSUER}/.well-known/openid-configuration": json.dumps(
                {"issuer": ISSUER, "jwks_uri": JWKS}
            ).encode(),
            JWKS: jwks(EC),
        }
    )
    assert (await verifier(web, Issuer(ISSUER, str(file))).authenticate(token())).actor.subject == "dealer-110"
    assert web.asked == []
    assert (await verifier(web, Issuer(ISSUER)).authenticate(token())).actor.subject == "dealer-110"
    with capture_logs(), pytest.raises(AuthenticationUnavailable):  # metadata of another issuer
        await verifier(web, Issuer(OTHER_ISSUER)).authenticate(token(iss=OTHER_ISSUER))


async def test_a_token_without_key_id_needs_an_issuer_with_one_key() -> None:
    assert (await verifier(Web({JWKS: jwks(EC)})).authenticate(token(kid=None))).actor.subject == "dealer-110"
    with pytest.raises(NotAuthenticated):
        await verifier(Web()).authenticate(token(kid=None))


@given(
    st.one_of(
        st.text(max_size=80),
        st.builds(
            unsigned,
            st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda v: st.lists(v, max_size=3))
            | st.fixed_dictionaries({"alg": st.sampled_from(["ES256", "none", [], {}, None])}),
            st.recursive(st.none() | st.text(max_size=5), lambda v: st.lists(v, max_size=3))
            | st.fixed_dictionaries({"iss": st.sampled_from([ISSUER, [], None, 1])}),
            st.sampled_from(["", "AAAA", "!"]),
        ),
    )
)
async def test_whatever_is_sent_as_a_token_is_refused_and_nothing_else(text: str) -> None:
    with capture_logs(), pytest.raises(NotAuthenticated):
        await verifier(Web()).authenticate(text)


async def test_a_deeply_nested_token_is_refused() -> None:
    nested = base64.urlsafe_b64encode(b"[" * 60_000).decode().rstrip("=")
    header = unsigned({"alg": "ES256"}, {}).split(".")[0]
    with capture_logs(), pytest.raises(NotAuthenticated):
        await verifier(Web()).authenticate(f"{header}.{nested}.AAAA")


async def test_a_development_token_is_worth_something_only_where_its_key_is_configured(tmp_path: Path) -> None:
    key = DevelopmentKey.load_or_create(tmp_path / "data")
    actor = Actor(subject="agent-1", role=Role.AGENT, channel="callCentre", on_behalf_of="cust-1001")
    minted = key.mint(actor, timedelta(hours=1))

    identity = await verifier(Web(), development_key=key).authenticate(minted)
    assert identity.actor == actor
    assert timedelta(minutes=59) < identity.expires_at - datetime.now(UTC) <= timedelta(hours=1) + SKEW

    other = DevelopmentKey.load_or_create(tmp_path / "other")
    for elsewhere in (verifier(Web()), verifier(Web(), development_key=other)):
        with pytest.raises(NotAuthenticated):
            await elsewhere.authenticate(minted)
    with pytest.raises(NotAuthenticated, match="expired"):
        await verifier(Web(), development_key=key).authenticate(key.mint(actor, timedelta(hours=-1)))


def test_the_development_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first = DevelopmentKey.load_or_create(tmp_path)
    second = DevelopmentKey.load_or_create(tmp_path)
    assert first.key.as_dict(private=True) == second.key.as_dict(private=True)
    assert [path.name for path in tmp_path.iterdir()] == ["dev-key.json"]
    assert stat.S_IMODE((tmp_path / "dev-key.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "{}", "[]", json.dumps(EC.as_dict(private=False))])
def test_a_spoilt_development_key_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "dev-key.json").write_text(content)
    with pytest.raises(ValueError, match=r"dev-key\.json: not a private key .* Delete the file"):
        DevelopmentKey.load_or_create(tmp_path)
