"""Every store there is: in a file and on a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from rencheng.adapters.store import open_postgres, open_store
from store_kit import Work

STORES = ("postgresql", "sqlite")


@pytest.fixture(params=STORES)
def work(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Work]:
    if request.param == "sqlite":
        store = open_store(tmp_path / "state.db")
    else:
        server = request.getfixturevalue("postgres")
        store = open_postgres(server.database(f"t{uuid4().hex}"), tmp_path)
    yield store
    store.close()
