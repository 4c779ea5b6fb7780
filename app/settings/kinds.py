"""What values settings take: how one is written in the environment, and which rule it has to meet."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode


def setting(default: object, description: str, rule: str, *, secret: bool = False, **constraints: Any) -> Any:
    """A field with its meaning and the rule that a value has to meet; a secret value is never shown."""
    return Field(
        default,
        description=description,
        json_schema_extra={"rule": rule},
        repr=not secret,
        validate_default=True,
        **constraints,
    )


def pairs(text: str) -> list[tuple[str, str, str]]:
    """`name=value`, separated by commas: each name, its equals sign, if it has one, and its value."""
    return [part.strip().partition("=") for part in text.split(",") if part.strip()]


def _http_address(value: str | None) -> str | None:
    """The address without a trailing slash, so that a path can follow it."""
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(value)
    return value.rstrip("/")


def _origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    """Addresses of nothing but a scheme, a host and a port."""
    for origin in origins:
        if _http_address(origin) is None or urlsplit(origin).path not in ("", "/") or "@" in origin:
            raise ValueError(origin)
        _ = urlsplit(origin).port  # raises ValueError
    return tuple(origin.rstrip("/") for origin in origins)


def _folder(path: Path | None) -> Path | None:
    if path is not None and not path.expanduser().is_dir():
        raise ValueError(path)
    return path.expanduser().resolve() if path else None


def _mongodb_address(value: str | None) -> str | None:
    if value is not None and not value.startswith(("mongodb://", "mongodb+srv://")):
        raise ValueError(value)
    return value


def _host_and_port(value: str | None) -> str | None:
    if value is not None:
        host, colon, port = value.rpartition(":")
        if not (host and colon and port.isdecimal() and 0 < int(port) <= 65535):
            raise ValueError(value)
    return value


def _header_value(value: SecretStr | None) -> SecretStr | None:
    text = value.get_secret_value() if value else "-"
    if not (text.isascii() and text.isprintable() and text.strip()):
        raise ValueError("not the value of a header")
    return value


def _split_at_commas(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _issuers(value: object) -> object:
    """`issuer` or `issuer=jwks`, separated by commas, as issuer → JWKS location, None when it is to be discovered."""
    if not isinstance(value, str):
        return value
    found = pairs(value)
    if any(not issuer.startswith(("http://", "https://")) or (equals and not jwks) for issuer, equals, jwks in found):
        raise ValueError(value)
    return {issuer: jwks or None for issuer, _, jwks in found}


def _paths(value: object) -> object:
    """`TMF629=customers/v4`, separated by commas, as Open API → path."""
    if not isinstance(value, str):
        return value
    found = pairs(value)
    if any(not api.isalnum() or not path.strip("/ ") for api, _, path in found):
        raise ValueError(value)
    return {api.upper(): path for api, _, path in found}


HttpAddress = Annotated[str | None, AfterValidator(_http_address)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_at_commas)]
Origins = Annotated[Names, AfterValidator(_origins)]
Paths = Annotated[Mapping[str, str], NoDecode, BeforeValidator(_paths)]
Folder = Annotated[Path, AfterValidator(lambda path: path.expanduser().resolve())]
ExistingFolder = Annotated[Path | None, AfterValidator(_folder)]
MongodbAddress = Annotated[str | None, AfterValidator(_mongodb_address)]
HostAndPort = Annotated[str | None, AfterValidator(_host_and_port)]
HeaderValue = Annotated[SecretStr | None, AfterValidator(_header_value)]
Issuers = Annotated[dict[str, str | None], NoDecode, BeforeValidator(_issuers)]
