"""`rencheng.City`: a built city as arrays and data frames."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rencheng
from rencheng.adapters.cities.store import Folder
from rencheng.adapters.exports.contents import TABLES
from rencheng.domain.city import City as DomainCity
from rencheng.domain.errors import InvalidInputError, NotFoundError


@pytest.fixture
def state(tmp_path: Path, tiny_city: DomainCity) -> Path:
    folder = Folder(tmp_path, "tiny")
    folder.set_current(folder.save(tiny_city).version)
    return tmp_path


def test_importing_the_package_reads_nothing_heavy() -> None:
    code = "import rencheng, sys; assert not {'numpy', 'rencheng.library'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="Village"):
        rencheng.Village  # noqa: B018


def test_a_state_a_city_and_a_version_open_the_same(state: Path) -> None:
    cities = [rencheng.City.open(state), rencheng.City.open(str(state / "cities" / "tiny"))]
    version = cities[0].version
    cities.append(rencheng.City.open(state / "cities" / "tiny" / version))
    assert {one.version for one in cities} == {version}
    assert rencheng.City.open(state, city="tiny").id == "tiny"


def test_what_is_not_there_is_named(state: Path, tiny_city: DomainCity, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no built city"):
        rencheng.City.open(tmp_path / "elsewhere")
    with pytest.raises(NotFoundError, match="atlantis"):
        rencheng.City.open(state, city="atlantis")
    second = Folder(state, "second")
    second.set_current(second.save(replace(tiny_city, id="second")).version)
    with pytest.raises(NotFoundError, match="second, tiny"):
        rencheng.City.open(state)


def test_arrays_are_mapped_and_read_only(state: Path, tiny_city: DomainCity) -> None:
    city = rencheng.City.open(state)
    arrays = city.arrays("buildings")
    assert arrays["xy"].tolist() == tiny_city.buildings.xy.tolist()
    assert isinstance(arrays["xy"].base, np.memmap) and not arrays["xy"].flags.writeable
    assert arrays["curves"].tolist() == list(tiny_city.buildings.curves)
    assert arrays["shapes.part"].size == 1
    assert city.arrays("buildings") is arrays
    with pytest.raises(NotFoundError, match="houses"):
        city.arrays("houses")


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_a_frame(state: Path, name: str) -> None:
    geopandas = pytest.importorskip("geopandas")
    city = rencheng.City.open(state)
    frame = city.frame(name)
    assert len(frame) == city.tables[name]
    assert {"origin", "is_synthetic"} <= set(frame.columns)
    if name != "dependencies":
        assert isinstance(frame, geopandas.GeoDataFrame)
        assert frame.crs == "EPSG:4326" and frame.geometry.notna().all()


def test_what_is_unknown_is_missing_and_never_zero(state: Path) -> None:
    pytest.importorskip("geopandas")
    city = rencheng.City.open(state)
    assert city.buildings["height_m"].isna().all()
    assert city.frame("facilities")["beds"].isna().sum() == 7
    assert city.frame("zones")["code"].isna().all()


def test_without_the_extra_the_frame_says_what_to_install(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "geopandas", None)
    with pytest.raises(InvalidInputError, match=r"rencheng\[data\]"):
        rencheng.City.open(state).frame("zones")


def test_findings_layers_and_what_changed(state: Path, tiny_city: DomainCity) -> None:
    before = rencheng.City.open(state)
    table = tiny_city.zones
    grown = replace(tiny_city, zones=replace(table, population=table.population + 1))
    folder = Folder(state, "tiny")
    folder.set_current(folder.save(grown).version)
    after = rencheng.City.open(state)
    assert {one.version for one in after.versions()} == {before.version, after.version}
    change = after.changes(before.version)
    assert [one.layer for one in change.layers] == ["zones"]
    assert change.zones.population.tolist() == [1.0] * 6
    assert after.findings() and after.layers == after.domain.layers


def test_the_repr_says_what_it_is(state: Path) -> None:
    text = repr(rencheng.City.open(state))
    assert "tiny" in text and "60 buildings" in text


def test_what_the_documentation_shows_runs(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("geopandas")
    page = Path(__file__).parents[1] / "docs" / "how-to" / "python.md"
    (block,) = re.findall(r"^```py\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M)
    monkeypatch.chdir(state)
    exec(compile(block.replace(".state", str(state)), page.name, "exec"), {})
    assert {"roads.fgb", "city.gpkg"} <= {p.name for p in state.iterdir()}
