"""What backends say is shown to people who decide; what is secret in it is not, and is not kept either."""

import re
from typing import Final

HIDDEN: Final = "***"
_NAMED: Final = re.compile(
    r"(?i)\b((?:proxy-)?authorization|(?:access|refresh|id|auth|session)?[-_ ]?token|pass(?:word|wd|phrase)?"
    r"|(?:client[-_ ]?)?secret|(?:api|private)[-_ ]?key|cookie|cvv|cvc|pin|puk)"
    r"([\"']?\s*[:=]\s*[\"']?)(?:(?:bearer|basic)\s+)?[^\s\"',;&}\])]+"
)
_SCHEME: Final = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_JWT: Final = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*")
_USER_IN_URL: Final = re.compile(r"(?<=://)[^/\s@]+@")
_CARD: Final = re.compile(r"(?<![\w-])[3-6](?:[ -]?\d){12,15}(?![\w-])")


def redacted(text: str) -> str:
    """The text without passwords, tokens, keys and card numbers."""
    text = _USER_IN_URL.sub(f"{HIDDEN}@", text)
    text = _NAMED.sub(rf"\1\2{HIDDEN}", text)
    text = _SCHEME.sub(rf"\1 {HIDDEN}", text)
    text = _JWT.sub(HIDDEN, text)
    return _CARD.sub(lambda found: HIDDEN if _is_card(found[0]) else found[0], text)


def _is_card(text: str) -> bool:
    """Whether the digits pass the check of ISO/IEC 7812 (Luhn)."""
    digits = [int(c) for c in reversed(text) if c.isdecimal()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
