"""Keeping what touches the box that a job asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from rencheng.adapters.cities.given import RawLinks
from rencheng.adapters.cities.readers import Box
from rencheng.domain.city import Flags


def touching(geometries: Any, box: Box | None) -> Flags:
    """Return which geometries touch the box; without a box all do. (n,)"""
    if box is None:
        return np.ones(len(geometries), dtype=np.bool_)
    bounds = shapely.bounds(geometries)
    west, south, east, north = box
    near = (bounds[:, 0] <= east) & (bounds[:, 2] >= west)
    near &= (bounds[:, 1] <= north) & (bounds[:, 3] >= south)
    near[near] = shapely.intersects(np.asarray(geometries)[near], shapely.box(*box))
    return np.asarray(near, dtype=np.bool_)


def kept(table: Any, rows: Flags) -> Any:
    """Return a table with some of its rows; `age` has them in its second dimension."""
    if rows.all():
        return table
    columns = {name: getattr(table, name) for name in table.__dataclass_fields__}
    return replace(
        table, **{n: c[..., rows] if n == "age" else c[rows] for n, c in columns.items()}
    )


def clipped_links(links: RawLinks, box: Box | None) -> RawLinks:
    """Return the links that touch the box, whole, with the nodes that they need."""
    rows = touching(links.lines, box)
    if rows.all():
        return links
    ends = np.concatenate([links.start[rows], links.end[rows]])
    used, row = np.unique(ends, return_inverse=True)
    half = int(rows.sum())
    return RawLinks(
        node_xy=links.node_xy[used],
        start=row[:half].astype(np.int64),
        end=row[half:].astype(np.int64),
        direction=links.direction[rows],
        kind=links.kind[rows],
        name=links.name[rows],
        speed_km_h=links.speed_km_h[rows],
        lines=links.lines[rows],
    )
