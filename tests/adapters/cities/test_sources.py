"""Sources are read once, kept by what they are, taken up after a stop, and named when wrong."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from any_city import buildings, make, network, people, recipe, streets
from rencheng.adapters.cities import kept, sources
from rencheng.adapters.cities.given import Given, RawPlaces
from rencheng.adapters.cities.making import make as make_city
from rencheng.adapters.cities.readers import Job, Source
from rencheng.adapters.cities.recipe import load_recipe
from rencheng.adapters.cities.sources import Work, check_sources, read_sources
from rencheng.adapters.cities.store import Folder
from rencheng.domain.city import Terrain
from rencheng.domain.errors import ConflictError, InvalidInputError
from rencheng.domain.finding import DataFinding, Severity
from rencheng.domain.observation import UNITS, Datastream, Quantity
from rencheng.domain.provenance import Layer, Origin, Text

LAYERS = ("roads", "people", "buildings")
TABLES = {"roads": streets, "people": people, "buildings": buildings}
RECIPE = """
schema = "rencheng.city-recipe/2"
id = "own"
name_zh = "自己的城市"
name_en = "Own city"
timezone = "Asia/Shanghai"
[missing]
power = "generate"
dependencies = "generate"
"""


class Shelf:
    """A reader that counts what it read."""

    layers = LAYERS

    def __init__(self) -> None:
        self.read_ids: list[str] = []

    def read(self, source: Source, file: Path, job: Job) -> Given:
        if file.read_bytes().startswith(b"broken"):
            raise InvalidInputError("city.project", "broken", hint="mend")
        self.read_ids.append(source.id)
        job.go_on(0.5)
        layer = Layer(
            name=source.id, origin=Origin.OBSERVED, source=file.name, licence="CC0", version="1",
            count=1, coverage=0.0, as_of="2024-05-01", crs="EPSG:4490",
        )  # fmt: skip
        return Given(**{source.id: TABLES[source.id]()}, layers=(layer,))


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    made = Shelf()
    monkeypatch.setattr(sources, "reader_of", lambda _source: made)
    return made


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    text = RECIPE
    for layer in LAYERS:
        (folder / f"{layer}.csv").write_text(layer, encoding="utf-8")
        text += f'[[sources]]\nid = "{layer}"\nkind = "table"\npath = "{layer}.csv"\n'
    (folder / "recipe.toml").write_text(text, encoding="utf-8")
    return folder


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and one.dtype == object:
        if any(isinstance(v, shapely.Geometry) for v in one):
            return shapely.to_wkb(one).tolist() == shapely.to_wkb(other).tolist()
        return one.tolist() == other.tolist()
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(
            one, other, equal_nan=one.dtype.kind == "f"
        )
    if hasattr(one, "__dataclass_fields__") and not isinstance(
        one, Layer | Datastream | DataFinding
    ):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    return bool(one == other)


def everything() -> Given:
    stream = Datastream(
        id="s", name="s", quantity=Quantity.WATER_LEVEL, unit=UNITS[Quantity.WATER_LEVEL],
        xy=(24.9, 60.2), asset="", zone=-1, interval_s=60.0, low=-1.0, high=2.0,
        rate=float("inf"), stuck_after=0, is_vital=True, origin=Origin.OBSERVED,
    )  # fmt: skip
    finding = DataFinding(
        key="k", severity=Severity.INFO, layer="roads", text=Text("check.k", {"n": 1}), count=1,
        first=("ä",), places=((24.9, 60.2),), mend=Text("check.k.mend"),
    )  # fmt: skip
    empty = np.array([], dtype=object)
    places = RawPlaces(
        id=empty, name=empty, kind=empty, xy=np.empty((0, 2)), beds=np.empty(0),
        shelter_places=np.empty(0), has_emergency=np.empty(0, dtype=bool),
    )  # fmt: skip
    terrain = Terrain(
        z=np.array([[1.0, np.nan]], np.float32), corner=np.zeros(2), step=np.ones(2),
        crs=("EPSG:3067",),
    )  # fmt: skip
    stock = buildings(5)
    return Given(
        boundary=shapely.box(24.9, 60.1, 25.0, 60.2), roads=streets(), people=people(),
        buildings=replace(stock, areas=np.array([None, *stock.areas[1:]], dtype=object)),
        facilities=places, power=network(), terrain=terrain, sensors=(stream,),
        findings=(finding,),
    )  # fmt: skip


def test_what_a_reader_returned_comes_back_as_it_was(tmp_path: Path) -> None:
    given = everything()
    kept.keep(tmp_path, "a", given)
    again = kept.take(tmp_path, "a")
    assert again is not None
    assert same(given, again)


def test_what_is_kept_is_no_code(tmp_path: Path) -> None:
    kept.keep(tmp_path, "a", everything())
    assert {p.suffix for p in (tmp_path / kept.FOLDER / "a").iterdir()} == {".json", ".npz"}


def test_a_damaged_file_is_read_again(tmp_path: Path) -> None:
    kept.keep(tmp_path, "a", everything())
    (tmp_path / kept.FOLDER / "a" / "arrays.npz").write_bytes(b"PK\x03\x04 cut short")
    assert kept.take(tmp_path, "a") is None


def test_what_nobody_took_up_for_two_weeks_is_swept(tmp_path: Path) -> None:
    kept.keep(tmp_path, "old", Given())
    kept.keep(tmp_path, "new", Given())
    os.utime(tmp_path / kept.FOLDER / "old", (0, 0))
    kept.sweep(tmp_path)
    assert [p.name for p in (tmp_path / kept.FOLDER).iterdir()] == ["new"]


def test_a_build_that_was_stopped_goes_on_where_it_was(
    tmp_path: Path, own: Path, shelf: Shelf
) -> None:
    done = Work(is_stopped=lambda: len(shelf.read_ids) >= 3)
    with pytest.raises(ConflictError) as caught:
        read_sources(load_recipe(str(own)), tmp_path, done, 3)
    assert caught.value.key == "city.stopped"
    assert shelf.read_ids == list(LAYERS)  # stopped while the third was read: two are kept
    read_sources(load_recipe(str(own)), tmp_path, Work(), 3)
    assert shelf.read_ids == [*LAYERS, "buildings"]


def test_a_file_that_changed_is_read_again(tmp_path: Path, own: Path, shelf: Shelf) -> None:
    read_sources(load_recipe(str(own)), tmp_path, Work(), 3)
    (own / "people.csv").write_text("another census", encoding="utf-8")
    read_sources(load_recipe(str(own)), tmp_path, Work(), 3)
    assert shelf.read_ids == [*LAYERS, "people"]


def test_an_error_or_a_stop_leaves_the_city_as_it_was(
    tmp_path: Path, own: Path, shelf: Shelf
) -> None:
    served = make_city(str(own), tmp_path)
    before = sorted(p for p in (tmp_path / "cities").rglob("*"))
    (own / "buildings.csv").write_text("broken", encoding="utf-8")
    with pytest.raises(InvalidInputError):
        make_city(str(own), tmp_path)
    with pytest.raises(ConflictError):
        make_city(str(own), tmp_path, is_stopped=lambda: True)
    assert sorted(p for p in (tmp_path / "cities").rglob("*")) == before
    assert Folder(tmp_path, "own").current().version == served.version


def test_progress_names_each_source_and_step(tmp_path: Path, own: Path, shelf: Shelf) -> None:
    told: list[tuple[str, float]] = []
    make_city(str(own), tmp_path, lambda key, done, _total: told.append((key, done)))
    assert list(dict.fromkeys(key for key, _ in told)) == [
        "source:roads", "source:people", "source:buildings", "streets", "buildings", "land",
        "facilities", "networks", "parties", "layers",
    ]  # fmt: skip
    assert [done for _, done in told] == sorted(done for _, done in told)
    assert ("source:people", 1.5) in told


def test_layers_say_age_and_coordinates_of_their_source(
    tmp_path: Path, own: Path, shelf: Shelf
) -> None:
    layers = {one.name: one for one in make_city(str(own), tmp_path).layers}
    roads = layers["roads"]
    assert (roads.origin, roads.as_of, roads.crs) == (Origin.OBSERVED, "2024-05-01", "EPSG:4490")
    assert 0.9 < roads.coverage <= 1.0
    assert layers["population"].origin is Origin.DERIVED
    assert layers["power_network"].origin is Origin.SYNTHETIC
    assert layers["water_network"].origin is Origin.MISSING


def test_every_source_that_cannot_be_read_is_named_at_once(tmp_path: Path, own: Path) -> None:
    text = (own / "recipe.toml").read_text(encoding="utf-8")
    text = text.replace("roads.csv", "nowhere.csv").replace("people.csv", "lost.csv")
    (own / "recipe.toml").write_text(text, encoding="utf-8")
    _, lack = check_sources(load_recipe(str(own)), tmp_path)
    assert lack is not None
    assert [fault.where for fault in lack.faults] == ["sources[0].path", "sources[1].path"]


def test_only_the_layers_asked_of_a_source_are_taken() -> None:
    given = sources.only(everything(), ("roads",))
    assert given.roads is not None
    assert given.people is None
    assert given.findings


def test_a_city_without_streets_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="street"):
        make(Given(people=people(), boundary=shapely.box(24.9, 60.1, 25.0, 60.2)))


def test_nowhere_is_no_city() -> None:
    with pytest.raises(InvalidInputError, match="where"):
        make(Given(people=people()))
    assert recipe(bbox=(24.9, 60.1, 25.0, 60.2)).bbox is not None
