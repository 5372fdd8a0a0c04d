"""What tests of the API need: a password, a cheap hash, and a client."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from argon2 import PasswordHasher

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have its own fork of httpx
    from fastapi.testclient import TestClient

__all__ = ["PASSWORD", "ROOT", "WEAK", "Enter", "TestClient"]

PASSWORD = "long enough to pass"
WEAK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ROOT = "/api/v1"
Enter = Callable[..., TestClient]
