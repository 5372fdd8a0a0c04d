"""Encoder against its twin, against another's decoder, and against shapely's clipping."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from rencheng.adapters.tiles import PLANS, CityTiles, twin, wire
from rencheng.adapters.tiles.city import window
from rencheng.adapters.tiles.drawing import (
    EXTENT,
    LINE,
    POINT,
    POLYGON,
    WORLD_BITS,
    Column,
    Drawing,
    Source,
    Window,
    make_drawing,
    to_lonlat,
    to_world,
)
from rencheng.domain.city import City, Shapes

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its generated code is older than the library below it
    import mapbox_vector_tile

ZOOM, X, Y = 14, 5000, 9000
SIZE = 1 << (WORLD_BITS - ZOOM)
BOX = shapely.box(-64, -64, EXTENT + 64, EXTENT + 64)
coordinate = st.integers(-900, EXTENT + 900)
place = st.tuples(coordinate, coordinate)


def encode(d: Drawing, w: Window) -> tuple[bytes, int, int]:
    from rencheng.adapters.tiles.kernel import encode as compiled

    body, drawn, left = compiled(d, w)
    return body.tobytes(), drawn, left


def shapes(rows: list[list[list[tuple[float, float]]]]) -> Shapes:
    """Return shapes whose vertices are tile units of the tile under test."""
    parts = [part for row in rows for part in row]
    units = np.array([p for part in parts for p in part], dtype=np.float64).reshape(-1, 2)
    # The middle of a world unit, so that projecting back and forth cannot change it.
    world = units * (SIZE / EXTENT) + np.array([X, Y]) * SIZE + 0.5
    return Shapes(
        xy=to_lonlat(world),
        part=np.cumsum([0] + [len(p) for p in parts]).astype(np.int32),
        shape=np.cumsum([0] + [len(r) for r in rows]).astype(np.int32),
    )


def drawing(kind: int, rows: list[list[list[tuple[float, float]]]]) -> Drawing:
    return make_drawing(
        Source(
            kind=kind,
            xy=None,
            shapes=shapes(rows),
            columns=[
                Column(
                    key="n",
                    code=np.arange(len(rows), dtype=np.int32) % 3 - 1,
                    values=(wire.value("a"), wire.value(7)),
                )
            ],
            least=np.zeros(len(rows), dtype=np.uint8),
        )
    )


def view(tolerance: int = 1, least: float = 0.0) -> Window:
    return window("zones", ZOOM, X, Y)._replace(tolerance=tolerance, least=least)


def decoded(body: bytes) -> list[dict[str, Any]]:
    data = wire.layer("t", ("n",), body)
    tile = mapbox_vector_tile.decode(data, default_options={"y_coord_down": True})
    return tile["t"]["features"]


def shape_of(feature: dict[str, Any]) -> shapely.Geometry:
    return shapely.geometry.shape(feature["geometry"])


def star(middle: tuple[int, int], radii: list[int]) -> list[tuple[float, float]]:
    """Return a ring about a middle that never crosses itself."""
    angle = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    ring = [
        (round(middle[0] + r * np.cos(a)), round(middle[1] + r * np.sin(a)))
        for r, a in zip(radii, angle, strict=True)
    ]
    return [*ring, ring[0]]


stars = st.builds(star, place, st.lists(st.integers(3, 3000), min_size=3, max_size=12))
lines = st.lists(place, min_size=2, max_size=8)


@given(st.lists(stars, min_size=1, max_size=4), st.integers(1, 40), st.sampled_from([0.0, 5000.0]))
@settings(max_examples=60)
def test_polygons_have_the_bytes_of_the_twin(rings: Any, tolerance: int, least: float) -> None:
    d, w = drawing(POLYGON, [[ring] for ring in rings]), view(tolerance, least)
    assert encode(d, w) == twin.encode(d, w)


@given(st.lists(lines, min_size=1, max_size=4), st.integers(1, 40))
@settings(max_examples=60)
def test_lines_have_the_bytes_of_the_twin(rows: Any, tolerance: int) -> None:
    d, w = drawing(LINE, [[row] for row in rows]), view(tolerance)
    assert encode(d, w) == twin.encode(d, w)


@given(stars)
@settings(max_examples=100)
def test_a_polygon_is_what_shapely_cuts_within_a_unit(ring: Any) -> None:
    whole = shapely.Polygon(ring)
    expected = shapely.intersection(shapely.make_valid(whole), BOX)
    body, drawn, _ = encode(drawing(POLYGON, [[ring]]), view())
    if drawn == 0:
        assert expected.area < 2 * max(expected.length, 1.0)
        return
    found = shapely.make_valid(shape_of(decoded(body)[0]))
    # Every boundary moves by less than a unit.
    assert shapely.symmetric_difference(found, expected).area <= found.length + expected.length + 4
    assert BOX.buffer(0.5).covers(found)


@given(lines)
@settings(max_examples=100)
def test_a_line_is_what_shapely_cuts_within_a_unit(line: Any) -> None:
    expected = shapely.intersection(shapely.LineString(line), BOX)
    body, drawn, _ = encode(drawing(LINE, [[line]]), view())
    if drawn == 0:
        assert expected.length <= 2.0
        return
    found = shape_of(decoded(body)[0])
    assert expected.buffer(1.0).covers(found)
    # A piece shorter than a unit or two, or a mere touch, may vanish.
    pieces = [one for one in getattr(expected, "geoms", [expected]) if one.length > 2.0]
    assert all(found.buffer(1.5).covers(piece) for piece in pieces)


@given(st.lists(stars, min_size=1, max_size=3))
@settings(max_examples=60)
def test_rings_obey_the_specification(rings: Any) -> None:
    body, _, _ = encode(drawing(POLYGON, [[ring] for ring in rings]), view(2))
    for feature in decoded(body) if body else []:
        shape = shape_of(feature)
        for polygon in getattr(shape, "geoms", [shape]):
            ring = list(polygon.exterior.coords)
            assert ring[0] == ring[-1]
            assert len(ring) >= 4
            assert all(a != b for a, b in zip(ring[:-1], ring[1:], strict=True))
            # The specification asks for a positive area by the surveyor's formula. Shapely's own
            # `is_ccw` looks at the highest corner alone, which a clipped spike can turn round.
            x, y = np.array(ring).T
            assert (x[:-1] * y[1:] - x[1:] * y[:-1]).sum() > 0


@pytest.mark.parametrize("is_reversed", [False, True])
def test_a_hole_stays_a_hole_whichever_way_the_source_winds(is_reversed: bool) -> None:
    shell = [(100, 100), (900, 100), (900, 900), (100, 900), (100, 100)]
    hole = [(300, 300), (300, 500), (500, 500), (500, 300), (300, 300)]
    island = [(1000, 100), (1200, 100), (1200, 300), (1000, 300), (1000, 100)]
    rings = [ring[::-1] if is_reversed else ring for ring in (shell, hole, island)]
    d = drawing(POLYGON, [rings])
    body, _, _ = encode(d, view())
    assert shape_of(decoded(body)[0]).area == 800 * 800 - 200 * 200 + 200 * 200
    assert body == twin.encode(d, view())[0]


def test_a_hole_larger_than_the_tile_leaves_nothing() -> None:
    ring = [(-9000, -9000), (15000, -9000), (15000, 15000), (-9000, 15000), (-9000, -9000)]
    hole = [(-5000, -5000), (-5000, 9000), (9000, 9000), (9000, -5000), (-5000, -5000)]
    body, drawn, _ = encode(drawing(POLYGON, [[ring, hole]]), view())
    found = shape_of(decoded(body)[0]) if drawn else shapely.Polygon()
    assert found.area == 0


def test_simplifying_moves_a_line_by_less_than_the_tolerance() -> None:
    rng = np.random.default_rng(1)
    line = [(float(x), float(y)) for x, y in np.cumsum(rng.integers(0, 4, (400, 2)), axis=0)]
    body, _, _ = encode(drawing(LINE, [[line]]), view(8))
    found = shape_of(decoded(body)[0])
    assert len(found.coords) < 250
    assert found.hausdorff_distance(shapely.LineString(line)) <= 8 * 2**0.5
    assert (found.coords[0], found.coords[-1]) == (line[0], line[-1])


def test_what_meets_no_tile_is_in_none_and_the_tree_finds_all_that_does() -> None:
    rng = np.random.default_rng(2)
    corner = rng.integers(-20_000, 20_000, (3000, 2))
    rows = [[[(x, y), (x + 50, y), (x + 50, y + 50), (x, y + 50), (x, y)]] for x, y in corner]
    body, drawn, _ = encode(drawing(POLYGON, rows), view())
    meets = ((corner > -114) & (corner < EXTENT + 64)).all(axis=1)
    assert drawn == meets.sum()
    assert {f["id"] for f in decoded(body)} == set(np.flatnonzero(meets).tolist())


def test_a_point_is_in_exactly_one_tile() -> None:
    rng = np.random.default_rng(3)
    world = rng.integers(0, 4 * SIZE, (200, 2)) + np.array([X, Y]) * SIZE
    source = Source(
        kind=POINT,
        xy=to_lonlat(world + 0.5),
        shapes=None,
        columns=(),
        least=np.zeros(200, dtype=np.uint8),
    )
    d = make_drawing(source)
    tiles = [window("stops", ZOOM, X + i, Y + j) for i in range(4) for j in range(4)]
    found = [f["id"] for w in tiles for f in decoded(encode(d, w)[0])]
    assert sorted(found) == list(range(200))
    assert all(encode(d, w) == twin.encode(d, w) for w in tiles[:3])


@pytest.mark.parametrize("layer", sorted(PLANS))
def test_every_layer_of_a_city_has_each_row_once_with_its_properties(
    layer: str, tiny_city: City
) -> None:
    tiles = CityTiles(tiny_city)
    seen: dict[int, dict[str, Any]] = {}
    zoom = PLANS[layer].most_zoom
    west, south, east, north = tiny_city.bbox
    low, high = to_world(np.array([[west, north], [east, south]])) >> (WORLD_BITS - zoom)
    for x in range(low[0], high[0] + 1):
        for y in range(low[1], high[1] + 1):
            body = tiles.tile(layer, zoom, x, y).body
            if body:
                features = mapbox_vector_tile.decode(body)[layer]["features"]
                seen |= {f["id"]: f["properties"] for f in features}
    table = {"zones": tiny_city.zones, "grid": tiny_city.grid, "stops": tiny_city.stops}.get(layer)
    count = len((table or getattr(tiny_city, layer)).id)
    assert sorted(seen) == list(range(count))
    expected = {
        "zones": {"zone": 101, "name": "Zone 101"},
        "grid": {"cell": "T-00-00"},
        "buildings": {"height_m": 3.0, "storeys": 1, "use": "RES1", "footprint": False},
        "roads": {"kind": "residential", "name": "Street 0"},
        "mains": {"sector": "power"},
        "facilities": {"facility": "H-1", "kind": "hospital", "name": "hospital H-1"},
        "lifelines": {"lifeline": "GEN-1", "kind": "generation", "sector": "power"},
        "stops": {"stop": "B-1", "name": "First", "departures": 20},
    }
    assert seen[0] == expected[layer]


def test_departures_that_nobody_knows_are_left_away(tiny_city: City) -> None:
    stops = replace(tiny_city.stops, departures=np.array([-1, 20], dtype=np.int32))
    source = PLANS["stops"].source(replace(tiny_city, stops=stops))
    column = next(one for one in source.columns if one.key == "departures")
    assert column.code[0] == -1
    assert column.values[column.code[1]] == wire.value(20)


def test_an_observed_height_goes_before_storeys_and_says_so(tiny_city: City) -> None:
    height = tiny_city.buildings.height_m.copy()
    height[0] = 7.25
    city = replace(tiny_city, buildings=replace(tiny_city.buildings, height_m=height))
    source = PLANS["buildings"].source(city)
    d = make_drawing(source)
    said = {c.key: c.values[c.code[0]] for c in source.columns if c.code[0] >= 0}
    assert said["height_m"] == wire.value(7.2)
    assert said["height_observed"] == wire.value(True)
    assert len(d.row) == 60


def test_a_row_without_a_finite_place_is_left_out() -> None:
    xy = np.array([[0.0, 0.0], [np.nan, 1.0], [1.0, 1.0]])
    source = Source(kind=POINT, xy=xy, shapes=None, columns=(), least=np.zeros(3, dtype=np.uint8))
    assert sorted(make_drawing(source).row.tolist()) == [0, 2]


def test_world_units_go_there_and_back() -> None:
    lonlat = np.array([[-71.25, -29.9], [103.8, 30.5], [179.9, -80.0], [0.0, 0.0]])
    assert np.abs(to_lonlat(to_world(lonlat) + 0.5) - lonlat).max() < 4e-7
