"""`rencheng scene water`: what it shows, what it sends, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

import scene_kit
from rencheng.adapters.cities.store import Folder
from rencheng.cli import main, scene
from rencheng.domain.city import City

TIMES = ("--taken", "2015-09-17T10:00:00Z", "--before-taken", "2015-09-05T10:00:00Z")


@pytest.fixture
def files(tmp_path: Path, tiny_city: City) -> list[str]:
    folder = Folder(tmp_path, "tiny")
    folder.set_current(folder.save(tiny_city).version)
    pair = [scene_kit.radar(tmp_path / f"{wet}.tif", is_flooded=wet) for wet in (True, False)]
    return [*map(str, pair), *TIMES, "--city", "tiny", "--state", str(tmp_path), "--lang", "en"]


def test_a_dry_run_shows_the_flood_and_sends_nothing(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["scene", "water", *files, "--dry-run"])
    out = capsys.readouterr().out
    assert "0.25 km²" in out or "0.24 km²" in out
    assert "100%" in out


def test_the_result_goes_to_the_server_with_its_run_and_key(
    files: list[str], monkeypatch: pytest.MonkeyPatch, tiny_city: City
) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(201, json={"id": "w1"})

    def client(url: str, token: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=url, headers=headers, transport=httpx.MockTransport(answer))

    monkeypatch.setattr(scene, "client_of", client)
    main(["scene", "water", *files, "--token", "t", "--run", "r1", "--synthetic"])
    sent = json.loads(asked[0].content)
    assert (asked[0].headers["X-Run"], asked[0].headers["Authorization"]) == ("r1", "Bearer t")
    served = Folder(Path(files[-3]), "tiny").current().version
    assert (sent["city"], sent["origin"]) == (served, "synthetic")
    assert len(sent["cells"]) == len(sent["flooded"]) == len(tiny_city.grid.id)


def test_a_band_that_is_not_named_rightly_is_said(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["scene", "water", *files, "--band", "green"])
    assert "green=3" in capsys.readouterr().err
