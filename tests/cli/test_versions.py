"""`rencheng city versions|changes|use`: listed, compared, and put back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rencheng.adapters.cities.store import Folder
from rencheng.cli import main, speaking
from rencheng.domain.city import City


@pytest.fixture
def two(tmp_path: Path, tiny_city: City, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, str, str]:
    """Return a state folder with two versions of the tiny city; in the later a house is higher."""
    monkeypatch.setenv("COLUMNS", "200")
    speaking.console.cache_clear()
    folder = Folder(tmp_path, "tiny")
    first = folder.save(tiny_city).version
    storeys = tiny_city.buildings.storeys.copy()
    storeys[0] += 1
    later = replace(tiny_city, buildings=replace(tiny_city.buildings, storeys=storeys))
    second = folder.save(later).version
    folder.set_current(first)
    folder.set_current(second)
    return tmp_path, first, second


@pytest.mark.parametrize(("lang", "word"), [("zh", "使用中"), ("en", "Served")])
def test_versions_are_listed(
    two: tuple[Path, str, str], capsys: pytest.CaptureFixture[str], lang: str, word: str
) -> None:
    state, first, second = two
    main(["city", "versions", "tiny", "--state", str(state), "--lang", lang])
    told = capsys.readouterr().out
    assert word in told and first in told and second in told


def test_changes_are_told_by_layer(
    two: tuple[Path, str, str], capsys: pytest.CaptureFixture[str], tiny_city: City
) -> None:
    state, first, _ = two
    main(["city", "changes", first, "--city", "tiny", "--state", str(state), "--lang", "en"])
    told = capsys.readouterr().out
    assert "Buildings" in told and str(tiny_city.buildings.id[0]) in told
    assert "0 buildings built, 0 demolished" in told


def test_a_version_is_put_back(
    two: tuple[Path, str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    state, first, second = two
    main(["city", "use", first, "--city", "tiny", "--state", str(state), "--lang", "en"])
    assert Folder(state, "tiny").current().version == first
    assert second in capsys.readouterr().out


def test_an_unknown_version_is_refused_and_nothing_changes(
    two: tuple[Path, str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    state, _, second = two
    with pytest.raises(SystemExit):
        main(["city", "use", "none", "--city", "tiny", "--state", str(state), "--lang", "en"])
    assert "none" in capsys.readouterr().err
    assert Folder(state, "tiny").current().version == second
