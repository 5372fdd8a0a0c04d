"""People of areas and lines: as at points where an area is a cell; none lost or counted twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box
from shapely.geometry import LineString

from people_kit import crowd
from raster_kit import save
from rencheng import risk
from rencheng.adapters.risk.events.files import open_events
from rencheng.domain.risk import Portfolio, Standing
from rencheng.domain.risk_parts import Parts
from rencheng.model.risk.people.pieces import in_pieces
from risk_kit import assets as folio
from risk_kit import fragility

NIGHT = risk.Circumstances(hour=2.0, is_weekend=False, country="CN")
FRAME = fragility([0.2, 0.4, 0.8, 1.2], [0.6] * 4, id="STR.C1M.x")
CELLS = [(13.0005, 52.9995), (13.0015, 52.9995), (13.0005, 52.9985), (13.0015, 52.9985)]
"""Middles of the cells of 0.001° of the events."""
WHOLE = box(13.0, 52.998, 13.002, 53.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "events"
    made.mkdir()
    (made / "rates.csv").write_text("event,rate\none,0.1\ntwo,0.01\n", encoding="utf-8")
    return made


def events(folder: Path, one: Any, two: Any, measure: str, unit: str) -> risk.EventSet:
    for name, cells in (("one", one), ("two", two)):
        save(folder / f"{name}.tif", np.array(cells, np.float32))
    return open_events(folder, measure=measure, unit=unit)


def people_at(*geometry: Any, **columns: Any) -> dict[str, Any]:
    found = np.empty(len(geometry), dtype=object)
    found[:] = geometry
    many = len(geometry)
    return {
        "id": [f"a{i}" for i in range(many)], "use": ["RES3"] * many, "geometry": found,
        "residents": [100.0 * (i + 1) for i in range(many)], **columns,
    }  # fmt: skip


def same(one: risk.PeopleImpact, other: risk.PeopleImpact) -> None:
    assert one.counts == other.counts
    assert one.present == pytest.approx(other.present)
    assert [e.model for e in one.estimates] == [e.model for e in other.estimates]
    for a, b in zip(one.estimates, other.estimates, strict=True):
        for name in ("low", "central", "high", "group", "yearly", "unknown", "unknown_people"):
            np.testing.assert_allclose(
                getattr(a, name), getattr(b, name), rtol=1e-12, err_msg=f"{a.model} {name}"
            )


@pytest.mark.parametrize(
    ("measure", "unit", "curves"), [("water_depth", "m", ()), ("PGA", "g", (FRAME,))]
)
def test_people_of_an_area_that_is_a_cell_fare_as_at_a_point_in_it(
    folder: Path, measure: str, unit: str, curves: tuple[Any, ...]
) -> None:
    happened = events(folder, [[0.1, 0.9], [np.nan, 2.5]], [[0.6, 3.0], [0, 0.2]], measure, unit)
    areas = people_at(
        *(box(x - 5e-4, y - 5e-4, x + 5e-4, y + 5e-4) for x, y in CELLS), box(20, 20, 21, 21),
        elderly_65=[9.0, 8.0, 7.0, 6.0, 5.0],
    )  # fmt: skip
    lon, lat = np.array([*CELLS, (20.5, 20.5)]).T
    points = {**{n: v for n, v in areas.items() if n != "geometry"}, "lon": lon, "lat": lat}
    found = risk.people(areas, happened, curves, when=NIGHT)
    assert found.counts[Standing.NOT_EXPOSED] == 1
    same(found, risk.people(points, happened, curves, when=NIGHT))


def test_people_of_an_area_are_shared_out_over_its_cells(folder: Path) -> None:
    flood = events(folder, [[0.1, 0.2], [1.0, 2.0]], [[0, 0], [0, 4]], "water_depth", "m")
    table = people_at(WHOLE)
    found = risk.people(table, flood, when=NIGHT)
    there = found.of("presence")
    np.testing.assert_allclose(there.central[:, 0], [99.0, 99.0 / 4], rtol=1e-4)
    grades = found.of("aidr").central
    np.testing.assert_allclose(grades.sum(axis=1), there.central[:, 0], rtol=1e-12)
    assert there.yearly[0, 0] == pytest.approx(0.1 * 99 + 0.01 * 99 / 4, rel=1e-4)


def test_a_place_of_an_area_that_is_unknown_is_one_asset_and_its_share_of_people(
    folder: Path,
) -> None:
    flood = events(folder, [[np.nan, np.nan], [1.0, 2.0]], [[1, 1], [1, 1]], "water_depth", "m")
    there = risk.people(people_at(WHOLE, WHOLE), flood, when=NIGHT).of("presence")
    assert there.unknown.tolist() == [2, 0]
    np.testing.assert_allclose(there.unknown_people, [(99.0 + 198.0) / 2, 0.0], rtol=1e-4)
    assert np.isnan(there.yearly).all()


def test_the_people_outside_are_told_and_meet_nothing(folder: Path) -> None:
    flood = events(folder, [[1, 1], [1, 1]], [[1, 1], [1, 1]], "water_depth", "m")
    found = risk.people(people_at(box(13.001, 52.998, 13.003, 53.0), None), flood, when=NIGHT)
    assert found.of("presence").central[0, 0] == pytest.approx(49.5, rel=1e-6)
    assert found.counts[Standing.BAD_DATA] == 1
    said = {f.key.removeprefix("risk."): f.first for f in found.faults}
    assert said["partly"] == ("a0 (50.0%)",)
    assert said["place"] == ("a1",)


def test_depth_and_speed_meet_at_the_places_of_a_street(folder: Path, tmp_path: Path) -> None:
    street = risk.ShapeTable(
        columns=people_at(LineString([(13.0, 52.9995), (13.002, 52.9995)])), step_m=1.0
    )
    other = tmp_path / "speed"
    other.mkdir()
    (other / "rates.csv").write_text("event,rate\none,0.1\ntwo,0.01\n", encoding="utf-8")
    depth = events(folder, [[0.6, 2.0], [0, 0]], [[0, 0], [0, 0]], "water_depth", "m")
    speed = events(other, [[0.1, 2.5], [0, 0]], [[0, 0], [0, 0]], "flow_speed", "m/s")
    grades = risk.people(street, [depth, speed], when=NIGHT).of("aidr")
    h3, h6 = grades.column(risk.Fate.H3), grades.column(risk.Fate.H6)
    np.testing.assert_allclose(grades.central[0, [h3, h6]], [49.5, 49.5], rtol=0.01)


def test_a_district_may_hold_more_people_than_a_building(folder: Path) -> None:
    flood = events(folder, [[1, 1], [1, 1]], [[1, 1], [1, 1]], "water_depth", "m")
    many = [500_000.0, 500_000.0]
    found = risk.people(people_at(box(13, 52.9, 13.2, 53), WHOLE, residents=many), flood)
    assert found.counts[Standing.BAD_DATA] == 1
    assert [f.first for f in found.faults if f.key == "risk.people.many"] == [("a1",)]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.floats(0.01, 1.0), min_size=1, max_size=5), min_size=1, max_size=5))
def test_pieces_hold_all_people_and_no_more(shares: list[list[float]]) -> None:
    asset = np.repeat(np.arange(len(shares)), [len(one) for one in shares]).astype(np.int32)
    share = np.concatenate([np.array(one) / sum(one) for one in shares])
    parts = Parts(
        asset=asset, point=np.arange(asset.size, dtype=np.int32), share=share,
        outside=np.zeros(len(shares)),
    )  # fmt: skip
    whole: Portfolio = folio([0] * len(shares), [[1.0]] * len(shares))
    people = crowd([10.0 * (i + 1) for i in range(len(shares))])
    _, pieces = in_pieces(whole, people, parts)
    np.testing.assert_allclose(np.bincount(asset, pieces.present), people.present, rtol=1e-12)
