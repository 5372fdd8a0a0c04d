"""What was built, demolished and moved between two versions of a city."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rencheng.domain.city import F64, I32, I64


@dataclass(frozen=True, slots=True, kw_only=True)
class CityVersion:
    """One version of a city that is kept."""

    version: str
    built: datetime
    """When it was written here. [UTC]"""
    buildings: int
    links: int
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerChange:
    """What changed in one layer; things are the same when their permanent ids are."""

    layer: str
    added: int
    removed: int
    changed: int
    """There before and after, with another value in some column."""
    first: tuple[str, ...] = ()
    """Ids of the first few, added before removed before changed."""
    places: tuple[tuple[float, float], ...] = ()
    """Where those lie. [deg]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneChange:
    """Construction and population change by zone of the later version; NaN: no such zone before."""

    zone: I32
    """Zone id. (zones,)"""
    built: I64
    """Buildings added. (zones,)"""
    demolished: I64
    """Buildings removed. (zones,)"""
    floor_area_m2: F64
    """Net change of floor area. (zones,)"""
    population: F64
    """Net change of residents. (zones,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CityChange:
    """The difference between two versions of one city."""

    city: str
    before: str
    after: str
    layers: tuple[LayerChange, ...]
    """Layers in which something changed, and no other."""
    zones: ZoneChange
