"""Settings that are read again come into force as a whole, or not at all."""

from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.cannot_start import CannotStart
from app.reload import Commit, Live, Reload
from app.settings.model import Settings
from app.settings.variables import load


class Process:
    """Something that runs by settings of which it can change some."""

    def __init__(self) -> None:
        self.origins: tuple[str, ...] = ()
        self.deadline = 8.0

    def new_origins(self, settings: Settings) -> Commit:
        if "bad" in settings.allowed_origins:
            raise CannotStart("ORDERWAY_ALLOWED_ORIGINS: bad is bad.")

        def commit() -> None:
            self.origins = settings.allowed_origins

        return commit

    def new_deadline(self, settings: Settings) -> Commit:
        def commit() -> None:
            self.deadline = settings.backend("billing").deadline

        return commit

    @property
    def live(self) -> list[Live]:
        return [
            Live(("ORDERWAY_BACKENDS__*__DEADLINE",), self.new_deadline),
            Live(("ORDERWAY_ALLOWED_ORIGINS",), self.new_origins),
        ]


@pytest.fixture
def write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Writes the `.env` file of the process."""
    monkeypatch.chdir(tmp_path)

    def write(**settings: str) -> None:
        (tmp_path / ".env").write_text("".join(f"ORDERWAY_{name}={value}\n" for name, value in settings.items()))

    return write


def test_what_can_change_does_and_the_rest_is_named(write: Callable[..., None]) -> None:
    process = Process()
    reload = Reload(load(), load, process.live)
    write(ALLOWED_ORIGINS="https://shop.example", BACKENDS__BILLING__DEADLINE="2", PORT="8001")

    with capture_logs() as logged:
        reload.again()
        reload.again()

    assert (process.origins, process.deadline) == (("https://shop.example",), 2.0)
    assert [(event["event"], event["changed"]) for event in logged] == [
        ("settings_reloaded", ["ORDERWAY_ALLOWED_ORIGINS", "ORDERWAY_BACKENDS__BILLING__DEADLINE"]),
        ("settings_need_restart", ["ORDERWAY_PORT"]),
        ("settings_reloaded", []),
        ("settings_need_restart", ["ORDERWAY_PORT"]),
    ]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"PORT": "eighty"}, "ORDERWAY_PORT: eighty is not a port from 1 to 65535."),
        ({"ALLOWED_ORIGINS": "bad"}, "ORDERWAY_ALLOWED_ORIGINS: bad is bad."),
        ({"ALLOWED_ORIGIN": "x"}, "ORDERWAY_ALLOWED_ORIGIN: there is no such setting; did you mean"),
    ],
)
def test_one_wrong_value_leaves_everything_as_it_was(
    write: Callable[..., None], wrong: dict[str, str], why: str
) -> None:
    process = Process()
    reload = Reload(load(), load, process.live)
    write(BACKENDS__BILLING__DEADLINE="2", **wrong)

    with capture_logs() as logged:
        reload.again()

    assert (process.origins, process.deadline) == ((), 8.0)
    assert [event["event"] for event in logged] == ["settings_refused"]
    assert logged[0]["why"].startswith(why)
