"""What a build says of a city is so: nothing is lost unsaid, no label better than its data."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from any_city import SOUTH, STEP, WEST, buildings, make, names, network, people, streets
from rencheng.adapters.cities import kept
from rencheng.adapters.cities.build import Built
from rencheng.adapters.cities.check import check_city
from rencheng.adapters.cities.given import Given, RawNeeds, RawPlaces, RawZones, merge
from rencheng.adapters.cities.readers import Job, Source, reader_of
from rencheng.adapters.cities.recipe import load_recipe
from rencheng.adapters.cities.sources import Work, read_sources
from rencheng.domain.city import Terrain
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.provenance import Layer, Origin


def places(x: float = WEST + STEP) -> Given:
    """Return hospitals numbered from 1, as every table of its own numbers them."""
    unknown = np.full(2, np.nan)
    return Given(
        facilities=RawPlaces(
            id=names("1", "2"), name=names("a", "b"), kind=names("hospital", "hospital"),
            xy=np.array([[x, SOUTH + STEP], [x, SOUTH + 2 * STEP]]), beds=unknown,
            shelter_places=unknown, has_emergency=np.zeros(2, dtype=bool),
        )
    )  # fmt: skip


def layer(built: Built, name: str) -> Layer:
    return next(one for one in built.city.layers if one.name == name)


def test_zones_and_streets_in_different_places_are_refused() -> None:
    away = shapely.box(0.0001, 0.0002, 0.01, 0.01)
    zones = RawZones(
        id=np.array([1]), code=names("a"), name=names("a"), population=np.array([10.0]),
        age=np.full((3, 1), np.nan), areas=np.array([away]),
    )  # fmt: skip
    with pytest.raises(InvalidInputError) as caught:
        make(Given(roads=streets(), zones=zones))
    assert caught.value.key == "city.elsewhere"
    assert caught.value.params["n"] == len(streets().start)


def test_two_tables_that_both_count_from_one_lose_nothing() -> None:
    built = make(merge([Given(roads=streets(), people=people()), places(), places()]))
    assert built.city.facilities.id == ("1", "2", "1-2", "2-2")
    (said,) = [one for one in built.findings if one.key == "facilities_same_id"]
    assert (said.count, said.first) == (2, ("1", "2"))


def test_facilities_outside_the_zones_are_named() -> None:
    built = make(merge([Given(roads=streets(), people=people()), places(WEST - 3.0)]))
    (said,) = [one for one in built.findings if one.key == "facilities_outside"]
    assert (said.count, said.first, len(said.places)) == (2, ("1", "2"), 2)


@pytest.mark.parametrize(
    ("generate", "origin"), [((), "observed"), (("dependencies",), "synthetic")]
)
def test_dependencies_of_a_source_are_a_layer_of_the_city(generate, origin) -> None:
    hours = np.array([0.0])
    needs = RawNeeds(
        node=names("1"), service=names("power"), group=np.array([1]), supplier=names("p2"),
        backup_low_h=hours, backup_high_h=hours,
    )  # fmt: skip
    said = Layer(
        name="dependencies", origin=Origin.OBSERVED, source="who needs whom", licence="",
        version="1", count=1, coverage=0.0,
    )  # fmt: skip
    given = Given(
        roads=streets(), people=people(), power=network(), dependencies=needs, layers=(said,)
    )
    built = make(merge([given, places()]), generate)
    assert layer(built, "dependencies").origin.value == origin
    assert layer(built, "dependencies").source == "who needs whom"
    assert layer(built, "dependencies").coverage == float(bool(generate))


def test_terrain_covers_the_zones_whose_height_it_knows() -> None:
    half = Terrain(
        z=np.ones((40, 20), np.float32), corner=np.array([WEST, SOUTH + 8 * STEP]),
        step=np.array([STEP * 7 / 40, STEP / 5]), crs=("EPSG:4326",),
    )  # fmt: skip
    said = Layer(
        name="terrain", origin=Origin.OBSERVED, source="dem", licence="", version="1", count=1,
        coverage=0.0,
    )  # fmt: skip
    built = make(Given(roads=streets(), people=people(), terrain=half, layers=(said,)))
    bare = next(one for one in check_city(built.city) if one.key == "zones_no_height")
    share = 1.0 - bare.count / built.city.zones.id.size
    assert 0.0 < share < 1.0
    assert layer(built, "terrain").coverage == pytest.approx(share, abs=0.15)


def test_without_buildings_nothing_is_said_of_their_outlines() -> None:
    assert "building_footprints" not in {
        one.name for one in make(Given(roads=streets())).city.layers
    }


def test_what_rests_on_estimated_residents_or_drawn_types_is_no_observation() -> None:
    built = make(Given(roads=streets(), buildings=buildings()), ("population",))
    assert layer(built, "occupants").origin is Origin.SYNTHETIC
    assert layer(built, "building_types").origin is Origin.SYNTHETIC


def test_a_hall_of_which_only_the_outline_is_known_houses_nobody_to_speak_of() -> None:
    raw = buildings(400)
    unknown = np.full(400, np.nan, dtype=np.float32)
    x, y = raw.xy.T
    hall = shapely.box(x - 0.0007, y - 0.0003, x + 0.0007, y + 0.0003)
    raw = replace(raw, areas=hall, use=names(*("yes" for _ in x)), storeys=unknown)
    built = make(Given(roads=streets(), buildings=raw), ("population",))
    stock = built.city.buildings
    home = np.array([use.startswith("RES") for use in stock.uses])[stock.use]
    assert 0.05 < home.mean() < 0.25
    # Two and a half people in a dwelling, eight in a hundred of them vacant.
    assert built.city.zones.population.sum() == pytest.approx(
        2.5 * 0.92 * stock.dwellings.sum(dtype=int), rel=0.01
    )


def test_one_text_among_numbers_costs_one_value_and_not_the_column(tmp_path: Path) -> None:
    square = shapely.box(24.9, 60.1, 25.0, 60.2)
    features = [
        {"type": "Feature", "properties": {"id": k, "population": value},
         "geometry": json.loads(shapely.to_geojson(shapely.affinity.translate(square, k)))}
        for k, value in enumerate((1000, "many", -5, 400), start=1)
    ]  # fmt: skip
    file = tmp_path / "zones.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    source = Source(id="z", kind="vector", path=file.name, layers=("zones",))
    given = reader_of(source).read(source, file, Job())
    assert given.zones is not None
    assert np.nan_to_num(given.zones.population, nan=-1.0).tolist() == [1000.0, -1.0, -1.0, 400.0]
    first = {one.key: one.first for one in given.findings}
    assert first == {"value_no_number": ("2: many",), "value_negative": ("3: -5",)}


def test_ten_gigabytes_are_not_hashed_before_they_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "huge.csv"
    with file.open("wb") as stream:
        stream.truncate(10 << 30)
    source = Source(id="a", kind="table", path=file.name)
    began = time.monotonic()
    first = kept.fingerprint(source, file, None)
    with file.open("r+b") as stream:
        stream.write(b"id,lon,lat")
    assert kept.fingerprint(source, file, None) != first
    assert time.monotonic() - began < 2.0


def test_the_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.osm.pbf").write_bytes(b"" if name == "a" else b"nothing of the kind")
    sources = tuple(
        Source(id=name, kind="osm_pbf", path=f"{name}.osm.pbf", layers=("roads",))
        for name in ("a", "b", "c", "nobody")
    )
    recipe = replace(load_recipe("helsinki"), folder=str(tmp_path), sources=sources, packages=())
    with pytest.raises(InvalidInputError) as caught:
        read_sources(recipe, tmp_path / "state", Work(), 4)
    assert [one.where for one in caught.value.faults] == ["recipe · sources[3].path", "a", "b", "c"]
    assert isinstance(caught.value.__cause__, ExceptionGroup)


def test_a_layer_of_several_sources_says_which_came_in_which_system() -> None:
    def said(source: str, crs: str) -> Given:
        plain = places()
        one = Layer(
            name="facilities", origin=Origin.OBSERVED, source=source, licence="", version=source,
            count=2, coverage=0.0, crs=crs,
        )  # fmt: skip
        return replace(plain, layers=(one,))

    whole = Given(roads=streets(), people=people())
    same = make(merge([whole, said("a.csv", "GCJ-02"), said("b.csv", "GCJ-02")]))
    assert layer(same, "facilities").crs == "GCJ-02"
    mixed = make(merge([whole, said("a.csv", "GCJ-02"), said("b.csv", "")]))
    assert layer(mixed, "facilities").crs == "a.csv: GCJ-02; b.csv: lon, lat"
