"""Vector tiles of a city of 1,000,000 buildings: ours, `mapbox-vector-tile`, and PostGIS.

Run with `python benchmarks/tiles.py [buildings]`. Ours makes every tile of zoom 14 that holds a
building, on one core; the others a few of them, chosen evenly by size, from the same footprints
with the same properties. Bound: 95 of 100 of our tiles in 10 ms.
"""

from __future__ import annotations

import gzip
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
from common import machine
from postgis import Postgis
from synthetic import synthetic

from rencheng.adapters.tiles import CityTiles
from rencheng.adapters.tiles.drawing import EXTENT, WORLD_BITS, to_world
from rencheng.domain.city import City

ZOOM, LAYER, BOUND_MS = 14, "buildings", 10.0
Place = tuple[int, int]


def timed(call: Callable[[], object], *, repeat: int = 3) -> float:
    """Return the least CPU time of a few calls. [ms]"""
    best = np.inf
    for _ in range(repeat):
        began = time.process_time()
        call()
        best = min(best, time.process_time() - began)
    return float(best) * 1e3


def line(name: str, times: Sequence[float], note: str = "") -> None:
    """Print the quantiles of a row of times. [ms]"""
    middle, late = np.quantile(times, (0.5, 0.95))
    print(
        f"{name:<32} {len(times):4d} tiles  median {middle:8.2f}  p95 {late:8.2f}  "
        f"most {max(times):8.2f} CPU ms a tile  {note}"
    )


def places(city: City) -> list[Place]:
    """Return the tiles that hold a building, the fullest last."""
    cells = to_world(city.buildings.xy) >> (WORLD_BITS - ZOOM)
    found, count = np.unique(cells, axis=0, return_counts=True)
    return [tuple(int(v) for v in found[k]) for k in np.argsort(count, kind="stable")]


def peer(city: City, tiles: CityTiles, at: Place) -> Callable[[], bytes]:
    """Return a call that makes the same tile with `mapbox-vector-tile`; its index is ours."""
    import mapbox_vector_tile
    import shapely

    from rencheng.adapters.tiles.city import window
    from rencheng.adapters.tiles.trace import choose

    drawing, _ = tiles.drawing(LAYER)
    shown = window(LAYER, ZOOM, *at)
    rows, _, _ = choose(drawing, shown)
    table = city.buildings
    footprints = []
    for i in rows:
        xy = drawing.xy[drawing.part[drawing.shape[i]] : drawing.part[drawing.shape[i] + 1]]
        footprints.append(shapely.Polygon((xy - (shown.west, shown.north)) * shown.step))
    names = [
        {
            "height_m": float(table.storeys[row] * 3.0),
            "storeys": int(table.storeys[row]),
            "use": table.uses[table.use[row]],
        }
        for row in drawing.row[rows]
    ]
    low, high = -shown.buffer, EXTENT + shown.buffer

    def encode() -> bytes:
        clipped = shapely.clip_by_rect(np.array(footprints, dtype=object), low, low, high, high)
        features = [
            {"geometry": one, "properties": name, "id": int(row)}
            for one, name, row in zip(clipped, names, drawing.row[rows], strict=True)
        ]
        return mapbox_vector_tile.encode(
            {"name": LAYER, "features": features}, default_options={"y_coord_down": True}
        )

    return encode


def main(buildings: int = 1_000_000) -> None:
    """Time all three; fail when our bound is broken."""
    print(machine())
    city = synthetic(buildings)
    tiles = CityTiles(city)
    began = time.process_time()
    tiles.drawing(LAYER)
    indexed = time.process_time() - began
    every = places(city)
    tiles.tile(LAYER, ZOOM, *every[-1])
    ours = [timed(lambda at=at: tiles.tile(LAYER, ZOOM, *at)) for at in every]
    largest = tiles.tile(LAYER, ZOOM, *every[-1])
    print(f"{buildings:,} buildings indexed in {indexed:.1f} CPU s; the fullest tile has ", end="")
    print(f"{largest.drawn:,} and {len(largest.body) / 1e3:.0f} kB")
    line("ours", ours)
    zipped = [timed(lambda at=at: gzip.compress(_body(tiles, at), 1), repeat=1) for at in every]
    line("ours, and zipped", zipped)
    few = [every[k] for k in np.linspace(0, len(every) - 1, 7).astype(int)]
    same = [timed(lambda at=at: tiles.tile(LAYER, ZOOM, *at)) for at in few]
    line("ours, the tiles below", same)
    theirs = [timed(peer(city, tiles, at), repeat=1) for at in few]
    line("mapbox-vector-tile", theirs, f"{sum(theirs) / sum(same):.0f} times ours")
    with Postgis.started() as postgis:
        if postgis.reason:
            print(f"PostGIS left out: {postgis.reason}")
        else:
            postgis.fill(city)
            asked = [postgis.tile_ms(ZOOM, *at) for at in few]
            line("PostGIS ST_AsMVT (wall)", asked, f"{sum(asked) / sum(same):.0f} times ours")
    late = float(np.quantile(ours, 0.95))
    if late > BOUND_MS:
        raise SystemExit(f"p95 is {late:.1f} ms, the bound is {BOUND_MS} ms")


def _body(tiles: CityTiles, at: Place) -> bytes:
    return tiles.tile(LAYER, ZOOM, *at).body


if __name__ == "__main__":
    main(*(int(v) for v in sys.argv[1:2]))
