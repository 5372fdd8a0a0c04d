"""Measures on areas and lines: as on points where an area is a cell, one asset where it is many."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shapely import box
from shapely.geometry import LineString

from measure_kit import measure
from raster_kit import save
from rencheng import risk
from rencheng.adapters.risk.events.files import open_events
from rencheng.domain.risk import Standing
from rencheng.domain.risk_measures import MeasureKind, MeasureSet, Saving
from risk_kit import ramp

LINE = ramp([0.0, 1.0], [0.0, 1.0], id="line")
CELLS = [(13.0015, 52.9995), (13.0005, 52.9985), (13.0015, 52.9985)]
"""Middles of cells of 0.001° with depths of 0.2, 0.3 and 0.4 m."""


@pytest.fixture
def flood(tmp_path: Path) -> risk.EventSet:
    folder = tmp_path / "flood"
    folder.mkdir()
    save(folder / "often.tif", np.array([[0.1, 0.2], [0.3, 0.4]], np.float32))
    save(folder / "rare.tif", np.array([[0.2, 0.4], [0.6, 0.8]], np.float32))
    (folder / "rates.csv").write_text("event,rate\noften,0.1\nrare,0.01\n", encoding="utf-8")
    return open_events(folder, measure="water_depth", unit="m")


def column(*geometry: Any) -> np.ndarray:
    found = np.empty(len(geometry), dtype=object)
    found[:] = geometry
    return found


def saved(events: risk.EventSet, table: Any, **what: Any) -> Saving:
    given = MeasureSet(
        measures=(measure(**what),), currency="EUR", year=2020, version="1", source="test"
    )
    found = risk.appraise(table, events, [LINE], given, currency="EUR", year=2020)
    assert found.counts[Standing.ASSESSED] == found.touched[0] == len(table["id"])
    return found.saving(frozenset([0]))


KINDS = [
    {"kind": MeasureKind.RETROFIT, "ratio_factor": 0.5},
    {"kind": MeasureKind.RETROFIT, "median_factor": 2.0},
    {"kind": MeasureKind.BARRIER, "lowers": 0.1, "unit": "m"},
    {"kind": MeasureKind.BARRIER, "design_period": 50.0},
    {"kind": MeasureKind.RELOCATION},
    {"kind": MeasureKind.INSURANCE, "deductible": 25.0, "limit": 60.0, "share": 0.8},
]


@pytest.mark.parametrize("what", KINDS)
def test_an_area_that_is_a_cell_is_spared_what_a_point_in_it_is(
    flood: risk.EventSet, what: dict[str, Any]
) -> None:
    ids, worth = ["a", "b", "c"], [100.0, 200.0, 50.0]
    lon, lat = np.array(CELLS).T
    points = {"id": ids, "value": worth, "lon": lon, "lat": lat}
    areas = {"id": ids, "value": worth, "geometry": column(*(
        box(x - 5e-4, y - 5e-4, x + 5e-4, y + 5e-4) for x, y in CELLS
    ))}  # fmt: skip
    one, other = saved(flood, areas, **what), saved(flood, points, **what)
    assert other.total > 0.0
    # Depths are float32, and a barrier lowers them again: 1e-6 and no closer.
    assert one.avoided == pytest.approx(other.avoided, rel=1e-6)
    assert one.transferred == pytest.approx(other.transferred, rel=1e-6)


def test_what_is_split_over_cells_saves_the_sum_of_its_parts(flood: risk.EventSet) -> None:
    whole = {"id": ["a"], "value": [400.0], "geometry": column(box(13.0, 52.998, 13.002, 53.0))}
    half = {"kind": MeasureKind.RETROFIT, "ratio_factor": 0.5}
    yearly = 0.1 * 100 * (0.1 + 0.2 + 0.3 + 0.4) + 0.01 * 100 * (0.2 + 0.4 + 0.6 + 0.8)
    assert saved(flood, whole, **half).avoided == pytest.approx(yearly / 2, rel=1e-4)
    assert saved(flood, whole, kind=MeasureKind.RELOCATION).avoided == pytest.approx(
        yearly, rel=1e-4
    )


def test_insurance_pays_for_the_whole_asset_and_not_for_each_piece(flood: risk.EventSet) -> None:
    whole = {"id": ["a"], "value": [400.0], "geometry": column(box(13.0, 52.998, 13.002, 53.0))}
    contract = {"kind": MeasureKind.INSURANCE, "deductible": 90.0}
    # Losses of 100 and 200; no piece of them alone is more than the deductible.
    paid = 0.1 * (100.0 - 90.0) + 0.01 * (200.0 - 90.0)
    assert saved(flood, whole, **contract).transferred == pytest.approx(paid, rel=1e-3)


def test_a_barrier_before_a_road_holds_by_the_deepest_of_its_places(flood: risk.EventSet) -> None:
    road = LineString([(13.0, 52.9995), (13.002, 52.9995)])
    table = risk.ShapeTable(
        columns={"id": ["r"], "value": [100.0], "geometry": column(road)}, step_m=1.0
    )
    wall = {"kind": MeasureKind.BARRIER, "design_period": 20.0}
    often = 0.1 * 100 * 0.15
    assert saved(flood, table, **wall).avoided == pytest.approx(often, rel=0.02)
