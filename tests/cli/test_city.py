"""`rencheng city` speaks both languages and says what a city lacks."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from rencheng.adapters.cities.readers import Job
from rencheng.adapters.cities.recipe import load_recipe
from rencheng.adapters.cities.store import Folder
from rencheng.cli import main, speaking
from rencheng.domain.city import City
from rencheng.domain.errors import SourceUnavailableError


@pytest.fixture
def tiny_state(tmp_path: Path, tiny_city: City, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "200")
    speaking.console.cache_clear()
    layers = tuple(one for one in tiny_city.layers if one.name != "power_network")
    folder = Folder(tmp_path, "tiny")
    folder.set_current(folder.save(replace(tiny_city, layers=layers)).version)
    return tmp_path


@pytest.mark.parametrize(("lang", "word"), [("zh", "地形"), ("en", "Terrain")])
def test_show_lists_the_layers(
    tiny_state: Path, capsys: pytest.CaptureFixture[str], lang: str, word: str
) -> None:
    main(["city", "show", "tiny", "--state", str(tiny_state), "--lang", lang])
    assert word in capsys.readouterr().out


@pytest.mark.parametrize(("lang", "word"), [("zh", "警告"), ("en", "warning")])
def test_check_says_how_to_mend(
    tiny_state: Path, capsys: pytest.CaptureFixture[str], lang: str, word: str
) -> None:
    main(["city", "check", "tiny", "--state", str(tiny_state), "--lang", lang])
    assert word in capsys.readouterr().out


def test_a_city_never_built_says_what_to_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    speaking.console.cache_clear()
    with pytest.raises(SystemExit):
        main(["city", "show", "--state", str(tmp_path), "--lang", "en"])
    assert "rencheng city build" in capsys.readouterr().err


@pytest.mark.slow
def test_a_city_that_is_there_is_neither_built_nor_fetched_again(
    city: City, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rencheng.adapters.cities.making.make", None)
    main(["city", "build", city.id, "--fetch", "--if-missing", "--state", str(state)])


def test_a_city_that_cannot_be_built_again_is_served_on(
    tmp_path: Path,
    tiny_city: City,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def offline(*_: object) -> None:
        raise SourceUnavailableError("city.fetch", "no network", hint="find one")

    monkeypatch.setattr("rencheng.cli.city._fetch", offline)
    speaking.console.cache_clear()
    words = ["city", "build", "--fetch", "--if-missing", "--state", str(tmp_path), "--lang", "zh"]
    with pytest.raises(SystemExit):
        main(words)
    folder = Folder(tmp_path, "coquimbo")
    folder.set_current(folder.save(replace(tiny_city, id="coquimbo")).version)
    main(words)
    assert "继续使用已有的城市" in capsys.readouterr().out


def test_new_writes_a_recipe_that_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    speaking.console.cache_clear()
    folder = tmp_path / "Mein Ort"
    main(["city", "new", str(folder), "--lang", "zh"])
    assert "rencheng city build" in capsys.readouterr().out
    recipe = load_recipe(str(folder))
    assert (recipe.id, recipe.sources) == ("mein-ort", ())
    with pytest.raises(SystemExit):
        main(["city", "new", str(folder), "--lang", "zh"])


def test_a_city_goes_by_its_id_or_by_the_folder_of_its_recipe(
    tiny_city: City, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    speaking.console.cache_clear()
    folder, kept = tmp_path / "我的城市", Folder(tmp_path, "city")
    main(["city", "new", str(folder), "--lang", "zh"])
    kept.set_current(kept.save(replace(tiny_city, id="city")).version)
    with (folder / "recipe.toml").open("a", encoding="utf-8") as stream:
        stream.write("half = 1\n")
    for name in (str(folder), str(folder / "recipe.toml"), "city"):
        main(["city", "versions", name, "--state", str(tmp_path), "--lang", "zh"])
        main(["city", "show", name, "--state", str(tmp_path), "--lang", "zh"])
    assert "尚未构建" not in capsys.readouterr().out


def test_every_fault_of_a_recipe_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    speaking.console.cache_clear()
    text = 'schema = "rencheng.city-recipe/2"\nid = "x"\nname_zh = "某市"\nseeed = 1\n'
    (tmp_path / "recipe.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit):
        main(["city", "build", str(tmp_path), "--lang", "zh"])
    said = capsys.readouterr().err
    assert all(field in said for field in ("name_en", "timezone", "seeed"))


def test_a_stopped_build_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        Job(is_stopped=_[-1]).go_on(0.5)  # type: ignore[arg-type]

    monkeypatch.setattr("rencheng.adapters.cities.making.make", stop)
    speaking.console.cache_clear()
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(SystemExit) as caught:
        main(["city", "build", "helsinki", "--state", str(tmp_path), "--lang", "en"])
    assert caught.value.code == 130
    assert "rencheng city build helsinki" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) is before
