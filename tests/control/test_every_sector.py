"""One contract for every sector's board, whatever is known."""

from __future__ import annotations

import importlib
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import rencheng.control
from rencheng.adapters.words import catalogue, render
from rencheng.control.boards import BOARDS, boards
from rencheng.control.view import View
from rencheng.domain.city import City, Sector
from rencheng.domain.control import Light, SectorBoard
from rencheng.domain.impact import CityState, Impact

sys.path.insert(0, str(Path(__file__).parent))
from board_cases import NOW, all_seen, impact, nothing_known

FOLDER = Path(rencheng.control.__file__).parent
SECTORS = [s.value for s in Sector]


def manifest(sector: str) -> dict[str, list[dict[str, str]]]:
    return tomllib.loads((FOLDER / sector / "manifest.toml").read_text(encoding="utf-8"))


def situations(city: City) -> list[tuple[CityState, Impact | None]]:
    states = [nothing_known(city), all_seen(city), all_seen(city, 0.3, tide_m=2.0)]
    impacts = [None, impact(city), impact(city, 0.4, displaced=90.0), impact(city, 0.0)]
    return [(state, one) for state in states for one in impacts]


@pytest.fixture(params=SECTORS)
def sector(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def made(sector: str, city: City) -> list[SectorBoard]:
    board = BOARDS[Sector(sector)]
    return [board(View(city, state, one, NOW)) for state, one in situations(city)]


def test_the_folder_has_a_manifest_and_a_board(sector: str) -> None:
    declared = manifest(sector)
    assert declared["schema"] == "rencheng/sector/1" and declared["sector"] == sector
    assert declared["name_zh"] and declared["name_en"] and declared["inputs"]
    assert callable(importlib.import_module(f"rencheng.control.{sector}.board").board)


def test_it_shows_exactly_what_it_declares(sector: str, tiny_city: City) -> None:
    declared = {row["key"]: row["unit"] for row in manifest(sector)["outputs"]}
    for board in made(sector, tiny_city):
        shown = {figure.key: figure.unit for figure in (*board.state, *board.forecast)}
        assert shown == declared and board.sector == sector


def test_every_figure_says_why_and_has_words(sector: str, tiny_city: City) -> None:
    for board in made(sector, tiny_city):
        for figure in (*board.state, *board.forecast):
            assert figure.why.version and figure.why.model and figure.why.as_of <= NOW
            assert f"figure.{figure.key}" in catalogue()
            if figure.unit == "1" and figure.band.is_known:
                assert 0 <= figure.band.p05 <= figure.band.p50 <= figure.band.p95 <= 1
        assert all(figure.key.endswith("h") for figure in board.forecast)


def test_every_sentence_can_be_said_in_both_languages(sector: str, tiny_city: City) -> None:
    for board in made(sector, tiny_city):
        texts = [board.headline, *(t for m in board.measures for t in (m.text, m.reason))]
        for text in texts:
            for language in ("zh-CN", "en"):
                said = render(text, language)
                assert said != text.key and "nan" not in said and "{" not in said


def test_without_data_the_lamp_is_grey_and_nothing_is_known(sector: str, tiny_city: City) -> None:
    board = BOARDS[Sector(sector)](View(tiny_city, nothing_known(tiny_city), None, NOW))
    assert board.light is Light.UNKNOWN
    assert not any(figure.band.is_known for figure in board.forecast)
    assert board.measures == () and board.headline.key.endswith(".unknown")


def test_there_are_always_six_boards(tiny_city: City) -> None:
    for state, one in situations(tiny_city):
        shown = boards(tiny_city, state, one, at=NOW)
        assert [board.sector for board in shown] == list(Sector)
    assert np.array_equal(sorted(BOARDS), sorted(Sector))
