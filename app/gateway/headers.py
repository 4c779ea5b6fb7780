"""The headers of a request, read where ASGI has them: what every request is asked costs next to nothing."""

from starlette.types import Scope


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of this name, which is in lower case; None: there is none."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return None


def headers(scope: Scope, name: bytes) -> list[str]:
    """All headers of this name, which is in lower case."""
    return [str(value, "latin-1") for key, value in scope["headers"] if key == name]
