"""GraphiQL, served from our own files."""

from dataclasses import dataclass, field


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
