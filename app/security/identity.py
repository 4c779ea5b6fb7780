"""What authentication yields: an identity, or a refusal."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.actor import Actor


@dataclass(frozen=True, slots=True)
class Identity:
    """An authenticated actor. `expires_at`: when the proof ends and the caller has to show a new one.

    `client_id`: the application that the token was issued to; empty when it does not say.
    """

    actor: Actor
    expires_at: datetime
    client_id: str = ""


class NotAuthenticated(Exception):
    """The caller did not prove who they are. The message is for the caller and holds nothing secret."""


class AuthenticationUnavailable(Exception):
    """Nobody can say at the moment whether the proof is good, for example as the issuer's keys are out of reach."""
