"""Event sets as tables, rasters and HDF5: read, or refused with every fault."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rencheng import risk
from rencheng.adapters.risk.events.files import open_events
from rencheng.adapters.risk.events.table import (
    Pointwise,
    check_events,
    doubts,
    event_table,
    near,
    on_sphere,
    spacing_m,
)
from rencheng.adapters.risk.faults import SAID
from rencheng.adapters.words import catalogue
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk import Events
from risk_kit import event_set, ramp, random_case

WATER = {"measure": "water_depth", "unit": "m"}
TABLE = {
    "event": ["b", "b", "a"], "lon": [1.0, 2.0, 1.0], "lat": [0.0, 0.0, 0.0],
    "intensity": ["0.5", "nan", "2"], "rate": [0.1, 0.1, 0.2],
}  # fmt: skip


def keys(error: pytest.ExceptionInfo[InvalidInputError]) -> list[str]:
    return [f.key.removeprefix("risk.") for f in error.value.faults]


def refused(table: dict[str, Any], measure: str = "water_depth", unit: str = "m") -> list[str]:
    with pytest.raises(InvalidInputError) as error:
        event_table(table, measure=measure, unit=unit)
    return keys(error)


def test_a_table_keeps_the_order_of_its_events() -> None:
    source, _ = event_table(TABLE, **WATER).at(np.zeros((0, 2)))
    assert source.head.names == ("b", "a")
    assert source.head.rate.tolist() == [0.1, 0.2]
    assert source.start.tolist() == [0, 2, 3]
    point, x = source.block(0, 2)
    assert point.tolist() == [0, 1, 0]
    np.testing.assert_allclose(x, [0.5, np.nan, 2.0])


def test_the_order_of_rows_changes_nothing() -> None:
    turned = {name: column[::-1] for name, column in TABLE.items()}
    one, two = (event_table(t, **WATER).source for t in (TABLE, turned))
    assert [x.tolist() for x in one.block(1, 2)] == [x.tolist() for x in two.block(0, 1)]


def test_a_set_without_rates_has_unknown_ones() -> None:
    bare = {name: column for name, column in TABLE.items() if name != "rate"}
    assert np.isnan(event_table(bare, **WATER).source.head.rate).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"intensity": [0.5, -1.0, 2.0]}, ["negative"]),
        ({"intensity": [0.5, np.inf, 2.0]}, ["negative"]),
        ({"intensity": [0.5, 400.0, 2.0]}, ["too_large"]),
        ({"intensity": ["0.5", "deep", "2"]}, ["unread_intensity"]),
        ({"lat": [0.0, 91.0, 0.0]}, ["turned_axes"]),
        ({"lat": [0.0, 91.0, 0.0], "lon": [1.0, 114.0, 1.0]}, ["unread"]),
        ({"lon": ["1", "x", "1"]}, ["unread"]),
        ({"lon": [1.0, 1.0, 1.0]}, ["double_row"]),
        ({"rate": [0.1, 0.3, 0.2]}, ["rate"]),
        ({"rate": [-0.1, -0.1, 0.2]}, ["rate"]),
        ({"event": ["b\r\n", "c\0d", "a"]}, ["event_name"]),
        ({"rate": ["inf", "inf", "0.2"]}, ["rate"]),
        ({"intensity": ["0.5", "-inf", "2"]}, ["negative"]),
        ({"rate": ["often", "often", "0.2"]}, ["rate"]),
        ({"rate": [-1.0, -1.0, 0.2], "intensity": [-1.0, 0.1, 999.0]},
         ["rate", "negative", "too_large"]),
    ],
)  # fmt: skip
def test_every_fault_of_a_table_is_named_at_once(change: dict[str, Any], said: list[str]) -> None:
    assert refused({**TABLE, **change}) == said


@pytest.mark.parametrize(("lon", "turns"), [(-71.3, 360.0), (114.3, -360.0), (180.0, -360.0)])
def test_a_full_circle_hides_no_doubled_row(lon: float, turns: float) -> None:
    turned = {**TABLE, "lon": [lon, lon + turns, 1.0]}
    assert refused(turned) == ["double_row"]
    once = event_table({**turned, "event": ["b", "c", "a"], "rate": [0.1] * 3}, **WATER)
    assert len(once.source.head.place) == 2


def test_units_are_asked_for() -> None:
    assert refused(TABLE, unit="") == ["unit"]
    assert refused(TABLE, unit="g") == ["unit"]
    assert refused(TABLE, measure="wetness") == ["measure"]
    assert refused({"event": ["a"]}) == ["columns"]


def test_centimetres_per_second_squared_are_no_g() -> None:
    shaking = {**TABLE, "intensity": [120.0, 80.0, 30.0]}
    assert refused(shaking, measure="PGA", unit="g") == ["too_large"]
    assert event_table(shaking, measure="PGA", unit="cm/s2")


@pytest.mark.parametrize(
    ("measure", "unit", "intensity"),
    [("SA(0.3)", "g", 80.0), ("drift", "1", 2.0), ("flow_speed", "m/s", 250.0), ("MMI", "1", 13.0)],
)
def test_percents_and_centimetres_in_a_larger_unit_are_seen(
    measure: str, unit: str, intensity: float
) -> None:
    assert refused({**TABLE, "intensity": [intensity, 0.1, 0.1]}, measure, unit) == ["too_large"]


@pytest.mark.parametrize(("unit", "many"), [("cm/s2", 1), ("g", 0)])
def test_a_set_too_small_to_harm_anything_is_doubted(unit: str, many: int) -> None:
    shaking = {**TABLE, "intensity": [0.3, "nan", 0.2]}
    source = event_table(shaking, measure="PGA", unit=unit).source
    said = doubts(source)
    assert [f.key for f in said] == ["risk.too_small"] * many
    assert [f.first for f in said] == [("0.3 cm/s2",)] * many
    assert doubts(event_set([{0: np.nan}, {}], 1)) == ()


def test_a_set_made_by_a_program_is_looked_at() -> None:
    events, _, _ = random_case(1)
    check_events(events)
    whole = event_set([{0: 1.0, 1: 2.0}], 2)
    broken: list[tuple[Events, str]] = [
        (replace(whole, point=np.array([0, 5], np.int32)), "points"),
        (replace(whole, point=np.array([1, 1], np.int32)), "double_row"),
        (replace(whole, intensity=np.array([1.0, -2.0], np.float32)), "negative"),
        (replace(whole, start=np.array([0, 1])), "shape"),
        (replace(whole, start=np.array([0, 1, 2])), "shape"),
        (replace(whole, head=replace(whole.head, unit="")), "unit"),
        (replace(whole, head=replace(whole.head, names=("a\u2028b",))), "event_name"),
        (replace(whole, head=replace(whole.head, rate=np.array([-1.0]))), "rate"),
    ]
    for one, said in broken:
        with pytest.raises(InvalidInputError) as error:
            check_events(one)
        assert keys(error) == [said]
        with pytest.raises(InvalidInputError) as error:
            source, _ = Pointwise(source=one, reach_m=1.0).at(np.zeros((0, 2)))
            source.block(0, 1)
        assert keys(error) == [said]


def test_a_set_that_is_whole_comes_through_its_check_as_it_is() -> None:
    events, _, _ = random_case(1)
    source, _ = Pointwise(source=events, reach_m=1.0).at(np.zeros((0, 2)))
    for first, last in ((0, 40), (3, 9), (5, 5)):
        for one, other in zip(source.block(first, last), events.block(first, last), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_run_refuses_a_point_beyond_the_points() -> None:
    broken = replace(event_set([{0: 1.0}, {0: 2.0}], 2), point=np.array([0, 7], np.int32))
    table = {"id": ["a"], "lon": [0.0], "lat": [0.0], "value": [1.0]}
    with pytest.raises(InvalidInputError) as error:
        risk.run(
            table, Pointwise(source=broken, reach_m=1.0), [ramp([0.0, 1.0], [0.0, 1.0])],
            currency="CNY", year=2024,
        )  # fmt: skip
    assert keys(error) == ["points"]


def test_points_lie_a_kilometre_apart() -> None:
    assert spacing_m(np.array([[0.0, 0.0], [0.01, 0.0], [0.0, 0.01]])) == pytest.approx(
        1112, rel=1e-3
    )
    assert spacing_m(np.zeros((1, 2))) == 0.0


def test_few_pairs_and_many_find_the_same_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    points, places = (on_sphere(rng.uniform(-60, 60, (n, 2))) for n in (50, 40))
    few = near(points, places), near(points, points, rank=2)
    monkeypatch.setattr("rencheng.adapters.risk.events.table._FEW_PAIRS", 0)
    many = near(points, places), near(points, points, rank=2)
    for one, two in zip(few, many, strict=True):
        np.testing.assert_allclose(one[0], two[0])
        assert (one[1] == two[1]).all()


def hdf5(file: Path, events: Events, **change: Any) -> Path:
    """Write as CLIMADA does, in as far as it is read."""
    netcdf = pytest.importorskip("netCDF4", reason="the extra `data` is not installed")
    values = {
        "intensity/data": events.intensity.astype(float), "intensity/indices": events.point,
        "intensity/indptr": events.start, "fraction/data": np.ones(events.point.size),
        "centroids/lat": events.head.place[:, 1], "centroids/lon": events.head.place[:, 0],
        "frequency": events.head.rate, "event_name": np.array(events.head.names, dtype=object),
        "units": np.array([events.head.unit], dtype=object), **change,
    }  # fmt: skip
    with netcdf.Dataset(file, "w") as out:
        for name, value in values.items():
            out.createDimension(name.replace("/", "_"), len(value))
            kind = str if value.dtype == object else value.dtype
            out.createVariable(name, kind, (name.replace("/", "_"),))[:] = value
    return file


def test_a_hazard_file_is_read_block_by_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events, _, _ = random_case(2)
    opened = open_events(hdf5(tmp_path / "a.h5", events), measure="water_depth")
    source, _ = opened.at(np.zeros((0, 2)))
    assert source.head.unit == "m"
    assert source.head.names == events.head.names
    monkeypatch.setattr("rencheng.adapters.risk.events.files._PIECE", 50)
    for first, last in ((0, 40), (3, 7)):
        for one, two in zip(source.block(first, last), events.block(first, last), strict=True):
            np.testing.assert_array_equal(one, two)


def test_a_hazard_file_that_does_not_fit_itself_is_refused(tmp_path: Path) -> None:
    events = event_set([{0: 1.0, 1: 2.0}], 2)
    fewer = hdf5(tmp_path / "a.h5", events, frequency=np.ones(3))
    with pytest.raises(InvalidInputError) as error:
        open_events(fewer, measure="water_depth", unit="ft")
    assert keys(error) == ["unit", "shape"]
    endless = hdf5(tmp_path / "d.h5", events, frequency=np.array([np.inf]))
    with pytest.raises(InvalidInputError) as error:
        open_events(endless, measure="water_depth")
    assert keys(error) == ["rate"]
    turned = hdf5(
        tmp_path / "f.h5", events, **{"centroids/lat": np.array([114.3, 114.4]),
        "centroids/lon": np.array([30.6, 30.6])},
    )  # fmt: skip
    with pytest.raises(InvalidInputError) as error:
        open_events(turned, measure="water_depth")
    assert keys(error) == ["turned_axes"]
    nowhere = hdf5(tmp_path / "e.h5", events, **{"centroids/lat": np.array([0.0, np.nan])})
    with pytest.raises(InvalidInputError) as error:
        open_events(nowhere, measure="water_depth")
    assert keys(error) == ["unread"]
    part = hdf5(tmp_path / "b.h5", events, **{"fraction/data": np.array([1.0, 0.5])})
    source, _ = open_events(part, measure="water_depth").at(np.zeros((0, 2)))
    with pytest.raises(InvalidInputError) as error:
        source.block(0, 1)
    assert keys(error) == ["fraction"]
    (tmp_path / "c.h5").write_bytes(b"nothing")
    with pytest.raises(InvalidInputError, match="no hazard file"):
        open_events(tmp_path / "c.h5", measure="water_depth")


def test_every_fault_has_words() -> None:
    wanted = {f"fault.risk.{key}.{part}" for key in SAID for part in ("problem", "hint")}
    assert wanted - catalogue().keys() == set()
