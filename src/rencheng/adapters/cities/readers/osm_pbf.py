"""OpenStreetMap extracts in PBF: streets, buildings, facilities, units, stops.

Options: `classes` (values of `highway` to take, separated by commas), `names` (keys of names, the
first that a thing carries is taken), `admin_level` (of the zones), `boundary` (name or number of
the relation that is the city). Stops are read only when `layers` names them: a timetable says more.

Permanent ids: a building's is its way's number, or its relation's number with a minus sign.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import shapely

from rencheng.adapters.cities.files.clipping import clipped_links, kept, touching
from rencheng.adapters.cities.files.faults import Faults, check_size
from rencheng.adapters.cities.formats import osm_tags
from rencheng.adapters.cities.formats.osm.extract import Extract, read_extract
from rencheng.adapters.cities.formats.osm.places import read_places, read_stops
from rencheng.adapters.cities.formats.osm.roads import read_roads
from rencheng.adapters.cities.formats.osm.stock import read_buildings, read_units
from rencheng.adapters.cities.formats.stating import layer_of
from rencheng.adapters.cities.given import Given
from rencheng.adapters.cities.readers import Job, Source
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.finding import Severity

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
        _check_options(source)
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
        faults = {layer: Faults(layer) for layer in self.layers}
        found = _tables(source, job, extract, names, faults)
        for layer in source.layers:
            if layer in faults and layer not in found:
                faults[layer].add("osm_nothing", Severity.WARNING, [layer], layer=layer)
        job.go_on(1.0)
        stated = replace(source, licence=source.licence or LICENCE)
        return Given(
            **found,
            layers=tuple(
                layer_of(name, stated, file, _count(table), crs="EPSG:4326")
                for name, table in found.items()
                if name != "boundary"
            ),
            findings=tuple(finding for of in faults.values() for finding in of.findings),
        )


READER = OsmPbf()


def _tables(
    source: Source, job: Job, extract: Extract, names: tuple[str, ...], faults: dict[str, Faults]
) -> dict[str, Any]:
    """Return the tables wanted of which the extract holds anything, inside the box."""
    wanted, box = source.layers or _DEFAULT, job.clip
    found: dict[str, Any] = {}
    if "roads" in wanted:
        classes = _listed(source, "classes", osm_tags.CAR_CLASSES)
        found["roads"] = clipped_links(read_roads(extract, classes, names, faults["roads"]), box)
    job.go_on(0.8)
    if "buildings" in wanted:
        buildings = read_buildings(extract, faults["buildings"])
        found["buildings"] = kept(buildings, touching(buildings.areas, box))
    job.go_on(0.9)
    if "facilities" in wanted:
        places = read_places(extract, names, faults["facilities"])
        found["facilities"] = kept(places, touching(shapely.points(places.xy), box))
    if "stops" in wanted:
        stops = read_stops(extract, names, faults["stops"])
        found["stops"] = kept(stops, touching(shapely.points(stops.xy), box))
    if "zones" in wanted or "boundary" in wanted:
        level = source.options.get("admin_level")
        zones, city = read_units(
            extract,
            int(level) if level is not None and "zones" in wanted else None,
            str(source.options.get("boundary", "")) if "boundary" in wanted else "",
            names,
            faults["zones"],
        )
        if city is not None:
            found["boundary"] = city
        if zones is not None and "zones" in wanted:
            found["zones"] = kept(zones, touching(zones.areas, box))
    return {name: table for name, table in found.items() if _count(table)}


def _check_options(source: Source) -> None:
    level = source.options.get("admin_level", 8)
    if not str(level).isdigit() or not 1 <= int(level) <= 12:
        raise InvalidInputError(
            "osm.option",
            f"source {source.id!r}: admin_level is {level!r}",
            hint="Write a whole number from 1 to 12",
            params={
                "source": source.id, "option": "admin_level", "value": str(level),
                "allowed": "1-12",
            },
        )  # fmt: skip


def _count(table: Any) -> int:
    """Return how many rows a table has; a boundary is one."""
    rows = getattr(table, "start", getattr(table, "id", None))
    return 1 if rows is None else len(rows)


def _listed(source: Source, option: str, usual: tuple[str, ...]) -> tuple[str, ...]:
    text = str(source.options.get(option, ""))
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    return found or usual
