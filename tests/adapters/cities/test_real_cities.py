"""Six real cities: each builds and checks, and its counts agree with counts made from the files.

The judges are the csv and json modules, osmium and rasterio; none of the code under test.
"""

from __future__ import annotations

import csv
import json
import shutil
import socket
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from pyproj import Geod

from rencheng.adapters.cities.build import Built, build
from rencheng.adapters.cities.check import check_city
from rencheng.adapters.cities.recipe import load_recipe
from rencheng.adapters.cities.sources import Work
from rencheng.domain.finding import Severity
from rencheng.domain.provenance import Origin
from shared_data import SHARED

RECIPES = Path(__file__).parent / "recipes"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SHARED.exists(), reason=f"no shared data: {SHARED} is absent"),
]
CAR = {
    "motorway", "trunk", "primary", "secondary", "tertiary", "motorway_link", "trunk_link",
    "primary_link", "secondary_link", "tertiary_link", "unclassified", "residential",
    "living_street", "road",
}  # fmt: skip


def rows_of(file: Path, skip: int = 0) -> list[dict[str, str]]:
    text = file.read_text(encoding="utf-8-sig").splitlines()[skip:]
    return [row for row in csv.DictReader(text) if any(row.values())]


def write(file: Path, header: str, rows: list[tuple]) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(header.split())
        writer.writerows(rows)


def cells() -> list[dict[str, str]]:
    return rows_of(SHARED / "porto_alegre" / "poa_hexgrid.csv")


def prepare_porto_alegre(folder: Path) -> None:
    """Write one site for each school and health site that a hexagon counts, at its middle."""
    for name, column in (("schools", "schools"), ("health", "healthcare")):
        sites = [
            (f"{name}-{cell['id']}-{k}", cell["lon"], cell["lat"])
            for cell in cells()
            for k in range(int(cell[column] or 0))
        ]
        write(folder / f"cells-{name}.csv", "id lon lat", sites)


def prepare_ambulance(folder: Path) -> None:
    """Write hospitals and stations without the line of remarks above their header."""
    for name in ("hospitals", "stations"):
        file = SHARED / "ambulance" / folder.name / name / f"{name}_1.csv"
        sites = [(f"{name}-{r['index']}", r["x"], r["y"]) for r in rows_of(file, 1) if r["index"]]
        write(folder / f"{name}.csv", "id lon lat", sites)


def prepare_shelby(folder: Path) -> None:
    """Write the pairs of pump and motor as a table of dependencies, without a backup."""
    pairs = rows_of(SHARED / "shelby" / "shelby" / "dependencies.csv")
    rows = [(p["water_id"], "power", 1, p["power_id"], 0, 0) for p in pairs]
    write(folder / "needs.csv", "node service group supplier backup_low_h backup_high_h", rows)


PREPARE: dict[str, Callable[[Path], None]] = {
    "porto-alegre": prepare_porto_alegre,
    "shelby": prepare_shelby,
    "auckland": prepare_ambulance,
    "manhattan": prepare_ambulance,
    "liechtenstein": lambda _: None,
    "baltimore": lambda _: None,
}


def make(name: str, state: Path, folder: Path) -> Built:
    shutil.copytree(RECIPES / name, folder / name, dirs_exist_ok=True)
    if not (folder / name / "data").exists():
        (folder / name / "data").symlink_to(SHARED)
    PREPARE[name](folder / name)
    return build(load_recipe(str(folder / name)), state, Work())


@pytest.fixture(scope="module")
def built(
    state: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Built]]:
    folder = tmp_path_factory.mktemp("cities")
    yield cache(lambda name: make(name, state, folder))


def keys(one: Built, layer: str = "") -> dict[str, int]:
    return {f.key: f.count for f in one.findings if layer in ("", f.layer)}


def kinds(one: Built) -> Counter[str]:
    return Counter(one.city.facilities.kind)


@cache
def streets(file: Path) -> float:
    """Return the length of all ways that cars use, as osmium reads them. [m]"""
    import osmium

    geod, total = Geod(ellps="WGS84"), 0.0
    for one in osmium.FileProcessor(str(file)).with_locations():
        if not one.is_way() or one.tags.get("highway") not in CAR:
            continue
        tags = [one.tags.get(k) for k in ("motorcar", "motor_vehicle", "vehicle", "access")]
        access = next((value for value in tags if value), "")
        if access in ("no", "private") or one.tags.get("area") == "yes":
            continue
        at = [(n.lon, n.lat) for n in one.nodes if n.location.valid()]
        total += geod.line_length([x for x, _ in at], [y for _, y in at])
    return total


def mapped_buildings(file: Path) -> int:
    """Return how many closed ways and multipolygons are tagged as buildings."""
    import osmium

    count = 0
    for one in osmium.FileProcessor(str(file)):
        if one.tags.get("building", "no") == "no":
            continue
        if one.is_way():
            count += len(one.nodes) > 3 and one.nodes[0].ref == one.nodes[-1].ref
        elif one.is_relation():
            count += one.tags.get("type") == "multipolygon"
    return count


@pytest.mark.parametrize("name", sorted(PREPARE))
def test_every_city_builds_and_every_figure_says_where_it_comes_from(built, name):
    city = built(name).city
    assert len(city.roads.id) > 200
    assert len({layer.name for layer in city.layers}) == len(city.layers)
    observed = {layer.name for layer in city.layers if layer.origin is Origin.OBSERVED}
    assert "roads" in observed
    assert all(layer.source for layer in city.layers if layer.origin is Origin.OBSERVED)
    found = check_city(city)
    assert all(one.text.key and one.mend.key for one in found)
    assert {one.key for one in found} >= {"missing_soil", "missing_bridges"}


@pytest.mark.parametrize("name", sorted(PREPARE))
def test_what_a_recipe_does_not_ask_for_is_not_invented(built, name):
    layers = {layer.name: layer.origin for layer in built(name).city.layers}
    made = {k for k, origin in layers.items() if origin is Origin.SYNTHETIC}
    people = {"population", "age_groups", "building_types", "occupants"}
    assert made <= {"teams", "organisations", "stocks"} | people


def test_liechtenstein_has_residents_and_dwellings_of_the_right_order(built):
    # 39,055 residents at the end of 2020 (Amt für Statistik), less than twice of which is near
    # enough for outlines without storeys or use; the extract holds about 9,000 buildings.
    city = built("liechtenstein").city
    assert 30_000 < city.zones.population.sum() < 60_000
    assert 15_000 < city.buildings.dwellings.sum(dtype=int) < 30_000


def test_a_build_opens_no_connection(state, tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("a build reached out")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert len(make("baltimore", state, tmp_path).city.roads.id) > 200


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("porto-alegre", "porto_alegre/poa_osm.pbf"),
        ("liechtenstein", "osm_small/liechtenstein-latest.osm.pbf"),
        ("baltimore", "osm_small/baltimore.osm.pbf"),
    ],
)
def test_streets_are_as_long_as_osmium_measures_them(built, name, file):
    ours = built(name).city.roads.length_m.sum(dtype=float)
    assert ours == pytest.approx(streets(SHARED / file), rel=0.005)


@pytest.mark.parametrize("name", ["liechtenstein", "baltimore"])
def test_buildings_are_those_mapped_less_those_left_out_with_a_finding(built, name):
    one = built(name)
    recipe_file = {"liechtenstein": "liechtenstein-latest", "baltimore": "baltimore"}[name]
    mapped = mapped_buildings(SHARED / "osm_small" / f"{recipe_file}.osm.pbf")
    left = keys(one, "buildings")
    gone = sum(left.get(k, 0) for k in ("buildings_outside", "osm_ring_open", "osm_building_twice"))
    assert len(one.city.buildings.id) == pytest.approx(mapped - gone, abs=3)
    assert np.isfinite(one.city.buildings.floor_area_m2).all()


def test_porto_alegre_warns_that_its_heights_are_unfit_for_flood_depth(built):
    import rasterio

    one = built("porto-alegre")
    found = {f.key: f for f in (*one.findings, *check_city(one.city))}
    assert found["terrain_whole_metres"].severity is Severity.WARNING
    assert found["terrain_surface"].severity is Severity.WARNING
    with rasterio.open(SHARED / "porto_alegre" / "poa_elevation.tif") as data:
        assert np.array_equal(one.city.terrain.z, data.read(1))


def test_porto_alegre_holds_everybody_and_every_site_of_its_cells(built):
    one = built("porto-alegre")
    people = sum(float(cell["population"] or 0) for cell in cells())
    assert one.city.zones.population.sum() == pytest.approx(people, rel=1e-9)
    assert kinds(one) == {
        "shelter": sum(int(cell["schools"] or 0) for cell in cells()),
        "primary_care": sum(int(cell["healthcare"] or 0) for cell in cells()),
    }


def test_porto_alegre_has_the_stops_of_both_timetables(built):
    used = 0
    for feed in ("poa_eptc", "poa_trensurb"):
        with zipfile.ZipFile(SHARED / "porto_alegre" / f"{feed}.zip") as archive:
            text = archive.read("stops.txt").decode("utf-8-sig").splitlines()
        used += len({r["stop_id"] for r in csv.DictReader(text) if r.get("location_type") != "1"})
    one = built("porto-alegre")
    assert len(one.city.stops.id) == used
    assert {name.partition(":")[0] for name in one.city.stops.id} == {"bus", "train"}


def test_shelby_county_has_the_networks_of_its_files(built):
    city = built("shelby").city
    nodes = Counter(zip(city.lifelines.sector, city.lifelines.kind, strict=True))
    stored = json.loads((SHARED / "shelby/shelby/power/power.json").read_text())["_object"]
    size = {t: len(json.loads(stored[t]["_object"])["index"]) for t in ("load", "ext_grid", "line")}
    assert nodes["power", "feeder"] == size["load"]
    assert nodes["power", "generation"] == size["ext_grid"]
    lines = [i for i, s in zip(city.mains.id, city.mains.sector, strict=True) if s == "power"]
    assert len([name for name in lines if not name.endswith(":in")]) == size["line"]
    sections: dict[str, list[list[str]]] = {}
    for line in (SHARED / "shelby/shelby/water/water.inp").read_text().splitlines():
        text = line.partition(";")[0].split()
        if text and text[0].startswith("["):
            rows = sections.setdefault(text[0], [])
        elif text:
            rows.append(text)
    assert nodes["water", "junction"] == len(sections["[JUNCTIONS]"])
    assert nodes["water", "tank"] == len(sections["[TANKS]"])
    assert nodes["water", "pump"] == len(sections["[PUMPS]"])
    stated = {row[0]: float(row[3]) for row in sections["[PIPES]"]}
    drawn = dict(zip(city.mains.id, city.mains.length_m.tolist(), strict=True))
    assert stated.keys() <= drawn.keys()
    # Nineteen lengths are placeholders (20, 100 and 1,000 m) for pipes of up to 11 km.
    real = [name for name, length in stated.items() if length not in (20.0, 100.0, 1000.0)]
    assert len(stated) - len(real) == 19
    assert sum(drawn[n] for n in real) == pytest.approx(sum(stated[n] for n in real), rel=0.01)
    assert keys(built("shelby"), "water")["net_length_differs"] == 12


def test_every_pump_of_shelby_county_needs_its_own_motor(built):
    graph = built("shelby").city.dependencies
    pairs = rows_of(SHARED / "shelby/shelby/dependencies.csv")
    row = {name: i for i, name in enumerate(graph.node)}
    for pair in pairs:
        (group,) = range(*graph.group_start[row[pair["water_id"]] :][:2])
        assert graph.service[group] == "power"
        suppliers = graph.supplier[slice(*graph.supplier_start[group : group + 2])]
        assert [graph.node[i] for i in suppliers] == [pair["power_id"]]
    assert len(graph.service) == len(pairs)


def test_shelby_county_has_the_streets_of_its_table(built):
    file = SHARED / "shelby/shelby/transportation/reduced/transpo_net.tntp"
    rows = [line.split("\t") for line in file.read_text().splitlines()[8:]]
    pairs = {frozenset(row[:2]) for row in rows if len(row) > 2 and row[0].startswith("T_J")}
    roads = built("shelby").city.roads
    ours = {frozenset(p) for p in zip(roads.start.tolist(), roads.end.tolist(), strict=True)}
    assert len(ours) == len(pairs)


@pytest.mark.parametrize("name", ["auckland", "manhattan"])
def test_every_arc_of_the_ambulance_graphs_is_a_way_to_drive(built, name):
    with zipfile.ZipFile(SHARED / "ambulance" / name / "travel/roads/roads.zip") as archive:
        text = archive.read("arcs.csv").decode().splitlines()
    header = next(i for i, line in enumerate(text) if line.startswith("index"))
    arcs = [row for row in csv.DictReader(text[header:]) if row["fromNode"]]
    driven = {(r["fromNode"], r["toNode"]) for r in arcs if r["fromNode"] != r["toNode"]}
    roads = built(name).city.roads
    both = roads.direction == 0
    assert int(both.sum()) * 2 + int((~both).sum()) == pytest.approx(len(driven), rel=0.001)
    assert (roads.speed_m_s > 0).all()


@pytest.mark.parametrize("name", ["auckland", "manhattan"])
def test_hospitals_and_stations_are_all_there(built, name):
    count = {
        kind: len([r for r in rows_of(SHARED / "ambulance" / name / kind / f"{kind}_1.csv", 1)
                   if r["index"]])
        for kind in ("hospitals", "stations")
    }  # fmt: skip
    assert kinds(built(name)) == {
        "hospital": count["hospitals"],
        "ambulance_station": count["stations"],
    }
