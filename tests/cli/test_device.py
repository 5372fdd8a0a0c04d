"""`rencheng device` against a server: keys in a private file, faults with rows."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rencheng import cli
from rencheng.cli import device
from rencheng.cli.speaking import console

TABLE = "device,lon,lat,quantity\npier-1,-71.3,-29.9,water_level\n"
KEY = {
    "device": "pier-1",
    "user": "devices/pier-1",
    "key": "rc_secret",
    "datastreams": ["pier-1-water_level"],
    "expires": None,
}
FAULT = {
    "where": "lon",
    "key": "devices.swapped",
    "problem": {"zh": "写反", "en": "swapped"},
    "hint": {"zh": "交换", "en": "swap"},
    "count": 1,
    "first": ["2: -29.9, -71.3"],
}


def answer(request: httpx.Request) -> httpx.Response:
    if b"-29.9,-71.3" in request.content:
        text = {"zh": "有误", "en": "faults"}
        return httpx.Response(422, json={"problem": text, "hint": text, "faults": [FAULT]})
    is_trial = "dry_run" in str(request.url)
    body = {"is_trial": is_trial, "devices": 1, "streams": 1, "new": 1, "changed": 0, "same": 0}
    return httpx.Response(200, json=body | {"keys": [] if is_trial else [KEY]})


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def client(_url: str, _token: str) -> httpx.Client:
        return httpx.Client(base_url="http://test", transport=httpx.MockTransport(answer))

    monkeypatch.setattr(device, "client_of", client)
    console.cache_clear()
    yield
    console.cache_clear()


def run(*words: Any) -> int:
    try:
        cli.main([*map(str, words), "--lang", "en"])
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def test_new_keys_lie_in_a_file_of_their_owner_alone(tmp_path: Path) -> None:
    table, keys = tmp_path / "d.csv", tmp_path / "d-keys.csv"
    table.write_text(TABLE, encoding="utf-8")
    assert run("device", "provision", table) == 0
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert "devices/pier-1,rc_secret" in keys.read_text(encoding="utf-8")
    assert run("device", "provision", table) == 1, "older keys are not written over"


def test_a_trial_writes_no_file(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(TABLE, encoding="utf-8")
    assert run("device", "provision", tmp_path / "d.csv", "--dry-run") == 0
    assert [one.name for one in tmp_path.iterdir()] == ["d.csv"]


def test_faults_are_told_with_their_rows_and_leave_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "d.csv"
    table.write_text(TABLE.replace("-71.3,-29.9", "-29.9,-71.3"), encoding="utf-8")
    assert run("device", "provision", table) == 1
    assert "2: -29.9, -71.3" in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["d.csv"]
