"""The fixtures of the API's tests, and a client that asks `/ogc`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from api_kit import Enter, TestClient

Ask = Callable[..., Any]


@pytest.fixture
def ask(enter: Enter) -> Ask:
    """Return a function that asks a path of `/ogc` as somebody and gives the answer."""
    clients: dict[str, TestClient] = {}

    def ask(path: str = "", who: str = "planner", **query: str) -> Any:
        if who not in clients:
            clients[who] = enter(who)
        address = path if path.startswith("http") else f"http://testserver/ogc{path}"
        return clients[who].get(address, params=query or None)

    return ask
