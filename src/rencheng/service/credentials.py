"""Accounts, sessions of browsers, and keys, as they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person or device that can sign in."""

    id: str
    name: str
    organisation: str
    roles: tuple[str, ...]
    language: str
    password_hash: str
    """Argon2; empty: cannot sign in with a password."""
    is_demo: bool
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser that is signed in."""

    id: str
    """SHA-256 of the cookie's secret; the secret itself is not kept."""
    account: str
    csrf: str
    created: datetime
    expires: datetime
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A key of a device or program."""

    id: str
    """SHA-256 of the token; the token itself is not kept."""
    account: str
    name: str
    datastreams: tuple[str, ...]
    """Streams it may write; empty: all."""
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    version: int = 1
    rate: int = 0
    """Requests a minute that it may make; 0: as many as any key."""
    device: str = ""
    """Id of the `Device` that it was made for; empty: a program's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """When a key was last good for something, to some minutes."""

    id: str
    """Of the token."""
    at: datetime
    version: int = 1
