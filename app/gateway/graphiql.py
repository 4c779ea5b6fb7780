"""GraphiQL, served from our own files."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

STATIC: Final = Path(__file__).parent / "static"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Styles may be inline: the editor sets them as attributes."""
LOOPBACK: Final = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Example:
    """One tab of the page: a document and its variables (JSON values)."""

    name: str
    document: str
    variables: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GraphiQLPage:
    """What the page is filled with. `token`: a development token, shown to loopback addresses only."""

    token: str | None = None
    examples: tuple[Example, ...] = ()


class Assets(StaticFiles):
    """The files of the page; browsers ask each time whether theirs is still the one."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """One file."""
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


class Page:
    """The page as it is sent."""

    def __init__(self, content: GraphiQLPage, static: Path = STATIC) -> None:
        self._content = content
        self._template = (static / "index.html").read_text(encoding="utf-8")
        self._installed = static / "vendor" / "stamp"

    def response(self, host: str) -> Response:
        """The page for a browser that knows the gateway by this host.

        The token is filled in for a loopback host only: another site's name that was made to point here (DNS
        rebinding) must not read it.
        """
        if not self._installed.exists():
            told = "GraphiQL is not installed here; run <code>make install</code> and load this page again."
            return HTMLResponse(f"<!doctype html><title>Orderway</title><p>{told}</p>", 503)
        config = {
            "token": self._content.token if LOOPBACK.fullmatch(host) else None,
            "examples": [
                {"name": e.name, "document": e.document, "variables": e.variables} for e in self._content.examples
            ],
        }
        # inside a script element only "<" could end it early
        filled = self._template.replace("{{ config }}", orjson.dumps(config).decode().replace("<", "\\u003c"))
        return HTMLResponse(filled, headers={"Content-Security-Policy": POLICY, "Vary": "Accept"})
