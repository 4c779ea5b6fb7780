"""Settings are read from the environment and `.env`, and refused by name when they are wrong."""

import os
from pathlib import Path

import pytest

from app.cannot_start import CannotStart
from app.settings.model import BACKENDS, PREFIX, Settings
from app.settings.variables import describe, load
from connectors.backends import APIS


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def refusal() -> str:
    with pytest.raises(CannotStart) as caught:
        load()
    return str(caught.value)


def test_without_settings_everything_is_embedded_and_on_loopback(tmp_path: Path) -> None:
    settings = load()

    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.data_dir == tmp_path / ".orderway"
    assert (settings.mongodb_uri, settings.temporal_address) == (None, None)
    assert settings.homeless_backends() == BACKENDS
    assert settings.development_tokens is False


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("PORT", "99999", "ORDERWAY_PORT: 99999 is not a port from 1 to 65535."),
        ("PORT", "eighty", "ORDERWAY_PORT: eighty is not a port from 1 to 65535."),
        ("TEMPORAL_TLS", "perhaps", "ORDERWAY_TEMPORAL_TLS: perhaps is not true or false."),
        (
            "TEMPORAL_ADDRESS",
            "temporal",
            "ORDERWAY_TEMPORAL_ADDRESS: temporal is not an address of the form host:port.",
        ),
        ("TEMPORAL_ADDRESS", "t:70000", "ORDERWAY_TEMPORAL_ADDRESS: t:70000 is not an address of the form host:port."),
        (
            "MONGODB_URI",
            "postgres://me:secret@db",
            "ORDERWAY_MONGODB_URI: the value is not a mongodb:// or mongodb+srv:// address "
            "(unset it to use the embedded store).",
        ),
        (
            "BACKENDS__CATALOG__BASE_URL",
            "catalog.example",
            "ORDERWAY_BACKENDS__CATALOG__BASE_URL: catalog.example is not "
            "an http:// or https:// address without query.",
        ),
        (
            "BACKENDS__ADDRESS__DEADLINE",
            "0",
            "ORDERWAY_BACKENDS__ADDRESS__DEADLINE: 0 is not a number of seconds above 0 and up to 120.",
        ),
        ("LIMITS__DEPTH", "0", "ORDERWAY_LIMITS__DEPTH: 0 is not a number from 1 to 1000000."),
        (
            "LIMITS__WARN_ONLY",
            "depth, width",
            "ORDERWAY_LIMITS__WARN_ONLY: depth, width is not a list of limits such as depth,aliases, or *.",
        ),
        (
            "CALLBACK_ORIGINS",
            "http://router:4000,https://router/callback",
            "ORDERWAY_CALLBACK_ORIGINS: http://router:4000,https://router/callback is not a list of http:// or "
            "https:// origins separated by commas.",
        ),
        ("LOG_FORMAT", "xml", "ORDERWAY_LOG_FORMAT: xml is not json or console."),
        (
            "JWT_ISSUERS",
            "https://idp.example=",
            "ORDERWAY_JWT_ISSUERS: https://idp.example= is not a list of issuer=jwks pairs separated by commas, "
            "each issuer an http:// or https:// address.",
        ),
    ],
)
def test_a_wrong_value_is_refused_by_name_with_its_rule(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(f"ORDERWAY_{variable}", value)

    assert refusal() == sentence


def test_every_wrong_value_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERWAY_PORT", "0")
    monkeypatch.setenv("ORDERWAY_LIMITS__ALIASES", "0")
    monkeypatch.setenv("ORDERWAY_MONGODB_URL", "mongodb://db")

    assert [line.partition(":")[0] for line in refusal().splitlines()] == [
        "ORDERWAY_MONGODB_URL",
        "ORDERWAY_PORT",
        "ORDERWAY_LIMITS__ALIASES",
    ]


def test_a_misspelled_setting_is_refused_wherever_it_stands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ORDERWAY_TEMPORAL_ADRESS", "temporal:7233")
    (tmp_path / ".env").write_text("ORDERWAY_BACKENDS__CATALOGUE__DEADLINE=2\nOTHER=1\n")

    assert refusal().splitlines() == [
        "ORDERWAY_BACKENDS__CATALOGUE__DEADLINE: there is no such setting; "
        "did you mean ORDERWAY_BACKENDS__CATALOG__DEADLINE?",
        "ORDERWAY_TEMPORAL_ADRESS: there is no such setting; did you mean ORDERWAY_TEMPORAL_ADDRESS?",
    ]


def test_the_settings_of_the_test_suite_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERWAY_TEST_MONGODB_URI", "mongodb://db")

    assert load().mongodb_uri is None


def test_the_command_line_beats_the_environment_and_that_the_env_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("ORDERWAY_PORT=8001\nORDERWAY_HOST=0.0.0.0\nORDERWAY_LOG_LEVEL=debug\n")
    monkeypatch.setenv("ORDERWAY_PORT", "8002")
    monkeypatch.setenv("ORDERWAY_HOST", "127.0.0.2")

    settings = load(port=8003, host=None)

    assert (settings.port, settings.host, settings.log_level) == (8003, "127.0.0.2", "debug")


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERWAY_TEMPORAL_ADDRESS", "")

    assert load().temporal_address is None


def test_a_backend_has_its_own_address_or_the_common_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERWAY_BACKENDS__CATALOG__BASE_URL", "https://catalog.example/api/")
    assert load().homeless_backends() == tuple(name for name in BACKENDS if name != "catalog")

    monkeypatch.setenv("ORDERWAY_BACKENDS_BASE_URL", "http://127.0.0.1:9000")
    settings = load()

    assert settings.homeless_backends() == ()
    assert settings.backend("catalog").base_url == "https://catalog.example/api"
    assert settings.backend("billing").base_url == "http://127.0.0.1:9000"


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERWAY_ALLOWED_ORIGINS", "https://shop.example, https://care.example")
    monkeypatch.setenv("ORDERWAY_JWT_ISSUERS", "https://a.example,https://b.example=https://keys.example/b?kind=sig")

    settings = load()

    assert settings.allowed_origins == ("https://shop.example", "https://care.example")
    assert settings.jwt_issuers == {"https://a.example": None, "https://b.example": "https://keys.example/b?kind=sig"}


@pytest.mark.parametrize(
    ("host", "public_url", "callback_url"),
    [
        ("127.0.0.1", None, "http://127.0.0.1:8000"),
        ("0.0.0.0", None, "http://127.0.0.1:8000"),
        ("::1", None, "http://[::1]:8000"),
        ("0.0.0.0", "https://orders.example/", "https://orders.example"),
    ],
)
def test_backends_call_back_at_the_public_address(host: str, public_url: str | None, callback_url: str) -> None:
    assert load(host=host, public_url=public_url).callback_url == callback_url


def test_secrets_are_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERWAY_MONGODB_URI", "mongodb://me:hush@db")
    monkeypatch.setenv("ORDERWAY_TEMPORAL_API_KEY", "hush")

    assert "hush" not in repr(load())


def test_the_backends_are_those_that_have_a_client() -> None:
    assert set(BACKENDS) == set(APIS)


def test_every_setting_is_described_once() -> None:
    described = describe()

    assert len({setting.variable for setting in described}) == len(described)
    assert [setting.variable for setting in described if not setting.meaning.endswith(".")] == []
    assert len([s for s in described if "<NAME>" in s.variable]) == 6
    assert {s.variable for s in described} >= {f"ORDERWAY_{n.upper()}" for n in Settings.model_fields} - {
        "ORDERWAY_BACKENDS",
        "ORDERWAY_DOCUMENTS",
        "ORDERWAY_DRAFTS",
        "ORDERWAY_LIMITS",
        "ORDERWAY_MONITORING",
        "ORDERWAY_TASKS",
        "ORDERWAY_WEBHOOKS",
    }
