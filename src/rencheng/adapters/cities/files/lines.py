"""Streets from lines: cut where they meet, with nodes snapped together."""

from __future__ import annotations

import numpy as np
import shapely

from rencheng.adapters.cities.files.picking import Names, Picked, per_value
from rencheng.adapters.cities.given import Geometries, RawLinks
from rencheng.domain.city import I64
from rencheng.domain.finding import Severity

# Ends closer than this are one node: 1e-7 deg, about 1 cm.
SNAP_DEG = 1e-7
_FORTH = frozenset({"yes", "1", "true", "t", "f", "ft", "forward", "是", "单行", "y", "si", "sí"})
_BACK = frozenset({"-1", "reverse", "backward", "tf"})
_MPH = 1.609344


def make_links(picked: Picked, lines: Geometries, *, at_ends: bool = False) -> RawLinks:
    """Return streets cut at their junctions.

    Parameters
    ----------
    lines
        Lines or multilines in lon, lat. (rows,)
    at_ends
        Cut only where a line ends on another one's vertex; else also where two lines share a
        vertex in passing. Lines that cross without a shared vertex never meet: one is a bridge.
    """
    single, row = shapely.get_parts(lines, return_index=True)
    xy, line = shapely.get_coordinates(single, return_index=True)
    snapped = np.round(xy / SNAP_DEG).astype(np.int64)
    _, vertex = np.unique(snapped, axis=0, return_inverse=True)
    vertex = vertex.ravel().astype(np.int64)
    fresh = np.append(True, (vertex[1:] != vertex[:-1]) | (line[1:] != line[:-1]))
    xy, line, vertex = xy[fresh], line[fresh], vertex[fresh]
    edge = np.append(True, line[1:] != line[:-1])
    is_end = edge | np.append(edge[1:], True)
    meets = np.zeros(int(vertex.max(initial=-1)) + 1, dtype=np.bool_)
    meets[vertex[is_end]] = True
    if not at_ends:
        meets |= np.bincount(vertex, minlength=len(meets)) > 1
    cut = np.flatnonzero(meets[vertex])
    same = line[cut[1:]] == line[cut[:-1]]
    first, last = cut[:-1][same], cut[1:][same]
    lost = np.setdiff1d(np.arange(len(single)), line[first])
    picked.faults.add("line_without_length", Severity.ERROR, picked.ids[row[lost]])
    lengths = last - first + 1
    owner = np.repeat(np.arange(len(first)), lengths)
    start_of = np.cumsum(lengths) - lengths
    gather = np.arange(int(lengths.sum())) - np.repeat(start_of - first, lengths)
    nodes, ends = np.unique(np.stack([vertex[first], vertex[last]]), return_inverse=True)
    ends = ends.reshape(2, -1)
    # A node lies where its first vertex in the file lies.
    _, sample = np.unique(vertex, return_index=True)
    node_xy = np.round(xy[sample[nodes]], 7)
    drawn = xy[gather]
    drawn[start_of] = node_xy[ends[0]]
    drawn[start_of + lengths - 1] = node_xy[ends[1]]
    of = row[line[first]]
    return RawLinks(
        node_xy=node_xy.reshape(-1, 2),
        start=ends[0].astype(np.int64),
        end=ends[1].astype(np.int64),
        direction=directions(picked.texts("direction"))[of],
        kind=_kinds(picked.texts("kind"))[of],
        name=picked.texts("name")[of],
        speed_km_h=speeds(picked)[of],
        lines=np.asarray(shapely.linestrings(drawn, indices=owner), dtype=object),
    )


def directions(texts: Names) -> I64:
    """Return 1 forth only, -1 back only, 0 both, of words as OSM and others use. (rows,)"""

    def way(text: str) -> int:
        folded = text.casefold()
        return 1 if folded in _FORTH else -1 if folded in _BACK else 0

    return per_value(texts, way).astype(np.int8)


def _kinds(texts: Names) -> Names:
    return per_value(texts, lambda text: text.casefold().replace(" ", "_"))


def speeds(picked: Picked) -> np.ndarray:
    """Return stated speeds, also those such as `30 mph`; NaN unknown. [km/h] (rows,)"""
    texts = picked.texts("speed_km_h")
    bad: set[str] = set()

    def speed(text: str) -> float:
        words = text.casefold().replace("km/h", "").replace("kmh", "").strip()
        factor = 1.0
        if words.endswith("mph"):
            words, factor = words[:-3], _MPH
        try:
            found = float(words) * factor if words else np.nan
        except ValueError:
            bad.add(text)
            return np.nan
        return found if 0.0 < found <= 300.0 else np.nan

    found = per_value(texts, speed).astype(np.float64)
    wrong = np.isin(texts.astype(str), sorted(bad)) if bad else np.zeros(len(texts), np.bool_)
    picked.faults.add(
        "value_no_number", Severity.WARNING, picked.ids[wrong], column="speed_km_h"
    )  # fmt: skip
    return found
