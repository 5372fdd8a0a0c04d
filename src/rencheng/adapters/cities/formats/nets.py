"""From nodes and links as a network file words them to a `RawNetwork`: places, checks, clip."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from rencheng.adapters.cities.files.coordinates import to_lonlat
from rencheng.adapters.cities.files.faults import Faults
from rencheng.adapters.cities.given import RawNetwork
from rencheng.adapters.cities.readers import Box, Job, Source
from rencheng.domain.city import F64
from rencheng.domain.errors import InvalidInputError, Param
from rencheng.domain.finding import Severity

FAR = 0.25
"""A stated length that differs from the drawn one by more than this share is counted. Ours."""
SHORT_M = 50.0
"""Below this, stated and drawn lengths are not compared. [m] Ours."""
_EARTH_M = 6371008.8


@dataclass(slots=True)
class Link:
    """One pipe, line or drain before it is checked."""

    id: str
    start: str
    end: str
    length_m: float = math.nan
    """As stated; NaN where the file states none."""
    diameter_m: float = math.nan
    material: str = ""
    capacity: float = math.nan
    is_measured: bool = False
    """Whether a length of zero or less is a fault, as for pipes."""


@dataclass(slots=True)
class Draft:
    """A network as its file says it."""

    sector: str
    nodes: dict[str, tuple[str, float]] = field(default_factory=dict)
    """Kind and capacity by id."""
    places: dict[str, tuple[float, float]] = field(default_factory=dict)
    """In the coordinates of the file."""
    links: list[Link] = field(default_factory=list)
    bends: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """Points between the ends of a link, by its id."""
    twice: list[str] = field(default_factory=list)
    """Ids that came a second time and were left out."""
    closed: list[str] = field(default_factory=list)
    """Links that are closed or out of service, and were left out."""
    taken: set[str] = field(default_factory=set)

    def add_node(self, name: str, kind: str, capacity: float = math.nan) -> None:
        """Add a node unless there is one of that name."""
        if name in self.nodes:
            self.twice.append(name)
        else:
            self.nodes[name] = (kind, capacity)

    def add_link(self, link: Link) -> None:
        """Add a link unless there is one of that name."""
        if link.id in self.taken:
            self.twice.append(link.id)
        else:
            self.taken.add(link.id)
            self.links.append(link)

    def add_device(self, link: Link, kind: str, capacity: float) -> None:
        """Add what the file draws as a link but can fail as a place: a pump stands halfway.

        It gets the link's own name, because dependencies speak of it, or `<kind>:<name>` where a
        node has that name already.
        """
        if link.id in self.taken:
            self.twice.append(link.id)
            return
        self.taken.add(link.id)
        name = link.id if link.id not in self.nodes else f"{kind}:{link.id}"
        self.add_node(name, kind, capacity)
        ends = [self.places.get(link.start), self.places.get(link.end)]
        known = [place for place in ends if place is not None]
        if len(known) == 2:
            self.places[name] = (
                (known[0][0] + known[1][0]) / 2,
                (known[0][1] + known[1][1]) / 2,
            )
        elif known:
            self.places[name] = known[0]
        self.links.append(Link(f"{link.id}:in", link.start, name))
        self.links.append(Link(f"{link.id}:out", name, link.end))


def make_network(draft: Draft, source: Source, job: Job) -> tuple[RawNetwork, Faults]:
    """Return the network with places in lon, lat, and what was wrong with single rows.

    Left out and counted: what has no place, what came twice, links whose end is no node or whose
    two ends are one. Kept without the number and counted: diameters that are not above zero.

    Raises
    ------
    InvalidInputError
        When nothing has coordinates, they are in no stated system, or all lies elsewhere.
    """
    faults = Faults(draft.sector)
    faults.add("net_twice", Severity.WARNING, draft.twice)
    faults.add("net_closed", Severity.INFO, draft.closed)
    names = [name for name in draft.nodes if name in draft.places]
    if not names:
        raise InvalidInputError(
            "net.no_places",
            f"source {source.id!r}: no node has coordinates",
            hint="Save the network with its map coordinates",
            params={"source": source.id, "nodes": len(draft.nodes)},
        )
    faults.add("net_no_place", Severity.WARNING, [n for n in draft.nodes if n not in draft.places])
    drawn = np.array([draft.places[name] for name in names], dtype=np.float64)
    xy = lonlat_of(drawn, source, faults)
    links = _sound(draft, dict(zip(names, xy.tolist(), strict=True)), faults)
    row = {name: i for i, name in enumerate(names)}
    start = np.array([row[link.start] for link in links], dtype=np.int32)
    end = np.array([row[link.end] for link in links], dtype=np.int32)
    lines = _lines(draft, links, xy, (start, end), source, faults)
    _compare(links, lines, faults)
    network = RawNetwork(
        sector=draft.sector,
        id=_words(names),
        kind=_words(draft.nodes[name][0] for name in names),
        xy=xy,
        capacity=np.array([draft.nodes[name][1] for name in names], dtype=np.float64),
        link_id=_words(link.id for link in links),
        start=start,
        end=end,
        lines=lines,
        material=_words(link.material for link in links),
        diameter_m=np.array([link.diameter_m for link in links], dtype=np.float64),
        link_capacity=np.array([link.capacity for link in links], dtype=np.float64),
    )
    return (network if job.clip is None else _clipped(network, job.clip, source)), faults


def lonlat_of(xy: F64, source: Source, faults: Faults) -> F64:
    """Return lon, lat of coordinates that a network file gives without saying in what system.

    Raises
    ------
    InvalidInputError
        When the recipe names no `crs` and they cannot be degrees, or what it names gives no place.
    """
    low, high = xy.min(axis=0), xy.max(axis=0)
    params: dict[str, Param] = {
        "source": source.id,
        "west": f"{low[0]:.6g}",
        "east": f"{high[0]:.6g}",
        "south": f"{low[1]:.6g}",
        "north": f"{high[1]:.6g}",
    }
    if not source.crs:
        if (np.abs(xy) > (180.0, 90.0)).any():
            raise InvalidInputError(
                "net.no_crs",
                f"source {source.id!r}: coordinates are no degrees and the recipe says no crs",
                hint="Write crs = 'EPSG:…' beside the source",
                params=params,
            )
        faults.add("net_crs_assumed", Severity.WARNING, [source.id])
        return xy
    found = to_lonlat(xy, source.crs)
    if not (np.isfinite(found) & (np.abs(found) <= (180.0, 90.0))).all():
        raise InvalidInputError(
            "net.wrong_crs",
            f"source {source.id!r}: coordinates lie outside the earth in {source.crs}",
            hint="Check the crs of the source",
            params={**params, "crs": source.crs},
        )
    return found


def _sound(draft: Draft, places: dict[str, list[float]], faults: Faults) -> list[Link]:
    kept: list[Link] = []
    bad: dict[str, list[tuple[str, tuple[str, str]]]] = {
        "net_dangling": [], "net_loop": [], "net_length": [], "net_diameter": [],
    }  # fmt: skip
    for link in draft.links:
        ends = (link.start, link.end)
        if link.start not in places or link.end not in places:
            bad["net_dangling"].append((link.id, ends))
            continue
        if link.start == link.end:
            bad["net_loop"].append((link.id, ends))
            continue
        if link.is_measured and not link.length_m > 0:
            bad["net_length"].append((link.id, ends))
            link.length_m = math.nan
        if link.diameter_m <= 0:
            bad["net_diameter"].append((link.id, ends))
            link.diameter_m = math.nan
        kept.append(link)
    for key, rows in bad.items():
        where = [
            next((places[end] for end in ends if end in places), [math.nan, math.nan])
            for _, ends in rows
        ]
        weight = Severity.ERROR if key == "net_dangling" else Severity.WARNING
        faults.add(key, weight, [name for name, _ in rows], places=where)
    return kept


def _lines(
    draft: Draft,
    links: list[Link],
    xy: F64,
    ends: tuple[NDArray[np.int32], NDArray[np.int32]],
    source: Source,
    faults: Faults,
) -> NDArray[np.object_]:
    """Return the line of each link, through its bends as far as they lie on earth."""
    bends = [draft.bends.get(link.id, []) for link in links]
    counts = np.array([len(points) for points in bends], dtype=np.int64)
    total = int(counts.sum()) + 2 * len(links)
    if not total:
        return np.empty(0, dtype=object)
    first = np.concatenate([[0], np.cumsum(counts + 2)[:-1]])
    points = np.empty((total, 2))
    points[first] = xy[ends[0]]
    points[first + counts + 1] = xy[ends[1]]
    inner = np.ones(total, dtype=bool)
    inner[first] = inner[first + counts + 1] = False
    if inner.any():
        drawn = np.array([p for points in bends for p in points], dtype=np.float64)
        points[inner] = to_lonlat(drawn, source.crs) if source.crs else drawn
    owner = np.repeat(np.arange(len(links)), counts + 2)
    good = (np.isfinite(points) & (np.abs(points) <= (180.0, 90.0))).all(axis=1)
    faults.add("net_bend", Severity.WARNING, [links[i].id for i in np.unique(owner[~good])])
    lines: NDArray[np.object_] = shapely.linestrings(points[good], indices=owner[good])
    return lines


def lengths_m(lines: NDArray[np.object_]) -> F64:
    """Return the length of each line in lon, lat over a sphere of the earth's mean radius. [m]"""
    points, owner = shapely.get_coordinates(lines, return_index=True)
    lon, lat = np.radians(points).T
    step = np.hypot(np.diff(lat), np.diff(lon) * np.cos((lat[1:] + lat[:-1]) / 2))
    same = owner[1:] == owner[:-1]
    summed = np.bincount(owner[1:][same], step[same], minlength=len(lines)) * _EARTH_M
    return np.asarray(summed, dtype=np.float64)


def _compare(links: list[Link], lines: NDArray[np.object_], faults: Faults) -> None:
    stated = np.array([link.length_m for link in links], dtype=np.float64)
    drawn = lengths_m(lines)
    known = (stated > SHORT_M) & (drawn > SHORT_M)
    if not known.any():
        return
    ratio = np.full(len(links), np.nan)
    ratio[known] = stated[known] / drawn[known]
    far = known & (np.abs(np.log(np.where(known, ratio, 1.0))) > math.log(1 + FAR))
    rows = np.flatnonzero(far)
    middle = shapely.get_coordinates(
        shapely.line_interpolate_point(lines[rows], 0.5, normalized=True)
    )
    severity = Severity.WARNING if len(rows) * 2 > known.sum() else Severity.INFO
    faults.add(
        "net_length_differs",
        severity,
        [links[i].id for i in rows],
        places=middle,
        compared=int(known.sum()),
        ratio=float(np.median(ratio[known])),
    )


def _clipped(network: RawNetwork, clip: Box, source: Source) -> RawNetwork:
    """Keep what touches the box, and the far ends of links that do."""
    box = shapely.box(*clip)
    west, south, east, north = clip
    x, y = network.xy.T
    inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    touches = shapely.intersects(network.lines, box)
    inside[network.start[touches]] = inside[network.end[touches]] = True
    if not inside.any():
        raise InvalidInputError(
            "net.elsewhere",
            f"source {source.id!r}: all of it lies outside the city",
            hint="Check the crs of the source, or the box of the city",
            params={
                "source": source.id,
                "crs": source.crs or "EPSG:4326",
                "lon": float(np.median(x)),
                "lat": float(np.median(y)),
            },
        )
    row = np.cumsum(inside, dtype=np.int32) - 1
    return RawNetwork(
        sector=network.sector,
        id=network.id[inside],
        kind=network.kind[inside],
        xy=network.xy[inside],
        capacity=network.capacity[inside],
        link_id=network.link_id[touches],
        start=row[network.start[touches]],
        end=row[network.end[touches]],
        lines=network.lines[touches],
        material=network.material[touches],
        diameter_m=network.diameter_m[touches],
        link_capacity=network.link_capacity[touches],
    )


def material_of(word: str, source: Source) -> str:
    """Return `brittle`, `ductile` or nothing for a pipe's material as the file or city words it.

    The recipe's `values.material` comes first, then common names. Asbestos cement, concrete and
    cast iron are brittle; ductile iron, steel and plastics ductile, as in the HAZUS earthquake
    manual's chapter on potable water pipelines; its rule for steel before 1935 needs the year.
    """
    if not word:
        return ""
    said = source.values.get("material", {}).get(word)
    return said if said is not None else _MATERIALS.get(word.strip().upper(), "")


_MATERIALS = {
    **dict.fromkeys(
        ("BRITTLE", "CI", "CAST IRON", "CAS", "AC", "ASBESTOS", "ASBESTOS CEMENT", "CONCRETE",
         "RC", "RCP", "PCCP", "GREY IRON", "铸铁", "灰口铸铁", "石棉水泥", "混凝土", "水泥"),
        "brittle",
    ),
    **dict.fromkeys(
        ("DUCTILE", "DI", "DIP", "DUCTILE IRON", "STEEL", "ST", "PVC", "UPVC", "PE", "HDPE",
         "MDPE", "PP", "GRP", "COPPER", "球墨铸铁", "钢", "钢管", "聚乙烯", "塑料"),
        "ductile",
    ),
}  # fmt: skip


def _words(items: Iterable[str]) -> NDArray[np.object_]:
    return np.array([*items, None], dtype=object)[:-1]
