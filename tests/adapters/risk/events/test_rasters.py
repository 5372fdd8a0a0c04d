"""Rasters as events: the cell counts in which an asset stands; each is read once, within memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from raster_kit import save
from rencheng import risk
from rencheng.adapters.cities.formats.rasters import Raster
from rencheng.adapters.risk.events.files import open_events
from rencheng.adapters.risk.events.grids import READ_CELLS, pieces
from rencheng.domain.errors import InvalidInputError
from risk_kit import ramp

WATER = {"measure": "water_depth", "unit": "m"}


def keys(error: pytest.ExceptionInfo[InvalidInputError]) -> list[str]:
    return [f.key.removeprefix("risk.") for f in error.value.faults]


def test_rasters_are_events_and_the_cell_counts_in_which_an_asset_stands(tmp_path: Path) -> None:
    save(tmp_path / "one.tif", np.array([[0.0, 1.0], [2.0, -9.0]], np.float32), nodata=-9.0)
    save(tmp_path / "two.tif", np.array([[3.0, 0.0], [0.0, 0.0]], np.float32), nodata=-9.0)
    (tmp_path / "rates.csv").write_text("event,rate\ntwo,0.1\n", encoding="utf-8")
    places = np.array(
        [[13.0005, 52.9995], [13.0019, 52.9999], [13.0011, 52.9981], [14.0, 53.0], [np.nan, 0.0]]
    )
    source, reach = open_events(tmp_path, **WATER).at(places)
    assert reach == 0.0
    assert source.head.names == ("one", "two")
    np.testing.assert_array_equal(source.head.rate, [np.nan, 0.1])
    assert source.head.place.tolist() == sorted(places[:3].tolist())
    point, x = source.block(0, 2)
    assert source.start.tolist() == [0, 2, 3]
    np.testing.assert_array_equal(x, [np.nan, 1.0, 3.0])
    assert source.head.place[point].tolist() == [places[i].tolist() for i in (2, 1, 0)]
    dry, _ = open_events(tmp_path, **WATER, is_nodata_dry=True).at(places)
    assert dry.start.tolist() == [0, 1, 2]


def test_rasters_on_other_grids_are_named(tmp_path: Path) -> None:
    save(tmp_path / "one.tif", np.ones((2, 2), np.float32))
    save(tmp_path / "two.tif", np.ones((2, 2), np.float32), corner=(13.1, 53.0))
    with pytest.raises(InvalidInputError) as error:
        open_events(tmp_path, **WATER).at(np.array([[13.0005, 52.9995]]))
    assert keys(error) == ["grid"]
    assert error.value.faults[0].first == ("two.tif",)


def test_a_folder_without_rasters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as error:
        open_events(tmp_path, **WATER)
    assert keys(error) == ["empty"]


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ("one,0.1\none,0.2\n", ["double_event"]),
        ("one.tif,0.1\n", ["rate_event"]),
        ("one,inf\n", ["rate"]),
        ("one,-1\n", ["rate"]),
        ("one,often\n", ["rate"]),
        ("other,inf\n", ["rate", "rate_event"]),
    ],
)
def test_rates_that_fit_no_raster_are_refused(tmp_path: Path, rates: str, said: list[str]) -> None:
    save(tmp_path / "one.tif", np.ones((2, 2), np.float32))
    (tmp_path / "rates.csv").write_text(f"event,rate\n{rates}", encoding="utf-8")
    with pytest.raises(InvalidInputError) as error:
        open_events(tmp_path, **WATER)
    assert keys(error) == said


def test_rasters_that_differ_in_their_ending_alone_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "one.tif", np.ones((2, 2), np.float32))
    (tmp_path / "one.asc").write_text("", encoding="utf-8")
    with pytest.raises(InvalidInputError) as error:
        open_events(tmp_path, **WATER)
    assert keys(error) == ["double_event"]
    assert error.value.faults[0].first == ("one",)


def test_the_bands_of_one_raster_are_events(tmp_path: Path) -> None:
    ones = np.ones((2, 2), np.float32)
    file = save(tmp_path / "floods.tif", ones, 2 * ones)
    (tmp_path / "floods.rates.csv").write_text("event,rate\n2,0.1\n", encoding="utf-8")
    source, _ = open_events(file, **WATER).at(np.array([[13.0005, 52.9995]]))
    assert source.head.names == ("1", "2")
    np.testing.assert_array_equal(source.head.rate, [np.nan, 0.1])
    assert source.block(0, 2)[1].tolist() == [1.0, 2.0]


def test_a_raster_far_beyond_the_memory_is_read_once_and_within_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = np.random.default_rng(0).random((3000, 3000)).astype(np.float32)
    for name in ("one", "two"):
        save(tmp_path / f"{name}.tif", cells, tiled=True)
    rng, many = np.random.default_rng(1), 2000
    at = rng.integers(0, 3000, (many, 2))
    assets = {
        "id": [str(i) for i in range(many)], "value": np.ones(many),
        "lon": 13.0 + 0.001 * (at[:, 1] + 0.5), "lat": 53.0 - 0.001 * (at[:, 0] + 0.5),
    }  # fmt: skip
    line, happened = ramp([0.0, 1.0], [0.0, 1.0]), open_events(tmp_path, **WATER)
    read = Raster.read
    seen: list[int] = []
    monkeypatch.setattr(Raster, "read", lambda r, w: seen.append(w.cells) or read(r, w))
    small = {name: column[:1] for name, column in assets.items()}
    risk.run(small, happened, [line], currency="EUR", year=2020)  # compiled before
    seen.clear()
    tracemalloc.start()
    try:
        result = risk.run(assets, happened, [line], currency="EUR", year=2020, budget_mb=16)
        assert tracemalloc.get_traced_memory()[1] <= 16e6
    finally:
        tracemalloc.stop()
    assert max(seen) <= READ_CELLS
    assert sum(seen) <= 2 * cells.size  # each cell of each event once at most
    assert result.loss == pytest.approx(np.full(2, cells[at[:, 0], at[:, 1]].sum(dtype=float)))


def test_pieces_hold_every_cell_once() -> None:
    rng = np.random.default_rng(2)
    cells = rng.integers(0, (900, 70_000), (500, 2))
    found = pieces(cells, (1, 70_000), (900, 70_000))
    assert sorted(np.concatenate([members for _, members in found])) == list(range(500))
    for (top, left, rows, columns), members in found:
        assert rows * columns <= READ_CELLS
        inside = (cells[members] >= (top, left)) & (cells[members] < (top + rows, left + columns))
        assert inside.all()
    assert pieces(cells[:0], (1, 1), (5, 5)) == []


def test_a_unit_that_a_raster_states_is_held_against_ours(tmp_path: Path) -> None:
    rasterio = pytest.importorskip("rasterio", reason="the extra `data` is not installed")
    file = save(tmp_path / "one.tif", np.ones((2, 2), np.float32))
    places = np.array([[13.0005, 52.9995]])
    for said, is_good in (("metres", True), ("ft", False)):
        with rasterio.open(file, "r+") as opened:
            opened.units = (said,)
        if is_good:
            assert open_events(tmp_path, **WATER).at(places)[0].block(0, 1)[1].tolist() == [1.0]
            continue
        with pytest.raises(InvalidInputError) as error:
            open_events(tmp_path, **WATER).at(places)
        assert keys(error) == ["unit"]
        assert error.value.faults[0].first == ("m ≠ ft (one.tif)",)


def test_what_a_raster_does_not_know_or_reach_is_told_of_each_asset(tmp_path: Path) -> None:
    save(tmp_path / "one.tif", np.array([[0.001, -9.0]], np.float32), nodata=-9.0)
    assets = {
        "id": ["wet", "unknown", "far"], "value": [1.0] * 3, "lat": [52.9995] * 3,
        "lon": [13.0005, 13.0015, 14.0],
    }  # fmt: skip
    events = open_events(tmp_path, **WATER)
    result = risk.run(assets, events, [ramp([0.0, 1.0], [0.0, 1.0])], currency="EUR", year=2020)
    assert result.unknown.tolist() == [1]
    assert np.isnan(result.loss).all()
    assert result.known_loss.tolist() == pytest.approx([0.001])
    assert [int(one) for one in result.standing] == [0, 0, 1]
    said = [(f.key, f.first) for f in result.faults]
    assert said == [
        ("risk.outside", ("far",)),
        ("risk.too_small", ("0.001 m",)),
        ("risk.unknown_in_all", ("unknown",)),
    ]


def test_bands_of_a_sole_raster_in_a_folder_are_events(tmp_path: Path) -> None:
    save(tmp_path / "study.tif", np.ones((1, 2), np.float32), np.full((1, 2), 2.0, np.float32))
    (tmp_path / "rates.csv").write_text("event,rate\n1,0.1\n2,0.01\n", encoding="utf-8")
    source, _ = open_events(tmp_path, **WATER).at(np.array([[13.0005, 52.9995]]))
    assert source.head.names == ("1", "2")
    assert source.head.rate.tolist() == [0.1, 0.01]
    assert source.block(0, 2)[1].tolist() == [1.0, 2.0]


def test_bands_among_several_rasters_are_refused_and_not_left_out(tmp_path: Path) -> None:
    save(tmp_path / "one.tif", np.ones((1, 2), np.float32))
    save(tmp_path / "two.tif", np.ones((1, 2), np.float32), np.ones((1, 2), np.float32))
    with pytest.raises(InvalidInputError) as error:
        open_events(tmp_path, **WATER).at(np.array([[13.0005, 52.9995]]))
    assert (error.value.key, error.value.params["file"]) == ("raster.bands", "two.tif")
