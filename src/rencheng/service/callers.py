"""Who signed a request, and the random secrets that requests are signed with."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from rencheng.domain.identity import Actor
from rencheng.service.credentials import Account, Session, Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who signed one request, and how."""

    actor: Actor
    session: Session | None = None
    token: Token | None = None


def secret_hash(secret: str) -> str:
    """Return what is kept of a random secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_secret() -> str:
    """Return a key that nobody can guess: 256 random bits."""
    return f"rc_{secrets.token_urlsafe(32)}"


def actor_of(account: Account) -> Actor:
    """Return the account as an actor."""
    return Actor(
        id=account.id,
        name=account.name,
        organisation=account.organisation,
        roles=frozenset(account.roles),
        language=account.language,
    )
