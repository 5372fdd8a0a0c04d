"""Signed answers as the broker reads them: Ed25519 keys by name, and JWTs signed with them.

References
----------
.. [1] NATS ADR-14 (JWT), ADR-26 (authorization callout), nats-architecture-and-design.
"""

from __future__ import annotations

import base64
import json
import secrets
from binascii import crc_hqx
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ACCOUNT = 0
"""First byte of the name of an account's key; base32 makes it an A. [1]_"""


class Signer:
    """A key that lives as long as the broker that it was made for."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.name = key_name(ACCOUNT, self._key.public_key().public_bytes_raw())

    def signed(self, claims: Mapping[str, Any], issued: int) -> str:
        """Return a JWT over the claims. `issued`: seconds since 1970. [s]"""
        head = _text({"typ": "JWT", "alg": "ed25519-nkey"})
        body = _text({"jti": secrets.token_hex(16), "iat": issued, "iss": self.name, **claims})
        signature = self._key.sign(f"{head}.{body}".encode())
        return f"{head}.{body}.{_base64(signature)}"


def key_name(kind: int, raw: bytes) -> str:
    """Return the name of a public key: kind, key and CRC-16 (XMODEM) in base32.

    Examples
    --------
    >>> key_name(ACCOUNT, bytes(32))[:4], len(key_name(ACCOUNT, bytes(32)))
    ('AAAA', 56)
    """
    named = bytes([kind]) + raw
    named += crc_hqx(named, 0).to_bytes(2, "little")
    return base64.b32encode(named).decode().rstrip("=")


def claims_of(token: bytes) -> dict[str, Any]:
    """Return what a JWT of the broker claims; who sent it is known from the connection."""
    middle = token.split(b".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + b"=" * (-len(middle) % 4)))
    return found


def _text(content: Mapping[str, Any]) -> str:
    return _base64(json.dumps(content).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
