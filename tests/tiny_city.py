"""A city small enough to check by hand: 3 × 2 zones of 500 m, the western column by the sea.

Zone rows run west to east, south to north (0 1 2 / 3 4 5), ids are 101 to 106; each has 100 residents, 10 buildings
and one power feeder at most shared by two zones. Roads are a 5 × 4 grid, all two-way.
"""

# ruff: noqa: E501
from __future__ import annotations

from functools import cache

import numpy as np

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
from rencheng.domain.resource import Stock
from tiny_parties import SOUTH, STEP_LAT, STEP_LON, WEST, datastreams, organisations, teams
from tiny_parties import at as _at
from tiny_parties import zone_at as _zone_at

ZONE_IDS = (101, 102, 103, 104, 105, 106)
NAN = float("nan")


def _points(*places: tuple[float, float]) -> np.ndarray:
    return np.array([_at(x, y) for x, y in places], dtype=np.float64).reshape(-1, 2)


def shapes(lines: list[list[tuple[float, float]]]) -> Shapes:
    """Return one-part shapes from lists of lon, lat."""
    ends = np.cumsum([0] + [len(line) for line in lines]).astype(np.int32)
    return Shapes(
        xy=np.array([p for line in lines for p in line], dtype=np.float64).reshape(-1, 2),
        part=ends,
        shape=np.arange(len(lines) + 1, dtype=np.int32),
    )


def _square(x: float, y: float, size: float) -> list[tuple[float, float]]:
    corners = ((x, y), (x + size, y), (x + size, y + size), (x, y + size), (x, y))
    return [_at(*c) for c in corners]


def _node(x: float, y: float) -> int:
    """Return the nearest of the 5 × 4 road nodes."""
    return round(y / 2 * 3) * 5 + round(x / 3 * 4)


def _zones() -> Zones:
    corners = [(float(i % 3), float(i // 3)) for i in range(6)]
    middles = [(x + 0.5, y + 0.5) for x, y in corners]
    return Zones(
        id=np.array(ZONE_IDS, dtype=np.int32),
        code=("",) * 6,
        name=tuple(f"Zone {i}" for i in ZONE_IDS),
        population=np.full(6, 100.0),
        age=np.full((3, 6), NAN),
        area_m2=np.full(6, 250_000.0),
        centre=_points(*middles),
        is_coastal=np.array([True, False, False, True, False, False]),
        coast_m=np.array([250.0, 750.0, 1250.0] * 2),
        road_node=np.array([_node(x, y) for x, y in middles], dtype=np.int32),
        shapes=shapes([_square(x, y, 1.0) for x, y in corners]),
    )


def _grid() -> Grid:
    cells = [(i % 6 / 2, i // 6 / 2) for i in range(24)]
    return Grid(
        id=tuple(f"T-{int(2 * x):02d}-{int(2 * y):02d}" for x, y in cells),
        zone=np.array([_zone_at(x, y) for x, y in cells], dtype=np.int32),
        centre=_points(*[(x + 0.25, y + 0.25) for x, y in cells]),
        population=np.full(24, 25.0),
        shapes=shapes([_square(x, y, 0.5) for x, y in cells]),
    )


def _roads() -> Roads:
    places = [(i % 5 * 0.75, i // 5 * 2 / 3) for i in range(20)]
    pairs = [(i, i + 1) for i in range(20) if i % 5 < 4] + [(i, i + 5) for i in range(15)]
    mids = [
        ((places[a][0] + places[b][0]) / 2, (places[a][1] + places[b][1]) / 2) for a, b in pairs
    ]
    return Roads(
        id=np.arange(1000, 1000 + len(pairs), dtype=np.int64),
        node_xy=_points(*places),
        start=np.array([a for a, _ in pairs], dtype=np.int32),
        end=np.array([b for _, b in pairs], dtype=np.int32),
        direction=np.zeros(len(pairs), dtype=np.int8),
        length_m=np.array([375.0 if b == a + 1 else 333.0 for a, b in pairs], dtype=np.float32),
        speed_m_s=np.full(len(pairs), 10.0, dtype=np.float32),
        kind=np.array([0 if b == a + 1 else 1 for a, b in pairs], dtype=np.int8),
        kinds=("residential", "primary"),
        zone=np.array([_zone_at(x, y) for x, y in mids], dtype=np.int32),
        name=tuple(f"Street {i}" for i in range(len(pairs))),
        shapes=shapes([[_at(*places[a]), _at(*places[b])] for a, b in pairs]),
    )


def _buildings(roads: Roads) -> Buildings:
    curves = ("LF.W1.MC", "LF.RM1.L.MC", "LF.C2.M.HC", "LF.URM.L.PC", "LF.C1.L.MC")
    uses = ("RES1", "RES3", "COM1", "EDU1")
    k = np.arange(60)
    zone = (k // 10).astype(np.int32)
    x = zone % 3 + 0.1 + 0.2 * (k % 5)
    y = zone // 3 + 0.25 + 0.5 * (k % 10 // 5)
    middle = (roads.node_xy[roads.start] + roads.node_xy[roads.end]) / 2
    xy = _points(*zip(x, y, strict=True))
    link = ((xy[:, None, :] - middle[None]) ** 2).sum(-1).argmin(1).astype(np.int32)
    kind = k % 10  # 0-6 houses, 7 a block of flats, 8 a shop, 9 a school
    use = np.where(kind < 7, 0, np.where(kind == 7, 1, kind - 6)).astype(np.int8)
    curve = np.where(
        kind < 3, 0, np.where(kind < 6, 1, np.where(kind == 6, 3, np.where(kind == 7, 2, 4)))
    )
    dwellings = np.where(kind < 7, 1, np.where(kind == 7, 18, 0)).astype(np.int16)
    night = dwellings * 4.0
    day = np.where(kind < 8, night * 0.5, np.where(kind == 8, 20.0, 30.0))
    return Buildings(
        id=np.arange(1, 61, dtype=np.int64),
        xy=xy,
        zone=zone,
        cell=((2 * y).astype(int) * 6 + (2 * x).astype(int)).astype(np.int32),
        link=link,
        curve=curve.astype(np.int16),
        curves=curves,
        certainty=np.full(60, NAN, dtype=np.float32),
        storeys=np.where(kind == 7, 5, np.where(kind > 7, 2, 1)).astype(np.int16),
        height_m=np.full(60, NAN, dtype=np.float32),
        use=use,
        uses=uses,
        dwellings=dwellings,
        floor_area_m2=np.where(kind == 7, 1200.0, np.where(kind > 7, 400.0, 70.0)).astype(
            np.float32
        ),
        occupants=np.array([night, day, night * 0.4], dtype=np.float32),
        shapes=Shapes.none(60),
    )


def _facilities() -> Facilities:
    rows = [
        # id, kind, x, y, beds, shelter places, emergency, curve
        ("H-1", "hospital", 0.6, 0.5, 20.0, NAN, True, "LF.C2.M.HC"),
        ("H-2", "hospital", 2.4, 1.5, 30.0, NAN, True, "LF.C2.M.MC"),
        ("C-1", "clinic", 1.5, 0.5, NAN, NAN, False, "LF.RM1.L.MC"),
        ("S-1", "shelter", 0.7, 1.5, NAN, 80.0, False, "LF.RM1.L.MC"),
        ("S-2", "shelter", 1.6, 1.4, NAN, 150.0, False, "LF.C1.L.MC"),
        ("S-3", "shelter", 2.5, 0.4, NAN, 200.0, False, "LF.RM1.L.MC"),
        ("FIRE-1", "fire_station", 1.4, 1.6, NAN, NAN, False, "LF.RM1.L.MC"),
        ("WH-1", "warehouse", 2.6, 0.6, NAN, NAN, False, "LF.S3.MC"),
        ("EOC-1", "command_centre", 1.6, 0.6, NAN, NAN, False, "LF.C1.L.MC"),
    ]
    ids, kinds, xs, ys, beds, places, emergency, curves = zip(*rows, strict=True)
    return Facilities(
        id=ids,
        name=tuple(f"{k} {i}" for k, i in zip(kinds, ids, strict=True)),
        kind=kinds,
        xy=_points(*zip(xs, ys, strict=True)),
        zone=np.array([_zone_at(x, y) for x, y in zip(xs, ys, strict=True)], dtype=np.int32),
        road_node=np.array([_node(x, y) for x, y in zip(xs, ys, strict=True)], dtype=np.int32),
        beds=np.array(beds),
        shelter_places=np.array(places),
        has_emergency=np.array(emergency),
        curve=curves,
    )


def _lifelines() -> Lifelines:
    rows = [
        # id, sector, kind, x, y, residents served, curve
        ("GEN-1", "power", "generation", 2.9, 1.9, 600.0, "EP.G.S.A"),
        ("SUB-1", "power", "substation", 0.9, 0.9, 300.0, "EP.S.M.A"),
        ("SUB-2", "power", "substation", 2.1, 1.1, 300.0, "EP.S.M.U"),
        ("FDR-1", "power", "feeder", 0.5, 0.6, 200.0, "EP.C.A"),
        ("FDR-2", "power", "feeder", 1.4, 0.5, 100.0, "EP.C.A"),
        ("FDR-3", "power", "feeder", 1.5, 1.5, 200.0, "EP.C.U"),
        ("FDR-4", "power", "feeder", 2.5, 0.5, 100.0, "EP.C.U"),
        ("WTP-1", "water", "treatment", 2.8, 0.2, 600.0, ""),
        ("PMP-1", "water", "pump", 2.0, 0.3, 600.0, ""),
        ("TNK-1", "water", "tank", 1.9, 1.8, 600.0, ""),
        ("TEX-1", "telecom", "exchange", 1.1, 1.2, 600.0, ""),
    ]
    ids, sector, kind, xs, ys, serves, curve = zip(*rows, strict=True)
    places = list(zip(xs, ys, strict=True))
    return Lifelines(
        id=ids,
        sector=sector,
        kind=kind,
        xy=_points(*places),
        zone=np.array([_zone_at(*p) for p in places], dtype=np.int32),
        road_node=np.array([_node(*p) for p in places], dtype=np.int32),
        serves=np.array(serves),
        curve=curve,
        restoration=kind,
        capacity=np.full(len(ids), NAN),
    )


def _mains(lifelines: Lifelines) -> Mains:
    pairs = [(0, 1), (0, 2), (1, 3), (1, 4), (2, 5), (2, 6), (7, 8), (8, 9)]
    material = tuple("" if b < 7 else ("brittle", "ductile")[b % 2] for _, b in pairs)
    xy = lifelines.xy
    return Mains(
        id=tuple(f"M-{i + 1}" for i in range(len(pairs))),
        sector=tuple("power" if b < 7 else "water" for _, b in pairs),
        start=np.array([a for a, _ in pairs], dtype=np.int32),
        end=np.array([b for _, b in pairs], dtype=np.int32),
        length_m=np.full(len(pairs), 600.0, dtype=np.float32),
        zone=np.array([lifelines.zone[b] for _, b in pairs], dtype=np.int32),
        material=material,
        diameter_m=np.full(len(pairs), NAN, dtype=np.float32),
        capacity=np.full(len(pairs), NAN, dtype=np.float32),
        shapes=shapes([[tuple(xy[a]), tuple(xy[b])] for a, b in pairs]),
    )


# Node → groups of (service, shortest and longest backup [h], suppliers).
_NEEDS: dict[str, list[tuple[str, float, float, list[str]]]] = {
    "GEN-1": [],
    "SUB-1": [("power", 0, 0, ["GEN-1"])],
    "SUB-2": [("power", 0, 0, ["GEN-1"])],
    "FDR-1": [("power", 0, 0, ["SUB-1"])],
    "FDR-2": [("power", 0, 0, ["SUB-1"])],
    "FDR-3": [("power", 0, 0, ["SUB-2"])],
    "FDR-4": [("power", 0, 0, ["SUB-2"])],
    "TEX-1": [("power", 4, 8, ["FDR-3"])],
    "WTP-1": [("power", 0, 12, ["FDR-4"])],
    "PMP-1": [("power", 0, 4, ["FDR-2"]), ("water", 0, 0, ["WTP-1"])],
    "TNK-1": [("water", 6, 24, ["PMP-1"])],
    "H-1": [
        ("power", 24, 72, ["FDR-1"]),
        ("water", 12, 48, ["TNK-1"]),
        ("telecom", 24, 72, ["TEX-1"]),
    ],
    "H-2": [
        ("power", 24, 72, ["FDR-3"]),
        ("water", 12, 48, ["TNK-1"]),
        ("telecom", 24, 72, ["TEX-1"]),
    ],
    "C-1": [("power", 0, 8, ["FDR-2"]), ("water", 0, 12, ["TNK-1"])],
    "S-1": [("water", 0, 12, ["TNK-1"])],
    "S-2": [("water", 0, 12, ["TNK-1"])],
    "S-3": [("water", 0, 12, ["TNK-1"])],
    "FIRE-1": [("power", 4, 24, ["FDR-3"])],
    "WH-1": [],
    "EOC-1": [("power", 24, 72, ["FDR-2"]), ("telecom", 4, 24, ["TEX-1"])],
}
_FEEDER_OF_ZONE = ("FDR-1", "FDR-2", "FDR-4", "FDR-1", "FDR-3", "FDR-3")


def _dependencies() -> Dependencies:
    needs = dict(_NEEDS)
    for zone, feeder in zip(ZONE_IDS, _FEEDER_OF_ZONE, strict=True):
        needs[f"zone:{zone}:access"] = []
        needs[f"zone:{zone}:power"] = [("power", 0, 0, [feeder])]
        needs[f"zone:{zone}:water"] = [("water", 0, 0, ["TNK-1"])]
        needs[f"zone:{zone}:telecom"] = [("telecom", 0, 0, ["TEX-1"]), ("power", 2, 8, [feeder])]
    needs["H-1"] = [*needs["H-1"], ("access", 48, 96, ["zone:101:access"])]
    node = tuple(needs)
    row = {name: i for i, name in enumerate(node)}
    groups = [g for name in node for g in needs[name]]
    return Dependencies(
        node=node,
        group_start=np.cumsum([0] + [len(needs[n]) for n in node]).astype(np.int32),
        service=tuple(g[0] for g in groups),
        backup_low_h=np.array([g[1] for g in groups], dtype=np.float64),
        backup_high_h=np.array([g[2] for g in groups], dtype=np.float64),
        supplier_start=np.cumsum([0] + [len(g[3]) for g in groups]).astype(np.int32),
        supplier=np.array([row[s] for g in groups for s in g[3]], dtype=np.int32),
    )


def _layers() -> tuple[Layer, ...]:
    rows = [
        ("zones", Origin.OBSERVED, 6, 1.0),
        ("population", Origin.OBSERVED, 600, 1.0),
        ("roads", Origin.OBSERVED, 31, 1.0),
        ("health_sites", Origin.OBSERVED, 3, 0.5),
        ("grid", Origin.DERIVED, 24, 1.0),
        ("coast", Origin.DERIVED, 2, 1.0),
        ("buildings", Origin.SYNTHETIC, 60, 1.0),
        ("power_network", Origin.SYNTHETIC, 7, 1.0),
        ("water_network", Origin.SYNTHETIC, 3, 1.0),
        ("telecom_network", Origin.SYNTHETIC, 1, 1.0),
        ("dependencies", Origin.SYNTHETIC, 40, 1.0),
        ("sensors", Origin.SYNTHETIC, 11, 0.8),
        ("terrain", Origin.MISSING, 0, 0.0),
        ("bathymetry", Origin.MISSING, 0, 0.0),
        ("soil", Origin.MISSING, 0, 0.0),
    ]
    return tuple(
        Layer(
            name=n,
            origin=o,
            source="made for tests",
            licence="Apache-2.0",
            version="1",
            count=c,
            coverage=s,
        )
        for n, o, c, s in rows
    )


@cache
def make_tiny_city() -> City:
    """Return the tiny city (always the same object)."""
    roads, lifelines = _roads(), _lifelines()
    facts = {
        "population_2024": 600.0,
        "dwellings": 150.0,
        "households": 150.0,
        "poverty_share": 0.1,
    }
    return City(
        id="tiny",
        name={"zh-CN": "小城", "en": "Tiny"},
        version="tiny-1",
        timezone="America/Santiago",
        bbox=(WEST, SOUTH, WEST + 3 * STEP_LON, SOUTH + 2 * STEP_LAT),
        zones=_zones(),
        grid=_grid(),
        buildings=_buildings(roads),
        roads=roads,
        facilities=_facilities(),
        lifelines=lifelines,
        mains=_mains(lifelines),
        dependencies=_dependencies(),
        stops=BusStops(
            id=("B-1", "B-2"),
            name=("First", "Last"),
            xy=_points((0.5, 0.7), (2.5, 1.3)),
            departures=np.array([20, 20], dtype=np.int32),
        ),
        terrain=Terrain.none(),
        datastreams=datastreams(),
        organisations=organisations(),
        teams=teams(),
        stocks=(
            Stock(facility="WH-1", item="water_l", quantity=3000.0),
            Stock(facility="WH-1", item="food_kcal", quantity=1_000_000.0),
            Stock(facility="WH-1", item="tent", quantity=20.0),
            Stock(facility="WH-1", item="blanket", quantity=200.0),
        ),
        layers=_layers(),
        facts=facts,
        fact_sources=dict.fromkeys(facts, "made for tests"),
    )
