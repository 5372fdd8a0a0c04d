"""Networks that a source gives: nodes and lines with their zones, streets, curves and customers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from rencheng.adapters.cities.generate.networks import CURVES, RESTORATION, Site, Supply
from rencheng.adapters.cities.generate.places import zone_of
from rencheng.adapters.cities.given import RawNetwork
from rencheng.adapters.cities.ground import Ground, lines_shapes
from rencheng.domain.city import F64, I32, Lifelines, Mains, Shapes
from rencheng.domain.finding import DataFinding, Severity
from rencheng.domain.provenance import Text

# Where what flows enters the network, or, for drains, where it leaves it.
SOURCES = {
    "power": ("generation",),
    "water": ("treatment", "well"),
    "drainage": ("outfall",),
}
# Where it reaches residents: nodes of the first of these kinds that the network has.
ENDS = {
    "power": ("feeder", "substation"),
    "water": ("junction", "tank", "pump"),
    "drainage": ("junction", "storage", "pump"),
}
# Kinds for which the restoration table has a row.
_RESTORED = frozenset(CURVES)
# Sources do not say whether equipment is anchored; HAZUS' curves for unanchored are the weaker.
_UNANCHORED = "U"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One network as the city holds it, with what it supplies."""

    lifelines: Lifelines
    mains: Mains
    of_zone: I32
    """Node that supplies each zone: rows of these lifelines, empty where there is none. (zones,)"""
    above: dict[int, tuple[int, ...]]
    """Neighbours nearer to a source, any one of which is enough, by row."""
    findings: tuple[DataFinding, ...]


def record(raw: RawNetwork, site: Site, ground: Ground) -> Record:
    """Return a network as the city holds it.

    Notes
    -----
    Customers: each zone is supplied by the end node nearest to where its residents live (`ENDS`
    says which nodes are ends). From a source the network is followed on the shortest way along its
    lines; a node serves the residents of every zone whose way from the source passes it. A network
    without a source serves by its end nodes alone; what no source reaches is a finding. Suppliers:
    every neighbour that is nearer to a source, so a mesh keeps its second way and nothing runs in
    circles. Flows, pressures and capacities are not used.
    """
    metres = ground.metres(raw.xy)
    zone = zone_of(site.land, metres)
    lines_m = shapely.transform(raw.lines, ground.metres) if len(raw.lines) else raw.lines
    length: F64 = (
        np.nan_to_num(shapely.length(lines_m).astype(float)) if len(lines_m) else np.empty(0)
    )
    away, before, order = _ways(raw, length)
    of_zone, serves = _customers(raw, metres, site, (away, before, order))
    above = _above(raw, away) if np.isfinite(away).any() else {}
    lifelines = Lifelines(
        id=tuple(map(str, raw.id)),
        sector=(raw.sector,) * len(raw.id),
        kind=tuple(map(str, raw.kind)),
        xy=raw.xy,
        zone=zone,
        road_node=site.streets.nearest(metres),
        serves=serves,
        curve=tuple(_curve(str(kind), raw.sector) for kind in raw.kind),
        restoration=tuple(_restoration(str(kind), raw.sector) for kind in raw.kind),
        capacity=raw.capacity.astype(np.float64),
    )
    return Record(
        lifelines=lifelines,
        mains=_mains(raw, lines_m, length, site, zone),
        of_zone=of_zone,
        above=above,
        findings=_apart(raw, away),
    )


def _curve(kind: str, sector: str) -> str:
    """Return the fragility id of a kind; empty: none is known, the node is not assessed."""
    if sector == "drainage":
        return ""
    curve = CURVES.get(kind, "")
    return curve + _UNANCHORED if curve.endswith(".") else curve


def _restoration(kind: str, sector: str) -> str:
    known = kind in _RESTORED and sector != "drainage"
    return RESTORATION.get(kind, kind) if known else ""


def _ways(raw: RawNetwork, length: F64) -> tuple[F64, NDArray[np.int32], NDArray[np.int64]]:
    """Return distance from a source, the node before, and the nodes from far to near."""
    n = len(raw.id)
    roots = np.flatnonzero(np.isin(raw.kind.astype(str), SOURCES[raw.sector]))
    if not roots.size or not n:
        return np.full(n, np.inf), np.full(n, -1, np.int32), np.empty(0, np.int64)
    # A line without length is a way all the same; sparse graphs take 0 for none.
    weight = np.maximum(length, 1e-3)
    keep = np.lexsort((weight, raw.end, raw.start))
    pairs = np.column_stack([raw.start, raw.end])[keep]
    first = np.ones(len(pairs), dtype=bool)
    first[1:] = (np.diff(pairs, axis=0) != 0).any(axis=1)
    a, b = pairs[first].T
    graph = csr_array((weight[keep][first], (a, b)), shape=(n, n))
    away, before, _ = dijkstra(
        graph, directed=False, indices=roots, min_only=True, return_predecessors=True
    )
    reached = np.flatnonzero(np.isfinite(away))
    return away, before.astype(np.int32), reached[np.argsort(-away[reached], kind="stable")]


def _customers(
    raw: RawNetwork, metres: F64, site: Site,
    ways: tuple[F64, NDArray[np.int32], NDArray[np.int64]],
) -> tuple[I32, F64]:  # fmt: skip
    """Return the end node of each zone, and the residents behind each node."""
    away, before, order = ways
    kinds = raw.kind.astype(str)
    ends = np.arange(len(raw.id))
    for kind in ENDS[raw.sector]:
        if (kinds == kind).any():
            ends = np.flatnonzero(kinds == kind)
            break
    reached = ends[np.isfinite(away[ends])]
    ends = reached if reached.size else ends
    if not ends.size:
        return np.empty(0, np.int32), np.empty(0)
    from scipy.spatial import cKDTree

    _, near = cKDTree(metres[ends]).query(site.centre_m)
    of_zone = ends[np.atleast_1d(near)].astype(np.int32)
    serves: F64 = np.bincount(
        of_zone, weights=site.population, minlength=len(raw.id)
    ).astype(float)  # fmt: skip
    for node in order:
        if before[node] >= 0:
            serves[before[node]] += serves[node]
    if not site.population.sum() > 0:
        serves[:] = np.nan
    return of_zone, serves


def _above(raw: RawNetwork, away: F64) -> dict[int, tuple[int, ...]]:
    """Return the neighbours of each node that are nearer to a source."""
    one = np.concatenate([raw.start, raw.end])
    other = np.concatenate([raw.end, raw.start])
    nearer = away[other] < away[one]
    pairs = np.unique(np.column_stack([one[nearer], other[nearer]]), axis=0)
    found: dict[int, list[int]] = {}
    for node, supplier in pairs.tolist():
        found.setdefault(node, []).append(supplier)
    return {node: tuple(suppliers) for node, suppliers in found.items()}


def _mains(raw: RawNetwork, lines_m: Any, length: F64, site: Site, zone: I32) -> Mains:
    middle = np.empty((0, 2))
    if len(raw.lines):
        middle = shapely.get_coordinates(
            shapely.line_interpolate_point(lines_m, 0.5, normalized=True)
        )
    return Mains(
        id=tuple(map(str, raw.link_id)),
        sector=(raw.sector,) * len(raw.link_id),
        start=raw.start.astype(np.int32),
        end=raw.end.astype(np.int32),
        length_m=length.astype(np.float32),
        zone=zone_of(site.land, middle) if len(middle) == len(raw.link_id) else zone[raw.end],
        material=tuple(map(str, raw.material)),
        diameter_m=raw.diameter_m.astype(np.float32),
        capacity=raw.link_capacity.astype(np.float32),
        shapes=lines_shapes(raw.lines),
    )


def _apart(raw: RawNetwork, away: F64) -> tuple[DataFinding, ...]:
    lost = np.flatnonzero(~np.isfinite(away))
    if not lost.size:
        return ()
    has_source = bool(np.isfinite(away).any())
    key = "network_apart" if has_source else "network_no_source"
    return (
        DataFinding(
            key=key,
            severity=Severity.WARNING,
            layer=f"{raw.sector}_network",
            text=Text(f"check.{key}", {"n": int(lost.size), "sector": raw.sector}),
            count=int(lost.size),
            first=tuple(str(name) for name in raw.id[lost[:3]]),
            places=tuple((float(x), float(y)) for x, y in raw.xy[lost[:3]]),
            mend=Text(f"check.{key}.mend"),
        ),
    )


def none_of_lifelines() -> Lifelines:
    """Return no network nodes."""
    return Lifelines(
        id=(), sector=(), kind=(), xy=np.empty((0, 2)), zone=np.empty(0, np.int32),
        road_node=np.empty(0, np.int32), serves=np.empty(0), curve=(), restoration=(),
        capacity=np.empty(0),
    )  # fmt: skip


def none_of_mains() -> Mains:
    """Return no wires and pipes."""
    return Mains(
        id=(), sector=(), start=np.empty(0, np.int32), end=np.empty(0, np.int32),
        length_m=np.empty(0, np.float32), zone=np.empty(0, np.int32), material=(),
        diameter_m=np.empty(0, np.float32), capacity=np.empty(0, np.float32),
        shapes=Shapes.none(0),
    )  # fmt: skip


def joined(
    lifelines: Lifelines, mains: Mains, supply: Supply, records: list[Record],
    taken: Collection[str] = (),
) -> tuple[Lifelines, Mains, Supply]:  # fmt: skip
    """Put networks of sources behind those that were generated.

    An id that is taken already, such as a facility's, gets the sector before it: `water:12`.
    """
    of_zone, above = dict(supply.of_zone), dict(supply.above)
    for one in records:
        first = len(lifelines.id)
        sector = one.lifelines.sector[0] if one.lifelines.sector else ""
        ids = _unlike(one.lifelines.id, {*lifelines.id, *taken}, sector)
        if one.of_zone.size and sector != "drainage":
            of_zone[sector] = one.of_zone + first
        above |= {
            node + first: tuple(s + first for s in suppliers)
            for node, suppliers in one.above.items()
            if sector != "drainage"
        }
        nodes = _stacked(lifelines, one.lifelines)
        lifelines = Lifelines(**{**nodes, "id": (*lifelines.id, *ids)})
        pipes = _stacked(mains, one.mains)
        pipes["id"] = (*mains.id, *_unlike(one.mains.id, set(mains.id), sector))
        pipes["start"] = np.concatenate([mains.start, one.mains.start + first]).astype(np.int32)
        pipes["end"] = np.concatenate([mains.end, one.mains.end + first]).astype(np.int32)
        mains = Mains(**pipes)
    return lifelines, mains, Supply(of_zone, above)


def _unlike(names: tuple[str, ...], taken: set[str], sector: str) -> tuple[str, ...]:
    return tuple(f"{sector}:{name}" if name in taken else name for name in names)


def _stacked(one: Any, other: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for column in fields(one):
        a, b = getattr(one, column.name), getattr(other, column.name)
        if isinstance(a, tuple):
            found[column.name] = (*a, *b)
        elif isinstance(a, Shapes):
            found[column.name] = Shapes(
                np.concatenate([a.xy, b.xy]),
                np.concatenate([a.part[:-1], b.part + a.part[-1]]).astype(np.int32),
                np.concatenate([a.shape[:-1], b.shape + a.shape[-1]]).astype(np.int32),
            )
        else:
            found[column.name] = np.concatenate([a, b])
    return found
