"""Areas and lines: every part meets its own cell, and nothing is lost or counted twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box
from shapely.geometry import GeometryCollection, LineString, MultiLineString, Point, Polygon

from raster_kit import save
from rencheng import risk
from rencheng.adapters.risk.assets.covering import cover
from rencheng.adapters.risk.assets.shapes import ShapeTable, read_shapes
from rencheng.adapters.risk.events.files import open_events
from rencheng.adapters.risk.events.grids import GridEvents
from rencheng.domain.errors import InvalidInputError
from risk_kit import ramp

LINE = ramp([0.0, 1.0], [0.0, 1.0], id="line")
WATER = {"measure": "water_depth", "unit": "m"}
DEPTHS = np.array([[0.1, 0.2], [0.3, 0.4]], np.float32)
"""Cells of 0.001° whose upper left corner is 13° E, 53° N."""


@pytest.fixture
def flood(tmp_path: Path) -> risk.EventSet:
    folder = tmp_path / "flood"
    folder.mkdir()
    save(folder / "e.tif", DEPTHS)
    return open_events(folder, **WATER)


def shapes(*geometry: Any) -> np.ndarray:
    found = np.empty(len(geometry), dtype=object)
    found[:] = geometry
    return found


def run(events: risk.EventSet, *geometry: Any, **other: Any) -> risk.EventImpact:
    many = len(geometry)
    table = {
        "id": [f"a{i}" for i in range(many)], "value": [100.0] * many,
        "geometry": shapes(*geometry),
    }  # fmt: skip
    step_m = other.pop("step_m", 50.0)
    return risk.run(
        ShapeTable(columns=table, step_m=step_m), events, {"line": LINE}, currency="EUR",
        year=2020, **other,
    )  # fmt: skip


def test_an_area_that_is_a_cell_loses_what_a_point_in_it_does(flood: risk.EventSet) -> None:
    cell = box(13.001, 52.999, 13.002, 53.0)
    result = run(flood, cell)
    place = {"id": ["p"], "lon": [13.0015], "lat": [52.9995], "value": [100.0]}
    point = risk.run(place, flood, [LINE], currency="EUR", year=2020)
    assert result.loss == pytest.approx(point.loss, rel=1e-12)
    assert result.loss == pytest.approx([20.0], rel=1e-6)


def test_an_area_meets_each_cell_with_its_share_and_not_its_middle(flood: risk.EventSet) -> None:
    result = run(flood, box(13.0005, 52.998, 13.002, 53.0), with_matrix=True)
    assert result.loss == pytest.approx([100 * (0.1 / 6 + 0.2 / 3 + 0.3 / 6 + 0.4 / 3)], rel=1e-4)
    assert result.matrix is not None
    assert result.matrix.asset.tolist() == [0]
    assert result.matrix.loss[0] == pytest.approx(result.loss[0])


def test_the_share_outside_is_said_and_loses_nothing(flood: risk.EventSet) -> None:
    result = run(flood, box(13.0, 52.998, 13.004, 53.0), box(14.0, 53.0, 14.1, 53.1), None)
    assert result.loss == pytest.approx([100 * 0.5 * 0.25], rel=1e-4)
    said = {f.key.removeprefix("risk."): (f.count, f.first) for f in result.faults}
    assert said["partly"] == (1, ("a0 (50.0%)",))
    assert said["outside"] == (1, ("a1",))
    assert said["place"] == (1, ("a2",))
    assert [int(n) for n in result.standing] == [0, 1, 3]


def test_a_road_meets_the_cells_along_it(flood: risk.EventSet) -> None:
    road = LineString([(13.0, 52.9995), (13.002, 52.9995)])
    assert run(flood, road, step_m=0.1).loss == pytest.approx([15.0], rel=1e-3)
    two = [[(13.0005, 53.0), (13.0005, 52.999)], [(13.0015, 53.0), (13.0015, 52.999)]]
    bend = GeometryCollection([MultiLineString(two)])
    assert run(flood, bend, step_m=5.0).loss == pytest.approx([15.0], rel=1e-3)
    short = LineString([(13.0005, 52.9995), (13.0005, 52.9995)])
    assert run(flood, short).loss == pytest.approx([10.0], rel=1e-6)


def test_an_unknown_cell_leaves_the_asset_unknown_and_the_rest_known(tmp_path: Path) -> None:
    save(tmp_path / "e.tif", np.array([[0.1, -9.0]], np.float32), nodata=-9.0)
    result = run(open_events(tmp_path, **WATER), box(13.0, 52.999, 13.002, 53.0))
    assert np.isnan(result.loss[0])
    assert result.known_loss == pytest.approx([5.0], rel=1e-6)


def test_over_points_an_area_takes_those_nearest_to_its_squares() -> None:
    table = {"event": ["e"] * 2, "lon": [10.0, 10.01], "lat": [50.0] * 2, "intensity": [0.2, 0.6]}
    wet = risk.event_table(table, **WATER, reach_m=2000)
    result = run(wet, box(10.0, 49.999, 10.01, 50.001), Point(10.001, 50.0), step_m=10.0)
    assert result.known_loss == pytest.approx([40.0 + 20.0], rel=1e-2)
    tiny = run(wet, box(10.0, 50.0, 10.00001, 50.00001), step_m=1000.0)
    assert tiny.loss == pytest.approx([20.0])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_shares_and_what_is_outside_sum_to_one(seed: int, is_projected: bool) -> None:
    rng = np.random.default_rng(seed)
    corner = (377_000.0, 5_874_000.0) if is_projected else (13.0, 53.0)
    step = 30.0 if is_projected else 0.0005
    around = np.array([13.17, 53.0]) if is_projected else np.array([13.002, 52.998])
    given_shapes = []
    for _ in range(4):
        places = around + rng.normal(0, 0.002, (3, 2))
        given_shapes += [Polygon(places), LineString(places), Point(places[0])]
    grid = GridEvents(
        layers=Flat(corner, step, "EPSG:32633" if is_projected else "EPSG:4326"), source="",
        measure="water_depth", unit="m",
    )  # fmt: skip
    source, parts = cover(shapes(*given_shapes), grid, 20.0)
    total = np.bincount(parts.asset, parts.share, len(given_shapes)) + parts.outside
    np.testing.assert_allclose(total, 1.0, rtol=1e-9)
    assert (np.diff(parts.asset) >= 0).all()
    assert parts.point.max(initial=-1) < len(source.head.place)


class Flat:
    """Cells of one event that are all 1."""

    names, rate, block = ("e",), np.array([0.1]), (1, 8)

    def __init__(self, corner: tuple[float, float], step: float, crs: str) -> None:
        from rencheng.adapters.risk.events.grids import Frame

        self.frame = Frame(
            crs=crs, x=corner[0] + step * np.arange(9), y=corner[1] - step * np.arange(9)
        )

    def open(self, event: int) -> Any:
        from contextlib import nullcontext

        return nullcontext(lambda top, left, rows, columns: np.ones((rows, columns)))


def test_a_large_area_counts_cells_by_their_ground_and_not_their_degrees() -> None:
    grid = GridEvents(
        layers=Flat((0.0, 80.0), 10.0, "EPSG:4326"), source="", measure="water_depth", unit="m"
    )
    _, parts = cover(shapes(box(0, 0, 80, 80)), grid, 50.0)
    rows = parts.share.reshape(8, 8).sum(axis=1)
    edges = np.sin(np.radians(np.arange(80, -1, -10)))
    np.testing.assert_allclose(rows, -np.diff(edges) / edges[0], rtol=1e-12)


def test_roads_of_a_file_are_read_with_their_columns(tmp_path: Path, flood: Any) -> None:
    text = (
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": '
        '{"id": "r1", "value": 100, "curve": "line"}, "geometry": {"type": "LineString", '
        '"coordinates": [[13.0, 52.9995], [13.002, 52.9995]]}}]}'
    )
    (tmp_path / "roads.geojson").write_text(text)
    table = risk.asset_file(tmp_path / "roads.geojson")
    result = risk.run(table, flood, [LINE], currency="EUR", year=2020)
    assert result.loss == pytest.approx([15.0], rel=0.3)
    assert result.versions["step_m"] == "50"
    finer = read_shapes(tmp_path / "roads.geojson", step_m=1.0)
    assert risk.run(finer, flood, [LINE], currency="EUR", year=2020).loss == pytest.approx(
        [15], rel=0.01
    )


def test_outlines_that_cross_themselves_are_mended_and_said(flood: risk.EventSet) -> None:
    bow = Polygon([(13.0, 52.999), (13.001, 53.0), (13.001, 52.999), (13.0, 53.0)])
    result = run(flood, bow)
    assert [f.key for f in result.faults] == ["risk.mended"]
    assert result.loss == pytest.approx([10.0], rel=1e-6)
    with pytest.raises(InvalidInputError, match="not above zero"):
        run(flood, bow, step_m=0.0)


def test_text_in_place_of_a_shape_is_refused() -> None:
    flood = risk.event_table(
        {"event": ["e"], "rate": [0.1], "lon": [0.0], "lat": [0.0], "intensity": [1.0]},
        measure="water_depth", unit="m", reach_m=100,
    )  # fmt: skip
    house = risk.curve("jrc.asia.residential")
    table = {"id": ["a"], "geometry": ["POINT (0 0)"], "value": [1.0]}
    with pytest.raises(InvalidInputError) as error:
        risk.run(table, flood, [house], currency="CNY", year=2024)
    assert [one.key for one in error.value.faults] == ["risk.geometry"]
