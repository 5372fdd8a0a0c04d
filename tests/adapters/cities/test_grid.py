"""A management grid covers the zones, and its ids do not depend on the order of anything."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely

from rencheng.adapters.cities.grid import make_cells, make_grid
from rencheng.adapters.cities.ground import Ground, row_of
from rencheng.domain.errors import InvalidInputError

GROUND = Ground.of(32719)
WEST, SOUTH = 280_000.0, 6_690_000.0
ZONES = np.array(
    [shapely.box(WEST + i * 1030, SOUTH, WEST + (i + 1) * 1030, SOUTH + 1990) for i in range(4)],
    dtype=object,
)
IDS = np.array([101, 102, 103, 104])
HALVES = {"areas": [shapely.box(WEST, SOUTH, WEST + 2000, SOUTH + 1990),
                    shapely.box(WEST + 2000, SOUTH, WEST + 3900, SOUTH + 1990)],
          "ids": ["东", "西"]}  # fmt: skip
EVERY = [("squares", {"side_m": 400.0}), ("h3", {"resolution": 9}), ("zones", {}),
         ("polygons", HALVES)]  # fmt: skip


def places() -> np.ndarray:
    rng = np.random.default_rng(4)
    return np.column_stack([rng.uniform(0, 4120, 500), rng.uniform(0, 1990, 500)]) + [WEST, SOUTH]


@pytest.mark.parametrize(("kind", "options"), EVERY)
def test_every_place_of_a_zone_has_a_cell(kind: str, options: dict[str, Any]) -> None:
    if kind == "h3":
        pytest.importorskip("h3", reason="H3 cells need the extra `data`")
    mesh = make_cells(kind, ZONES, IDS, options, GROUND)
    xy = places()
    zone = row_of(ZONES, xy)
    cell = mesh.cell_of(xy, zone)
    assert (cell >= 0).all()
    near = shapely.distance(shapely.points(xy), mesh.areas[cell])
    assert np.quantile(near, 0.9) < 1e-6
    if mesh.is_cut:
        assert (mesh.zone[cell] == zone).all()


@pytest.mark.parametrize(("kind", "options"), EVERY)
def test_ids_and_version_do_not_depend_on_the_order_of_zones(
    kind: str, options: dict[str, Any]
) -> None:
    if kind == "h3":
        pytest.importorskip("h3", reason="H3 cells need the extra `data`")
    one = make_cells(kind, ZONES, IDS, options, GROUND)
    other = make_cells(kind, ZONES[::-1], IDS[::-1], options, GROUND)
    assert len(set(one.id)) == len(one.id)
    assert set(one.id) == set(other.id)
    assert one.version == other.version
    zone_of = dict(zip(one.id, IDS[one.zone], strict=True))
    assert zone_of == dict(zip(other.id, IDS[::-1][other.zone], strict=True))


def test_another_side_is_another_version() -> None:
    versions = {
        make_cells("squares", ZONES, IDS, {"side_m": s}, GROUND).version for s in (400, 500)
    }
    assert len(versions) == 2


def test_squares_cover_their_zones_and_leave_no_sliver() -> None:
    mesh = make_cells("squares", ZONES, IDS, {"smallest_m2": 10_000.0}, GROUND)
    area = shapely.area(mesh.areas)
    assert np.allclose(np.bincount(mesh.zone, weights=area), shapely.area(ZONES))
    assert area.min() >= 10_000.0
    assert mesh.id[0] == "G-101-0560-13380"


def test_a_grid_holds_the_people_of_its_cells() -> None:
    mesh = make_cells("zones", ZONES, IDS, {"prefix": "Q"}, GROUND)
    grid = make_grid(mesh, np.arange(4.0), GROUND)
    assert grid.id == ("Q-101", "Q-102", "Q-103", "Q-104")
    assert grid.population.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert len(grid.shapes.shape) == 5


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("rings", {}), ("squares", {"side_m": 0}), ("h3", {"resolution": 16}), ("polygons", {}),
        ("polygons", {"areas": list(ZONES), "ids": ["a", "a", "b", "c"]}),
    ],
)  # fmt: skip
def test_an_impossible_grid_is_refused(kind: str, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        make_cells(kind, ZONES, IDS, options, GROUND)
    assert caught.value.key in ("city.grid", "city.no_h3")
