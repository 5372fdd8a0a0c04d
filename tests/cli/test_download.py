"""`rencheng city download` says what it would do, and fetches nothing unasked."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from rencheng.adapters.cities.downloads import Item
from rencheng.adapters.cities.downloads.fetching import Fetcher
from rencheng.cli import main


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = 0
    try:
        main(["--lang", "en", "city", "download", *words])
    except SystemExit as left:
        code = int(left.code or 0)
    said = capsys.readouterr()
    return code, said.out + said.err


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the command reached out")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Stand in for a publisher with files of 2 MB; return what was fetched of it."""
    fetched: list[str] = []

    def fetch(_: Fetcher, item: Item, job: object) -> Path:
        fetched.append(item.name)
        return tmp_path / item.name

    monkeypatch.setattr(Fetcher, "fetch", fetch)
    monkeypatch.setattr(Fetcher, "measure", lambda _, items: tuple(sized(one) for one in items))
    return fetched


def sized(item: Item) -> Item:
    from dataclasses import replace

    return replace(item, size=2_000_000)


@pytest.mark.usefixtures("no_network")
def test_publishers_and_files_are_listed_without_a_network(capsys):
    code, text = run(capsys)
    assert code == 0
    assert all(name in text for name in ("osm", "copernicus", "worldpop", "ghsl", "unverified"))
    code, text = run(capsys, "copernicus", "--bbox=-71.5,-30.2,-71.1,-29.8", "--plan")
    assert code == 0
    assert text.count("_DEM.tif") == 2


def test_size_and_licence_are_shown_and_a_no_fetches_nothing(capsys, publisher, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda *_: "n")
    code, text = run(capsys, "osm", "--region", "europe/liechtenstein")
    assert code == 1
    assert "2.0 MB" in text
    assert "ODbL" in text
    assert publisher == []


def test_a_yes_fetches_and_says_how_to_read_it(capsys, publisher):
    code, text = run(capsys, "copernicus", "--bbox=-71.5,-30.2,-71.1,-29.8", "--yes")
    assert code == 0
    assert len(publisher) == 2
    assert 'kind = "terrain"' in text
    assert "surface = true" in text
    assert 'also = "Copernicus_DSM_COG_10_S30_00_W072_00_DEM.tif"' in text


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("words", [("nobody",), ("copernicus", "--bbox", "1,2,x,4"), ("osm",)])
def test_what_cannot_be_asked_for_is_said(capsys, words):
    code, text = run(capsys, *words)
    assert code == 1
    assert "✗" in text
