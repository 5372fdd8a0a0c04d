"""OpenStreetMap extracts in PBF: streets, buildings, facilities, units, stops.

Options: `classes` (values of `highway` to take, separated by commas), `names` (keys of names, the
first that a thing carries is taken), `admin_level` (of the zones), `boundary` (name or number of
the relation that is the city). Stops are read only when `layers` names them: a timetable says more.

Permanent ids: a building's is its way's number, or its relation's number with a minus sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from rencheng.adapters.cities import osm_tags
from rencheng.adapters.cities.faults import Faults, check_size
from rencheng.adapters.cities.given import Given, RawLinks
from rencheng.adapters.cities.osm.extract import Extract, read_extract
from rencheng.adapters.cities.osm.places import read_places, read_stops
from rencheng.adapters.cities.osm.roads import read_roads
from rencheng.adapters.cities.osm.stock import read_buildings, read_units
from rencheng.adapters.cities.readers import Box, Job, Source
from rencheng.domain.city import Flags
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.provenance import Layer, Origin

LICENCE = "ODbL-1.0"
MEMORY_FACTOR = 20.0
"""Peak memory as a multiple of the file, measured; see `benchmarks/importing.py`."""
_READ = 0.7
"""Share of the time that unpacking the file takes, for the bar that shows how far it is."""
_DEFAULT = ("roads", "buildings", "facilities", "zones", "boundary")


class OsmPbf:
    """Reads an OpenStreetMap extract."""

    layers = ("roads", "buildings", "facilities", "zones", "boundary", "stops")

    def read(self, source: Source, file: Path, job: Job) -> Given:
        """Return what the file says of the layers wanted; see `readers.Reader`.

        Raises
        ------
        InvalidInputError
            When it is no PBF file, truncated, damaged or empty, or an option names what is not
            there.
        TooMuchError
            When reading it would take more memory than the job has.
        """
        check_size(file, job, factor=MEMORY_FACTOR)
        wanted = source.layers or _DEFAULT
        names = _listed(source, "names", osm_tags.NAME_KEYS)
        keys = tuple(
            dict.fromkeys(
                [key for layer in wanted for key in osm_tags.KEYS_OF.get(layer, ())]
                + (list(osm_tags.KEYS_OF["zones"]) if "boundary" in wanted else [])
                + ["name", *names]
            )
        )
        extract = read_extract(file, keys, lambda share: job.go_on(_READ * share))
        if extract.way_id.size == 0 and extract.node_tags.row.size == 0:
            raise InvalidInputError(
                "osm.empty",
                f"{file.name} holds {extract.node_id.size} nodes, no way and no tag",
                hint="Make an extract with ways and relations, not a file of changes or of nodes",
                params={"file": file.name, "nodes": extract.node_id.size},
            )
        return _given(source, file, job, extract, names)


READER = OsmPbf()


def _given(source: Source, file: Path, job: Job, extract: Extract, names: tuple[str, ...]) -> Given:
    wanted = source.layers or _DEFAULT
    box, found, counts = job.clip, {}, {}
    faults = {layer: Faults(layer) for layer in OsmPbf.layers}
    if "roads" in wanted:
        classes = _listed(source, "classes", osm_tags.CAR_CLASSES)
        roads = read_roads(extract, classes, names, faults["roads"])
        found["roads"] = _clipped_links(roads, box)
        counts["roads"] = found["roads"].start.size
    job.go_on(0.8)
    if "buildings" in wanted:
        buildings = read_buildings(extract, faults["buildings"])
        found["buildings"] = _kept(buildings, _touching(buildings.areas, box))
        counts["buildings"] = found["buildings"].id.size
    job.go_on(0.9)
    if "facilities" in wanted:
        places = read_places(extract, names, faults["facilities"])
        found["facilities"] = _kept(places, _touching(shapely.points(places.xy), box))
        counts["facilities"] = found["facilities"].id.size
    if "stops" in wanted:
        stops = read_stops(extract, names, faults["stops"])
        found["stops"] = _kept(stops, _touching(shapely.points(stops.xy), box))
        counts["stops"] = found["stops"].id.size
    if "zones" in wanted or "boundary" in wanted:
        level = source.options.get("admin_level") if "zones" in wanted else None
        boundary = str(source.options.get("boundary", "")) if "boundary" in wanted else ""
        zones, city = read_units(
            extract, None if level is None else int(level), boundary, names, faults["zones"]
        )
        found["boundary"] = city
        if zones is not None and "zones" in wanted:
            found["zones"] = replace(
                _kept(replace(zones, age=zones.age.T), _touching(zones.areas, box)),
            )
            found["zones"] = replace(found["zones"], age=found["zones"].age.T)
            counts["zones"] = found["zones"].id.size
    job.go_on(1.0)
    version = _digest(file)
    return Given(
        **{name: table for name, table in found.items() if counts.get(name, 1)},
        layers=tuple(
            _layer(name, count, source, file, version) for name, count in counts.items() if count
        ),
        findings=tuple(finding for of in faults.values() for finding in of.findings),
    )


def _listed(source: Source, option: str, usual: tuple[str, ...]) -> tuple[str, ...]:
    text = str(source.options.get(option, ""))
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    return found or usual


def _touching(geometries: Any, box: Box | None) -> Flags:
    """Return which geometries touch the box. (n,)"""
    bounds = shapely.bounds(geometries)
    if box is None:
        return np.ones(len(bounds), dtype=np.bool_)
    west, south, east, north = box
    near = (bounds[:, 0] <= east) & (bounds[:, 2] >= west)
    near &= (bounds[:, 1] <= north) & (bounds[:, 3] >= south)
    near[near] = shapely.intersects(np.asarray(geometries)[near], shapely.box(*box))
    return np.asarray(near, dtype=np.bool_)


def _kept(table: Any, rows: Flags) -> Any:
    """Return a table with some of its rows."""
    if rows.all():
        return table
    columns: Mapping[str, Any] = {
        name: getattr(table, name)[rows] for name in table.__dataclass_fields__
    }
    return replace(table, **columns)


def _clipped_links(links: RawLinks, box: Box | None) -> RawLinks:
    rows = _touching(links.lines, box)
    if rows.all():
        return links
    used, ends = np.unique(
        np.concatenate([links.start[rows], links.end[rows]]), return_inverse=True
    )
    half = int(rows.sum())
    return RawLinks(
        node_xy=links.node_xy[used],
        start=ends[:half].astype(np.int64),
        end=ends[half:].astype(np.int64),
        direction=links.direction[rows], kind=links.kind[rows], name=links.name[rows],
        speed_km_h=links.speed_km_h[rows], lines=links.lines[rows],
    )  # fmt: skip


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        whole = sha256()
        while part := stream.read(1 << 20):
            whole.update(part)
    return whole.hexdigest()[:12]


def _layer(name: str, count: int, source: Source, file: Path, version: str) -> Layer:
    return Layer(
        name=name, origin=Origin(source.origin), source=source.citation or file.name,
        licence=source.licence or LICENCE, version=version, count=count, coverage=0.0,
        as_of=source.as_of, crs="EPSG:4326",
    )  # fmt: skip
