"""Which layers of a city there are tiles of, from which zoom, and what their features say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.tiles import wire
from rencheng.adapters.tiles.drawing import LINE, POINT, POLYGON, Column, Source
from rencheng.domain.city import I64, City, Flags

STOREY_M = 3.0
"""Height of a storey where no height was observed; no source: our choice. [m]"""
MAIN_ROADS = ("motorway", "trunk", "primary", "secondary")
_EVERY_KIND = 12
_TERTIARY = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a layer becomes tiles."""

    least_zoom: int
    """Tiles below it are empty."""
    most_zoom: int
    """Tiles above it are not made: a map magnifies those of this zoom."""
    source: Callable[[City], Source]
    coarse: Mapping[int, float]
    """Zoom and the size below which polygons are left out there. [pixel], 512 a tile"""


def zones(city: City) -> Source:
    """Return the zones: `zone`, `name`."""
    table = city.zones
    columns = [_whole("zone", table.id), _names("name", table.name)]
    return Source(
        kind=POLYGON, xy=None, shapes=table.shapes, columns=columns, least=_always(table.id)
    )


def grid(city: City) -> Source:
    """Return the management grid: `cell`."""
    table = city.grid
    return Source(
        kind=POLYGON,
        xy=None,
        shapes=table.shapes,
        columns=[_names("cell", table.id)],
        least=_always(table.id),
    )


def buildings(city: City) -> Source:
    """Return the buildings: `height_m`, `height_observed`, `storeys`, `use`, `footprint`.

    `height_m` is the observed height, and then `height_observed` is there; else it is `STOREY_M`
    for each storey. A building without a footprint is a point and says `footprint` = false: no
    outline is invented. At zoom 13 one of four such points is drawn, chosen by row.
    """
    table = city.buildings
    observed = np.isfinite(table.height_m) & (table.height_m > 0)
    height = np.where(observed, table.height_m, table.storeys * STOREY_M).astype(np.float64)
    bare = np.diff(table.shapes.shape) == 0
    rows = np.arange(len(table.id))
    return Source(
        kind=POLYGON,
        xy=table.xy,
        shapes=table.shapes,
        columns=[
            _real("height_m", height, height > 0),
            _flag("height_observed", observed, value=True),
            _whole("storeys", table.storeys, table.storeys > 0),
            _coded("use", table.use, table.uses),
            _flag("footprint", bare, value=False),
        ],
        least=np.where(bare & (rows % 4 != 0), 14, 13).astype(np.uint8),
    )


def roads(city: City) -> Source:
    """Return the road links: `kind`, `name`; below zoom 12 the more important ones only."""
    table = city.roads
    rank = np.array([_road_zoom(kind) for kind in table.kinds] or [0], dtype=np.uint8)
    return Source(
        kind=LINE,
        xy=None,
        shapes=table.shapes,
        columns=[_coded("kind", table.kind, table.kinds), _names("name", table.name)],
        least=rank[table.kind] if len(table.kind) else np.empty(0, dtype=np.uint8),
    )


def mains(city: City) -> Source:
    """Return power lines, water mains and drains: `sector`."""
    table = city.mains
    return Source(
        kind=LINE,
        xy=None,
        shapes=table.shapes,
        columns=[_names("sector", table.sector)],
        least=_always(table.id),
    )


def facilities(city: City) -> Source:
    """Return places with a public duty: `facility`, `kind`, `name`."""
    table = city.facilities
    columns = [
        _names("facility", table.id),
        _names("kind", table.kind),
        _names("name", table.name),
    ]
    return Source(kind=POINT, xy=table.xy, shapes=None, columns=columns, least=_always(table.id))


def lifelines(city: City) -> Source:
    """Return the nodes of the networks: `lifeline`, `kind`, `sector`."""
    table = city.lifelines
    columns = [
        _names("lifeline", table.id),
        _names("kind", table.kind),
        _names("sector", table.sector),
    ]
    return Source(kind=POINT, xy=table.xy, shapes=None, columns=columns, least=_always(table.id))


def stops(city: City) -> Source:
    """Return the stops of public transport: `stop`, `name`, `departures`."""
    table = city.stops
    columns = [
        _names("stop", table.id),
        _names("name", table.name),
        _whole("departures", table.departures, table.departures >= 0),
    ]
    return Source(kind=POINT, xy=table.xy, shapes=None, columns=columns, least=_always(table.id))


_ALL: Mapping[int, float] = {}
PLANS: Mapping[str, Plan] = {
    "zones": Plan(least_zoom=0, most_zoom=14, source=zones, coarse=_ALL),
    "grid": Plan(least_zoom=8, most_zoom=14, source=grid, coarse=_ALL),
    "buildings": Plan(least_zoom=13, most_zoom=16, source=buildings, coarse={13: 2.0, 14: 1.0}),
    "roads": Plan(least_zoom=0, most_zoom=15, source=roads, coarse=_ALL),
    "mains": Plan(least_zoom=8, most_zoom=15, source=mains, coarse=_ALL),
    "facilities": Plan(least_zoom=0, most_zoom=14, source=facilities, coarse=_ALL),
    "lifelines": Plan(least_zoom=0, most_zoom=14, source=lifelines, coarse=_ALL),
    "stops": Plan(least_zoom=8, most_zoom=14, source=stops, coarse=_ALL),
}


def _road_zoom(kind: str) -> int:
    name = kind.removesuffix("_link")
    if name in MAIN_ROADS:
        return 0
    return _TERTIARY if name == "tertiary" else _EVERY_KIND


def _always(rows: Iterable[object]) -> NDArray[np.uint8]:
    return np.zeros(len(tuple(rows)), dtype=np.uint8)


def _names(key: str, names: Sequence[str]) -> Column:
    """Return a column of strings; an empty one is left away."""
    known: dict[str, int] = {}
    code = [known.setdefault(name, len(known)) if name else -1 for name in names]
    values = tuple(wire.value(name) for name in known)
    return Column(key=key, code=np.array(code, dtype=np.int32), values=values)


def _coded(key: str, code: NDArray[np.signedinteger], names: Sequence[str]) -> Column:
    """Return a column of strings that the table holds as codes."""
    values = tuple(wire.value(name) for name in names)
    return Column(key=key, code=code.astype(np.int32), values=values)


def _whole(key: str, numbers: NDArray[np.signedinteger], known: Flags | None = None) -> Column:
    """Return a column of whole numbers; what is not known is left away."""
    found, code = np.unique(numbers, return_inverse=True)
    values = tuple(wire.value(int(number)) for number in found)
    return Column(key=key, code=_where(known, code), values=values)


def _real(key: str, numbers: NDArray[np.float64], known: Flags) -> Column:
    """Return a column of numbers rounded to a tenth; what is not known is left away."""
    tenths = np.round(np.where(known, numbers, 0.0) * 10.0).astype(np.int64)
    found, code = np.unique(tenths, return_inverse=True)
    values = tuple(wire.value(int(tenth) / 10.0) for tenth in found)
    return Column(key=key, code=_where(known, code), values=values)


def _flag(key: str, holds: Flags, *, value: bool) -> Column:
    """Return a column that says `value` where something holds, and nothing elsewhere."""
    code = np.where(holds, 0, -1).astype(np.int32)
    return Column(key=key, code=code, values=(wire.value(value),))


def _where(known: Flags | None, code: I64) -> NDArray[np.int32]:
    flat = code.reshape(-1)
    return (flat if known is None else np.where(known, flat, -1)).astype(np.int32)
