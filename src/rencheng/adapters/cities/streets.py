"""Streets: the road graph from raw links, and the part of it that hangs together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from rencheng.adapters.cities.given import RawLinks
from rencheng.adapters.cities.ground import (
    Geometries,
    Ground,
    lines_shapes,
    place_ids,
    row_of,
)
from rencheng.domain.city import F64, I32, I64, Roads

# Where neither the network nor the recipe states a speed. No source: house default.
OTHER_KM_H = 30.0


@dataclass(frozen=True, slots=True)
class Streets:
    """The roads of the city with what building the rest needs. Coordinates in metres."""

    roads: Roads
    lines: Geometries
    """(links,)"""
    node_m: F64
    main: I32
    """Rows of the nodes in the largest strongly connected part. (main,)"""

    def nearest(self, places_m: F64) -> I32:
        """Return the nearest node of the main part. (points,)"""
        if len(places_m) == 0:
            return np.empty(0, dtype=np.int32)
        _, found = cKDTree(self.node_m[self.main]).query(places_m)
        node: I32 = self.main[np.atleast_1d(found)]
        return node


def build_streets(
    raw: RawLinks, zones_m: Geometries, speeds_km_h: Mapping[str, float], ground: Ground
) -> Streets:
    """Make the road graph.

    Lengths are measured in the projection. A link without a stated speed gets its kind's.
    """
    lines: Geometries = shapely.transform(raw.lines, ground.metres)
    length = np.maximum(shapely.length(lines), 1.0)
    names, row = np.unique(raw.kind.astype(str), return_inverse=True)
    kinds, kind = tuple(names.tolist()), row.astype(np.int8)
    usual = np.array([speeds_km_h.get(k, OTHER_KM_H) for k in kinds])
    speed = np.where(raw.speed_km_h > 0, raw.speed_km_h, usual[kind]) / 3.6
    middle = shapely.get_coordinates(shapely.line_interpolate_point(lines, 0.5, normalized=True))
    ends = np.concatenate([raw.node_xy[raw.start], raw.node_xy[raw.end]])
    roads = Roads(
        id=_link_ids(place_ids(ends).reshape(2, -1), middle, ground),
        node_xy=raw.node_xy,
        start=raw.start.astype(np.int32),
        end=raw.end.astype(np.int32),
        direction=raw.direction.astype(np.int8),
        length_m=length.astype(np.float32),
        speed_m_s=speed.astype(np.float32),
        kind=kind,
        kinds=kinds,
        zone=row_of(zones_m, middle),
        name=tuple(raw.name.tolist()),
        shapes=lines_shapes(raw.lines),
    )
    return Streets(roads, lines, ground.metres(raw.node_xy), main_part(roads))


def _link_ids(ends: I64, middle_m: F64, ground: Ground) -> I64:
    """Return a permanent number for each link from its two ends and its middle. (links,)"""
    middle = place_ids(ground.degrees(middle_m))
    found: I64 = (ends[0] ^ (ends[1] >> 1)) ^ (middle >> 2)
    return found


def main_part(roads: Roads) -> I32:
    """Return the largest set of nodes from each of which every other one can be driven to."""
    there, back = roads.direction >= 0, roads.direction <= 0
    start = np.concatenate([roads.start[there], roads.end[back]])
    end = np.concatenate([roads.end[there], roads.start[back]])
    n = len(roads.node_xy)
    graph = csr_array((np.ones(start.size, dtype=np.int8), (start, end)), shape=(n, n))
    _, part = connected_components(graph, directed=True, connection="strong")
    return np.flatnonzero(part == np.bincount(part).argmax()).astype(np.int32)


@dataclass(frozen=True, slots=True)
class Paths:
    """Shortest ways along the streets, one-way signs ignored: pipes and wires know none."""

    link: dict[tuple[int, int], int]
    graph: csr_array

    @classmethod
    def of(cls, roads: Roads) -> Paths:
        """Prepare the ways of a road graph."""
        n = len(roads.node_xy)
        order = np.argsort(-roads.length_m, kind="stable")
        link: dict[tuple[int, int], int] = {}
        for k in order:
            a, b = int(roads.start[k]), int(roads.end[k])
            link[a, b] = link[b, a] = int(k)
        pairs = np.array(list(link), dtype=np.int64)
        length = roads.length_m[np.fromiter(link.values(), dtype=np.int64)]
        graph = csr_array((length.astype(float), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
        return cls(link, graph)

    def trees(self, roots: I32) -> tuple[F64, NDArray[np.int32]]:
        """Return distance [m] and predecessor of every node from each root. (roots, nodes)"""
        distance, before = dijkstra(self.graph, indices=roots, return_predecessors=True)
        return distance, before.astype(np.int32)

    def links_to(self, before: NDArray[np.int32], nodes: I32) -> I32:
        """Return the links of the tree that lead from its root to any of `nodes`, sorted."""
        found: set[int] = set()
        seen: set[int] = set()
        for node in nodes:
            here = int(node)
            while here not in seen and before[here] >= 0:
                seen.add(here)
                found.add(self.link[int(before[here]), here])
                here = int(before[here])
        return np.array(sorted(found), dtype=np.int32)
