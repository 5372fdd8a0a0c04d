"""Road graphs as two tables: nodes with coordinates, and links between them.

A zip, a folder, or the table of links with the other beside it; CSV with any delimiter, lines
before the header and lines of comment, and the TNTP form. Options: `nodes` and `links` (names of
the files), `time_unit` (`s`, `min`, `h`, `d`; usual: `min`), `length_unit` (`m`, `km`, `mi`, `ft`;
usual: `km`), `speed_unit` (`km/h`, `mph`, `m/s`), `encoding`. Columns: of nodes `node`, `x`, `y`;
of links `from`, `to`, and where there are any `length`, `time`, `speed`, `kind`, `name`.

The speed is the one stated, else length by time, else the distance between the ends by time. Links
there and back with the same speed, kind and name become one link that goes both ways. Lines are
straight: a table knows no bends.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from pyproj import Geod

from rencheng.adapters.cities.files.clipping import clipped_links
from rencheng.adapters.cities.files.coordinates import (
    crs_name,
    is_degrees,
    looks_swapped,
    to_lonlat,
)
from rencheng.adapters.cities.files.faults import Faults, check_size, refuse
from rencheng.adapters.cities.files.folders import layer_of_files
from rencheng.adapters.cities.formats.link_tables import Table, find_tables, numbers
from rencheng.adapters.cities.given import Given, Names, RawLinks
from rencheng.adapters.cities.readers import Job, Source
from rencheng.domain.city import F64, I64, Flags
from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.finding import Severity

TIMES_S = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
LENGTHS_M = {"m": 1.0, "km": 1000.0, "mi": 1609.344, "ft": 0.3048}
SPEEDS_KM_H = {"km/h": 1.0, "mph": 1.609344, "m/s": 3.6}
# Slower than walking or faster than any road: the units are wrong or the value is. No source.
_ODD_KM_H = (1.0, 200.0)
# Two directions of one street: speeds alike to this share. No source: house default.
_SAME = 0.01
_UNKNOWN_KIND = "road"
"""OpenStreetMap's word for a road of unknown class."""


class RoadTable:
    """Reads a table of nodes and a table of links."""

    layers = ("roads",)

    def read(self, source: Source, file: Path, job: Job) -> Given:
        """Return the road graph; see `readers.Reader`.

        Raises
        ------
        InvalidInputError
            When a table, a column or the coordinate system is missing, an option is not known, or
            no link has both ends.
        TooMuchError
            When it does not fit the job's memory.
        """
        units = _units(source)
        check_size(file, job, factor=0.0)
        nodes, links, wrong = find_tables(source, file, job)
        refuse(source.id, file, wrong)
        assert nodes is not None and links is not None
        job.go_on(0.5)
        faults = Faults("roads")
        for table in (nodes, links):
            ragged = [f"{table.name}:{line}" for line in table.ragged]
            faults.add("roads_ragged", Severity.WARNING, ragged)
        ids, xy = _places(source, file, nodes, faults)
        roads = _links(source, file, links, (ids, xy), (units, faults))
        job.go_on(0.9)
        roads = clipped_links(roads, job.clip)
        files = [file.parent / t.name for t in (nodes, links)] if file.is_file() else [file]
        files = files if all(one.is_file() for one in files) else [file]
        crs = crs_name(source.crs) if source.crs else "EPSG:4326"
        return Given(
            roads=roads,
            layers=(layer_of_files("roads", source, files, roads.start.size, crs=crs),),
            findings=faults.findings,
        )  # fmt: skip


READER = RoadTable()


def _units(source: Source) -> tuple[float, float, float]:
    """Return seconds, metres and km/h of the units of time, length and speed."""
    found = []
    for option, usual, known in (
        ("time_unit", "min", TIMES_S), ("length_unit", "km", LENGTHS_M),
        ("speed_unit", "km/h", SPEEDS_KM_H),
    ):  # fmt: skip
        value = str(source.options.get(option, usual))
        if value not in known:
            raise InvalidInputError(
                "osm.option",
                f"source {source.id!r}: {option} is {value!r}",
                hint=f"Use one of {', '.join(known)}",
                params={
                    "source": source.id, "option": option, "value": value,
                    "allowed": ", ".join(known),
                },
            )  # fmt: skip
        found.append(known[value])
    return found[0], found[1], found[2]


def _places(source: Source, file: Path, nodes: Table, faults: Faults) -> tuple[Names, F64]:
    """Return ids and lon, lat of the nodes that have a place, each id once."""
    ids = nodes.column("node")
    xy = np.column_stack([numbers(nodes.column("x")), numbers(nodes.column("y"))])
    known = np.isfinite(xy).all(axis=1)
    is_odd = bool((np.abs(xy[known]) > 360).any())
    if is_odd and (not source.crs or is_degrees(source.crs)):
        fault = Fault(
            where=nodes.name, key="roads.crs", problem="coordinates beyond 360 are no degrees",
            hint="Name the system in crs, such as EPSG:4547",
        )  # fmt: skip
        refuse(source.id, file, [fault])
    if looks_swapped(xy[known]) and (not source.crs or is_degrees(source.crs)):
        faults.add("roads_axes", Severity.WARNING, ids[known], xy[known, ::-1])
        xy = xy[:, ::-1]
    xy = to_lonlat(xy, source.crs)
    known &= np.isfinite(xy).all(axis=1) & (np.abs(xy[:, 0]) <= 180) & (np.abs(xy[:, 1]) <= 90)
    faults.add("roads_node_unread", Severity.WARNING, ids[~known])
    ids, xy = ids[known], np.round(xy[known], 7)
    _, first = np.unique(ids.astype(str), return_index=True)
    once = np.zeros(ids.size, dtype=np.bool_)
    once[first] = True
    faults.add("roads_node_twice", Severity.WARNING, ids[~once], xy[~once])
    return ids[once], xy[once]


def _links(
    source: Source,
    file: Path,
    table: Table,
    nodes: tuple[Names, F64],
    tools: tuple[tuple[float, float, float], Faults],
) -> RawLinks:
    (ids, xy), (units, faults) = nodes, tools
    row = {name: i for i, name in enumerate(ids.tolist())}
    start = np.array([row.get(v, -1) for v in table.column("from").tolist()], dtype=np.int64)
    end = np.array([row.get(v, -1) for v in table.column("to").tolist()], dtype=np.int64)
    names = _link_names(table)
    lost, loop = (start < 0) | (end < 0), (start == end) & (start >= 0)
    faults.add("roads_link_no_node", Severity.WARNING, names[lost])
    faults.add("roads_link_loop", Severity.INFO, names[loop], xy[start[loop]])
    good = ~(lost | loop)
    if not good.any():
        fault = Fault(
            where=table.name, key="roads.nothing", problem="no link has both of its ends placed",
            hint="Check that the links name nodes as the table of nodes does",
            count=int(good.size), first=tuple(names[:3].tolist()),
        )  # fmt: skip
        refuse(source.id, file, [fault])
    speed = _speeds(table, xy, start, end, units)
    low, high = _ODD_KM_H
    odd = good & ((speed < low) | (speed > high))
    middle = (xy[start] + xy[end]) / 2
    faults.add("roads_speed_odd", Severity.WARNING, names[odd], middle[odd])
    speed[odd] = np.nan
    kind, name = _kinds(source, table), table.column("name")
    keep, both = _paired(start[good], end[good], speed[good], (kind[good], name[good]))
    at = np.flatnonzero(good)[keep]
    used, ends = np.unique(np.concatenate([start[at], end[at]]), return_inverse=True)
    pairs = xy[np.column_stack([start[at], end[at]])]
    return RawLinks(
        node_xy=xy[used],
        start=ends[: at.size].astype(np.int64),
        end=ends[at.size :].astype(np.int64),
        direction=np.where(both, 0, 1).astype(np.int8),
        kind=kind[at],
        name=name[at],
        speed_km_h=speed[at],
        lines=np.asarray(shapely.linestrings(pairs), dtype=object),
    )


def _link_names(table: Table) -> Names:
    """Return how to call each link in a finding: its own id, else its two ends."""
    ids = table.column("id")
    ends = table.column("from") + "→" + table.column("to")
    out: Names = np.where(ids != "", ids, ends)
    return out


def _kinds(source: Source, table: Table) -> Names:
    kind = table.column("kind")
    for theirs, ours in source.values.get("kind", {}).items():
        kind = np.where(kind == theirs, ours, kind)
    # A bare number is a code that only a mapping could explain.
    coded = np.array([not v or v.replace(".", "", 1).isdigit() for v in kind.tolist()], dtype=bool)
    out: Names = np.where(coded, _UNKNOWN_KIND, kind)
    return out


def _speeds(table: Table, xy: F64, start: I64, end: I64, units: tuple[float, float, float]) -> F64:
    """Return the speed stated or driven, NaN where neither is known. [km/h] (links,)"""
    time_s, length_m, speed_km_h = units
    stated = numbers(table.column("speed")) * speed_km_h
    length = numbers(table.column("length")) * length_m
    a, b = xy[start], xy[end]
    _, _, straight = Geod(ellps="WGS84").inv(a[:, 0], a[:, 1], b[:, 0], b[:, 1])
    length = np.where(length > 0, length, straight)
    time = numbers(table.column("time")) * time_s
    driven = np.divide(length * 3.6, time, out=np.full(time.size, np.nan), where=time > 0)
    out: F64 = np.where(stated > 0, stated, driven)
    return out


def _paired(start: I64, end: I64, speed: F64, words: tuple[Names, Names]) -> tuple[I64, Flags]:
    """Return the links to keep, and which of them stand for both directions."""
    low, high = np.minimum(start, end), np.maximum(start, end)
    forward = start < end
    _, word = np.unique((words[0] + "\n" + words[1]).astype(str), return_inverse=True)
    order = np.lexsort((~forward, word, high, low))
    same = np.zeros(order.size, dtype=np.bool_)
    one, other = order[:-1], order[1:]
    alike = np.abs(speed[one] - speed[other]) <= _SAME * speed[one]
    alike |= np.isnan(speed[one]) & np.isnan(speed[other])
    same[1:] = (
        (low[one] == low[other]) & (high[one] == high[other]) & (word[one] == word[other])
        & forward[one] & ~forward[other] & alike
    )  # fmt: skip
    both = np.zeros(order.size, dtype=np.bool_)
    both[order[:-1][same[1:]]] = True
    kept = np.sort(order[~same])
    return kept, both[kept]
