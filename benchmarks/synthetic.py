"""A city of any size made from a seed, for benchmarks: nothing in it is real."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.city import (
    Buildings,
    BusStops,
    City,
    Dependencies,
    Facilities,
    Grid,
    Lifelines,
    Mains,
    Roads,
    Shapes,
    Terrain,
    Zones,
)
from rencheng.domain.provenance import Layer, Origin

F64 = NDArray[np.float64]
WEST, SOUTH = 103.8, 30.5
METRES = 111_320.0
"""Metres of a degree of latitude."""
BLOCK_M = 100.0
USES = ("RES1", "RES3", "COM1", "EDU1")


def synthetic(buildings: int = 1_000_000, links: int = 100_000, *, seed: int = 1) -> City:
    """Return a city on a grid of streets: a house row in every block, denser in the middle."""
    rng = np.random.default_rng(seed)
    side = max(2, round((links / 2) ** 0.5))
    width = side * BLOCK_M
    zones, edge = _zones(width)
    roads = _roads(side, edge, width)
    houses = _buildings(buildings, width, edge, rng, len(roads.start))
    corner = _lonlat(np.array([[0.0, 0.0], [width, width]]))
    return City(
        id="synthetic",
        name={"zh-CN": "合成城市", "en": "Synthetic"},
        version="synthetic-1",
        timezone="Asia/Shanghai",
        bbox=tuple(corner.ravel().tolist()),
        zones=zones,
        grid=_grid(zones),
        buildings=houses,
        roads=roads,
        **_empty_tables(),
        terrain=_terrain(),
        datastreams=(),
        organisations=(),
        teams=(),
        stocks=(),
        layers=(
            Layer(
                name="buildings",
                origin=Origin.SYNTHETIC,
                source="made for benchmarks",
                licence="Apache-2.0",
                version="1",
                count=buildings,
                coverage=1.0,
            ),
        ),
        facts={},
        fact_sources={},
    )


def _lonlat(metres: F64) -> F64:
    """Return lon, lat of metres east and north of the corner. [deg] (n, 2)"""
    lat = SOUTH + metres[..., 1] / METRES
    lon = WEST + metres[..., 0] / (METRES * np.cos(np.radians(SOUTH)))
    return np.stack([lon, lat], axis=-1)


def _squares(corner: F64, size: F64) -> Shapes:
    """Return closed rectangles, anticlockwise, from lower left corners and sizes in metres."""
    unit = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1], [0, 0]])
    xy = _lonlat(corner[:, None] + unit[None] * size[:, None]).reshape(-1, 2)
    count = len(corner)
    return Shapes(
        xy=np.ascontiguousarray(xy),
        part=(np.arange(count + 1) * 5).astype(np.int32),
        shape=np.arange(count + 1, dtype=np.int32),
    )


def _zones(width: float) -> tuple[Zones, int]:
    edge = 20
    step = width / edge
    x, y = (v.ravel() for v in np.meshgrid(np.arange(edge) * step, np.arange(edge) * step))
    corner = np.column_stack([x, y])
    count = edge * edge
    table = Zones(
        id=np.arange(1, count + 1, dtype=np.int32),
        code=("",) * count,
        name=tuple(f"区 {i}" for i in range(count)),
        population=np.full(count, 5000.0),
        age=np.full((3, count), np.nan),
        area_m2=np.full(count, step * step),
        centre=_lonlat(corner + step / 2),
        is_coastal=np.zeros(count, dtype=np.bool_),
        coast_m=np.full(count, np.nan),
        road_node=np.zeros(count, dtype=np.int32),
        shapes=_squares(corner, np.full((count, 2), step)),
    )
    return table, edge


def _grid(zones: Zones) -> Grid:
    return Grid(
        id=tuple(f"G{i}" for i in range(len(zones.id))),
        zone=np.arange(len(zones.id), dtype=np.int32),
        centre=zones.centre,
        population=zones.population,
        shapes=zones.shapes,
    )


def _zone_at(metres: F64, edge: int, width: float) -> NDArray[np.int32]:
    at = np.clip((metres / width * edge).astype(np.int32), 0, edge - 1)
    return at[:, 1] * edge + at[:, 0]


def _roads(side: int, edge: int, width: float) -> Roads:
    x, y = (v.ravel() for v in np.meshgrid(np.arange(side + 1), np.arange(side + 1)))
    node = np.column_stack([x, y]) * BLOCK_M
    east = np.flatnonzero(x < side)
    north = np.flatnonzero(y < side)
    start = np.concatenate([east, north])
    end = np.concatenate([east + 1, north + side + 1])
    middle = (node[start] + node[end]) / 2
    bend = middle + 4.0
    line = np.stack([node[start], bend, node[end]], axis=1)
    count = len(start)
    row = np.where(np.arange(count) < len(east), y[start], x[start])
    return Roads(
        id=np.arange(count, dtype=np.int64),
        node_xy=_lonlat(node.astype(np.float64)),
        start=start.astype(np.int32),
        end=end.astype(np.int32),
        direction=np.zeros(count, dtype=np.int8),
        length_m=np.full(count, BLOCK_M, dtype=np.float32),
        speed_m_s=np.full(count, 10.0, dtype=np.float32),
        kind=np.where(row % 10 == 0, 1, 0).astype(np.int8),
        kinds=("residential", "primary"),
        zone=_zone_at(middle, edge, width),
        name=tuple(f"{i} 路" for i in row.tolist()),
        shapes=Shapes(
            xy=_lonlat(line).reshape(-1, 2),
            part=(np.arange(count + 1) * 3).astype(np.int32),
            shape=np.arange(count + 1, dtype=np.int32),
        ),
    )


def _buildings(
    count: int, width: float, edge: int, rng: np.random.Generator, links: int
) -> Buildings:
    # A triangular spread about the middle: the densest square kilometre has about four times the
    # mean number of buildings, as in a real city.
    spread = (rng.random((count, 2)) + rng.random((count, 2))) / 2
    corner = np.round(spread * (width - 30.0), 1)
    size = rng.uniform(6.0, 24.0, (count, 2))
    zone = _zone_at(corner, edge, width)
    use = rng.integers(0, len(USES), count).astype(np.int8)
    storeys = rng.integers(1, 12, count).astype(np.int16)
    floor = (size.prod(axis=1) * storeys).astype(np.float32)
    return Buildings(
        id=rng.permutation(count).astype(np.int64),
        xy=_lonlat(corner + size / 2),
        zone=zone,
        cell=zone.copy(),
        link=rng.integers(0, links, count).astype(np.int32),
        curve=rng.integers(0, 3, count).astype(np.int16),
        curves=("LF.C1.L.MC", "LF.C1.M.MC", "LF.C1.H.MC"),
        certainty=np.ones(count, dtype=np.float32),
        storeys=storeys,
        height_m=np.where(rng.random(count) < 0.3, storeys * 3.1, np.nan).astype(np.float32),
        use=use,
        uses=USES,
        dwellings=storeys.copy(),
        floor_area_m2=floor,
        occupants=np.tile(floor / 30, (3, 1)).astype(np.float32),
        shapes=_squares(corner, size),
    )


def _terrain() -> Terrain:
    y, x = np.mgrid[0:400, 0:400].astype(np.float32)
    z = 500.0 + 200.0 * np.sin(x / 40.0) * np.cos(y / 30.0)
    corner = _lonlat(np.array([[0.0, 22_500.0]]))[0]
    return Terrain(
        z=z.astype(np.float32),
        corner=corner,
        step=np.array([0.0006, 0.0005]),
        crs=("EPSG:4326",),
    )


def _empty_tables() -> dict[str, Facilities | Lifelines | Mains | Dependencies | BusStops]:
    xy, none, whole = np.empty((0, 2)), np.empty(0), np.empty(0, dtype=np.int32)
    return {
        "facilities": Facilities(
            id=(), name=(), kind=(), xy=xy, zone=whole, road_node=whole, beds=none,
            shelter_places=none, has_emergency=np.empty(0, dtype=np.bool_), curve=(),
        ),
        "lifelines": Lifelines(
            id=(), sector=(), kind=(), xy=xy, zone=whole, road_node=whole, serves=none, curve=(),
            restoration=(), capacity=none,
        ),
        "mains": Mains(
            id=(), sector=(), start=whole, end=whole, length_m=none.astype(np.float32), zone=whole,
            material=(), diameter_m=none.astype(np.float32), capacity=none.astype(np.float32),
            shapes=Shapes.none(0),
        ),
        "dependencies": Dependencies(
            node=(), group_start=np.zeros(1, np.int32), service=(), backup_low_h=none,
            backup_high_h=none, supplier_start=np.zeros(1, np.int32), supplier=whole,
        ),
        "stops": BusStops(id=(), name=(), xy=xy, departures=whole),
    }  # fmt: skip
