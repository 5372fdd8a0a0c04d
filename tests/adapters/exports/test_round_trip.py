"""What is exported can be read as the source of another city, and is the same there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from rencheng.adapters.cities.given import Given
from rencheng.adapters.cities.readers import Job, Source
from rencheng.adapters.exports.writing import write_city
from rencheng.domain.city import City
from tiny_city import shapes

pytest.importorskip("pyogrio")


@pytest.fixture(params=["gpkg", "geoparquet", "geojson"])
def given(request: pytest.FixtureRequest, tiny_city: City, tmp_path: Path) -> Given:
    """Return what the reader of vector files says of an exported city, its layers together."""
    from rencheng.adapters.cities.given import merge
    from rencheng.adapters.cities.readers import reader_of

    form = request.param
    place = write_city(tiny_city, tmp_path / ("c.gpkg" if form == "gpkg" else "c"), form)
    parts = []
    for layer in ("zones", "buildings", "roads", "facilities", "stops"):
        ending = {"geoparquet": "parquet"}.get(form, form)
        file = place if form == "gpkg" else place / f"{layer}.{ending}"
        source = Source(
            id=layer,
            kind="vector",
            layers=(layer,),
            columns={"structure": "curve"} if layer == "buildings" else {},
            options={"layer": layer} if form == "gpkg" else {},
        )
        parts.append(reader_of(source).read(source, file, Job()))
    return merge(parts)


def test_buildings_come_back(given: Given, tiny_city: City) -> None:
    table, raw = tiny_city.buildings, given.buildings
    assert raw is not None
    assert raw.id.tolist() == table.id.tolist()
    assert raw.xy == pytest.approx(table.xy, abs=1e-7)
    assert raw.use.tolist() == [table.uses[i] for i in table.use]
    assert raw.structure.tolist() == [table.curves[i] for i in table.curve]
    assert raw.storeys.tolist() == table.storeys.tolist()
    assert raw.dwellings.tolist() == table.dwellings.tolist()
    assert raw.floor_area_m2 == pytest.approx(table.floor_area_m2)
    assert np.isnan(raw.height_m).all()


def test_zones_come_back(given: Given, tiny_city: City) -> None:
    table, raw = tiny_city.zones, given.zones
    assert raw is not None
    assert raw.id.tolist() == table.id.tolist()
    assert raw.name.tolist() == list(table.name)
    assert raw.population.tolist() == table.population.tolist()
    rings = [table.shapes.xy[a:b] for a, b in zip(table.shapes.part, table.shapes.part[1:])]  # noqa: B905
    for area, ring in zip(raw.areas, rings, strict=True):
        assert area.equals(shapely.Polygon(np.round(ring, 7)))


def test_places_stops_and_streets_come_back(given: Given, tiny_city: City) -> None:
    assert given.facilities is not None and given.stops is not None and given.roads is not None
    assert given.facilities.id.tolist() == list(tiny_city.facilities.id)
    assert given.facilities.kind.tolist() == list(tiny_city.facilities.kind)
    assert given.stops.departures.tolist() == tiny_city.stops.departures.tolist()
    assert len(given.roads.start) == tiny_city.roads.id.size
    assert sorted(set(given.roads.kind)) == sorted(tiny_city.roads.kinds)


def test_unknown_departures_come_back_as_unknown(tiny_city: City, tmp_path: Path) -> None:
    from rencheng.adapters.cities.readers import reader_of

    stops = replace(tiny_city.stops, departures=np.array([-1, 20], dtype=np.int32))
    file = write_city(replace(tiny_city, stops=stops), tmp_path / "c.gpkg", "gpkg", ("stops",))
    source = Source(id="s", kind="vector", layers=("stops",), options={"layer": "stops"})
    told = reader_of(source).read(source, file, Job())
    assert told.stops is not None and told.stops.departures.tolist() == [-1, 20]
    assert [(one.key, one.count) for one in told.findings] == [("departures_unknown", 1)]


def test_footprints_come_back(tiny_city: City, tmp_path: Path) -> None:
    from rencheng.adapters.cities.readers import reader_of

    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * 4e-5
    feet = shapes([[tuple(p) for p in xy + corners] for xy in tiny_city.buildings.xy])
    city = replace(tiny_city, buildings=replace(tiny_city.buildings, shapes=feet))
    file = write_city(city, tmp_path / "c.gpkg", "gpkg", ["buildings"])
    options = {"layer": "buildings"}
    source = Source(id="b", kind="vector", layers=("buildings",), options=options)
    raw = reader_of(source).read(source, file, Job()).buildings
    assert raw is not None
    assert raw.id.tolist() == city.buildings.id.tolist()
    assert shapely.area(raw.areas) == pytest.approx(np.full(60, (8e-5) ** 2), rel=0.01)
