"""Streets out of an extract: which ways cars use, cut at their junctions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from rencheng.adapters.cities.files.faults import Faults
from rencheng.adapters.cities.formats import osm_tags
from rencheng.adapters.cities.formats.osm.extract import Extract, spread
from rencheng.adapters.cities.given import Names, RawLinks
from rencheng.domain.city import F64, I64
from rencheng.domain.finding import Severity


def read_roads(
    extract: Extract, classes: Sequence[str], names: Sequence[str], faults: Faults
) -> RawLinks:
    """Return the streets of an extract.

    Parameters
    ----------
    classes
        Values of `highway` to take.
    names
        Keys of the name, the first that a way carries is taken.
    faults
        Where to note ways that had to be cut, left out or guessed.

    Returns
    -------
    links
        From junction to junction: a node is one where a way begins or ends, or that is passed
        more than once. A ring without a junction stays one link from a node to itself.

    Notes
    -----
    A way whose nodes are partly missing (cut off by an extract) is cut there and not bridged.
    """
    rows = _car_ways(extract, classes)
    ids = extract.way_id[rows]
    faults.add("osm_way_twice", Severity.WARNING, np.intersect1d(extract.ways_twice, ids))
    chain, node, way = _chains(extract, rows, faults)
    first, last, cut_from = _cuts(chain, node)
    of_way = way[cut_from]
    length = last - first + 1
    at = spread(first, length)
    lines = shapely.linestrings(
        extract.degrees(node[at]), indices=np.repeat(np.arange(length.size), length)
    )
    used, ends = np.unique(np.concatenate([node[first], node[last]]), return_inverse=True)
    of_row = rows[of_way]
    speed = _speeds(extract, rows, faults)
    return RawLinks(
        node_xy=extract.degrees(used),
        start=ends[: first.size].astype(np.int64),
        end=ends[first.size :].astype(np.int64),
        direction=_directions(extract, rows)[of_way],
        kind=extract.tag(extract.way_tags, "highway", of_row),
        name=named(extract, rows, names)[of_way],
        speed_km_h=speed[of_way],
        lines=np.asarray(lines, dtype=object),
    )


def named(extract: Extract, rows: I64, names: Sequence[str]) -> Names:
    """Return the first of several name tags of each way. (rows,)"""
    out: Names = np.full(rows.size, "", dtype=object)
    for key in reversed(names):
        found = extract.tag(extract.way_tags, key, rows)
        out = np.where(found != "", found, out)
    return out


def _car_ways(extract: Extract, classes: Sequence[str]) -> I64:
    """Return the rows of ways of the classes that cars may use."""
    size, tags = extract.way_id.size, extract.way_tags
    kept = extract.having(tags, "highway", size, classes)
    kept &= ~extract.having(tags, "area", size, ("yes",))
    kept &= ~extract.having(tags, "service", size, osm_tags.CLOSED_SERVICE)
    closed = np.zeros(size, dtype=np.bool_)
    decided = np.zeros(size, dtype=np.bool_)
    for key in osm_tags.ACCESS_KEYS:
        there = extract.having(tags, key, size) & ~decided
        closed |= there & extract.having(tags, key, size, _closing(extract))
        decided |= there
    return np.flatnonzero(kept & ~closed)


def _closing(extract: Extract) -> list[str]:
    """Return the values that close a way, alone or as one of several."""
    closed = set(osm_tags.CLOSED_ACCESS)
    several = [v for v in extract.values if ";" in v and closed & {p.strip() for p in v.split(";")}]
    return [*closed, *several]


def _chains(extract: Extract, rows: I64, faults: Faults) -> tuple[I64, I64, I64]:
    """Return chain and row of every node that is there, and the way of each chain.

    A chain is a way, or what is left of it on one side of nodes that are missing; nodes given
    twice in a row count once, chains of one node are dropped.
    """
    first, last = extract.way_first[rows], extract.way_first[rows + 1]
    way = np.repeat(np.arange(rows.size), last - first)
    node = extract.node_rows(extract.way_ref[spread(first, last - first)])
    missing = node < 0
    cut = np.unique(way[missing])
    faults.add(
        "osm_nodes_missing", Severity.WARNING, extract.way_id[rows[cut]],
        _places(extract, way, node, cut), nodes=int(missing.sum()),
    )  # fmt: skip
    again = np.zeros(node.size, dtype=np.bool_)
    again[1:] = (node[1:] == node[:-1]) & (way[1:] == way[:-1])
    piece, kept = np.cumsum(missing), ~(missing | again)
    way, node, piece = way[kept], node[kept], piece[kept]
    begins = np.ones(way.size, dtype=np.bool_)
    begins[1:] = (way[1:] != way[:-1]) | (piece[1:] != piece[:-1])
    chain = np.cumsum(begins) - 1
    of_way = way[begins]
    size = np.bincount(chain, minlength=of_way.size)
    short = np.setdiff1d(np.arange(rows.size), of_way[size > 1])
    short = np.setdiff1d(short, cut)
    faults.add(
        "osm_way_short", Severity.INFO, extract.way_id[rows[short]],
        _places(extract, way, node, short),
    )  # fmt: skip
    long = size[chain] > 1
    return chain[long], node[long], of_way


def _places(extract: Extract, way: I64, node: I64, which: I64) -> F64:
    """Return the first known node of some ways, NaN where none is known. [deg] (which, 2)"""
    known = node >= 0
    at = np.searchsorted(way[known], which)
    places = np.full((which.size, 2), np.nan)
    if known.any():
        at = np.minimum(at, int(known.sum()) - 1)
        there = way[known][at] == which
        places[there] = extract.degrees(node[known][at[there]])
    return places


def _cuts(chain: I64, node: I64) -> tuple[I64, I64, I64]:
    """Return place of the first and last node of each link, and its chain."""
    _, at, times = np.unique(node, return_inverse=True, return_counts=True)
    change = chain[1:] != chain[:-1]
    joint = times[at] > 1
    joint[:1] = joint[-1:] = True
    joint[1:] |= change
    joint[:-1] |= change
    breaks = np.flatnonzero(joint)
    same = chain[breaks[1:]] == chain[breaks[:-1]]
    first, last = breaks[:-1][same], breaks[1:][same]
    return first, last, chain[first]


def _directions(extract: Extract, rows: I64) -> NDArray[np.int8]:
    """Return 1 along the way only, -1 against it only, 0 both. (rows,)"""
    said = extract.tag(extract.way_tags, "oneway", rows)
    out = np.zeros(rows.size, dtype=np.int8)
    for value, direction in osm_tags.ONE_WAY.items():
        out[said == value] = direction
    for key, values in osm_tags.IMPLIED_ONE_WAY.items():
        implied = np.isin(extract.tag(extract.way_tags, key, rows), np.array(values, dtype=object))
        out[implied & (said == "")] = 1
    return out


def _speeds(extract: Extract, rows: I64, faults: Faults) -> F64:
    """Return the stated speed, NaN where none is. [km/h] (rows,)"""
    codes = extract.codes(extract.way_tags, "maxspeed", rows)
    speed, said = extract.parsed(codes, osm_tags.speed_km_h), extract.values[codes]
    silent = np.isin(said, np.array(list(osm_tags.UNSTATED_SPEED), dtype=object))
    unread = np.flatnonzero(np.isnan(speed) & ~silent)
    faults.add(
        "osm_speed_unread", Severity.INFO, extract.way_id[rows[unread]],
        values=", ".join(sorted(set(said[unread].tolist()))[:3]),
    )  # fmt: skip
    return speed
