"""What tests of the API need: a password, a cheap hash, and a client."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from argon2 import PasswordHasher

from ops_kit import Clock

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have its own fork of httpx
    from fastapi.testclient import TestClient

__all__ = ["PASSWORD", "ROOT", "WEAK", "Enter", "TestClient", "give"]

PASSWORD = "long enough to pass"
WEAK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ROOT = "/api/v1"
Enter = Callable[..., TestClient]


def give(enter: Enter, clock: Clock, organisation: str, key: str = "") -> dict[str, Any]:
    """Let the duty officer give out a task."""
    body = {
        "kind": "inspect",
        "title": f"look ({organisation})",
        "organisation": organisation,
        "place": "H-1",
        "due": (clock() + timedelta(hours=2)).isoformat(),
    }
    answer = enter("duty").post("tasks", json=body, headers={"Idempotency-Key": key})
    assert answer.status_code == 201, answer.text
    return answer.json()
