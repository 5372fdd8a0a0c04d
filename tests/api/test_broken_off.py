"""A sender that goes away before its request is whole leaves no crash behind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI

from api_kit import ROOT, TestClient
from rencheng.api.problems import GONE


def broken_off(app: FastAPI, client: TestClient, method: str, path: str) -> list[dict[str, Any]]:
    """Send half a body and hang up; return what the server wanted to answer."""
    incoming = [
        {"type": "http.request", "body": b'{"batch": "1", ', "more_body": True},
        {"type": "http.disconnect"},
    ]
    told: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return incoming.pop(0) if incoming else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        told.append(message)

    headers = [
        (b"authorization", client.headers["Authorization"].encode()),
        (b"content-type", b"application/json"),
        (b"host", b"testserver"),
    ]
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(),
        "query_string": b"", "headers": headers, "scheme": "http", "http_version": "1.1",
        "client": ("testclient", 1), "server": ("testserver", 80), "root_path": "", "app": app,
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return told


@pytest.mark.parametrize(
    ("account", "method", "path"),
    [
        ("gauge", "POST", f"{ROOT}/ingest/observations"),
        ("gauge", "POST", f"{ROOT}/ingest/reports"),
        ("sensors", "POST", f"{ROOT}/devices/provision"),
        ("sensors", "POST", "/v1.1/Things"),
        ("planner", "PUT", f"{ROOT}/city/dependencies.csv"),
    ],
)
def test_who_hangs_up_while_sending_leaves_one_line_at_most(
    app: FastAPI, device: Callable[..., TestClient], caplog: pytest.LogCaptureFixture,
    account: str, method: str, path: str,
) -> None:  # fmt: skip
    client = device(account)
    with caplog.at_level(logging.INFO):
        told = broken_off(app, client, method, path)
    assert [m["status"] for m in told if m["type"] == "http.response.start"] == [GONE]
    assert [(r.levelname, r.exc_info) for r in caplog.records if r.name.startswith("rencheng")] == [
        ("INFO", None)
    ]
