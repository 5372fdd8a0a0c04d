"""What the hazard does: damage, people, services. Samples first, quantiles at the edge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.hazard import Shaking, Tsunami

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]


class DamageState(IntEnum):
    """Column of every damage array."""

    NONE = 0
    SLIGHT = 1
    MODERATE = 2
    EXTENSIVE = 3
    COMPLETE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class FragilityTable:
    """Lognormal fragility curves in rows, P[state ≥ k | intensity] = Φ(ln(x/median)/beta)."""

    id: tuple[str, ...]
    intensity: tuple[str, ...]
    """`PGA` or `SA1` of each row."""
    median_g: F64
    """Of slight, moderate, extensive, complete. [g] (curves, 4)"""
    beta: F64
    """Logarithmic standard deviation without ground-motion variability. (curves, 4)"""
    collapse: F64
    """Share of `complete` that collapses; NaN unknown. (curves,)"""
    source: tuple[str, ...]
    version: str

    def row(self, curve: str) -> int:
        """Return the row of `curve`, -1 when there is none."""
        return self.id.index(curve) if curve in self.id else -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Damage of every building and of every lifeline and facility."""

    building_state: F32
    """P[state], averaged over the samples. (buildings, 5)"""
    zone_buildings: F32
    """Number of buildings by state. (samples, zones, 5)"""
    collapsed: F32
    """Number of collapsed buildings. (samples, zones)"""
    link_collapsed: NDArray[np.uint8]
    """Collapsed buildings along each road link, capped at 255. (samples, links)"""
    lifeline_state: NDArray[np.int8]
    """Sampled `DamageState`; -1 where there is no curve. (samples, lifelines)"""
    facility_state: NDArray[np.int8]
    """(samples, facilities)"""
    not_assessed: int
    """Buildings, lifelines and facilities without a curve."""
    curves_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Consequences for people."""

    present: F64
    """People present at the time of the event; NaN where no building is known. (zones,)"""
    injured: F64
    """People by severity 1 to 4 (4: dead), HAZUS classes. (samples, zones, 4)"""
    displaced: F64
    """Residents of extensively or completely damaged dwellings. (samples, zones)"""
    shaken: F64
    """Residents in zones with PGA ≥ 0.1 g. (samples,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Service levels over time, from now to the horizon."""

    time_h: F64
    """Hours after the origin time; the first is 0. [h] (times,)"""
    names: tuple[str, ...]
    """`power`, `water`, `telecom`, `health`, `access`: rows of `level`."""
    level: F32
    """Share of target service, weighted by residents, 0 to 1. (services, samples, times)"""
    zone_level: F32
    """Median over the samples. (services, zones, times)"""
    asset_up: F32
    """Share of samples in which the dependency node works. (nodes, times)"""
    node: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Road access to hospitals that still work."""

    before_s: F64
    """Travel time of an ordinary day to the nearest hospital. [s] (zones,)"""
    each_s: F64
    """The same to each hospital that counts. [s] (hospitals, zones)"""
    after_s: F64
    """With blocked links and hospitals out of work; infinity: cut off. [s] (samples, zones)"""
    blocked_share: F64
    """Share of samples in which the link is blocked. (links,)"""
    hospital_works: F64
    """Share of samples in which it works and can be reached; NaN: no hospital. (facilities,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """Everything that `model` hands to `decide`, `control` and `assess`."""

    at: datetime
    """When it was computed, on the run's clock. [UTC]"""
    origin_time: datetime
    seed: int
    samples: int
    shaking: Shaking
    tsunami: Tsunami
    damage: Damage
    people: People
    services: Services
    access: Access
    model_versions: tuple[tuple[str, str], ...]
    """Model name and version, in the order they ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CityState:
    """The city now, from observations alone: what is known to be up or down, and how surely."""

    at: datetime
    node: tuple[str, ...]
    """Dependency nodes, as in `Dependencies.node`."""
    up: F64
    """1 works, 0 does not, NaN unknown. (nodes,)"""
    confidence: F64
    """0 to 1; 0 when unknown. (nodes,)"""
    age_s: F64
    """Age of the evidence; infinity when none. [s] (nodes,)"""
    zone_present: F64
    """People present now by time of day. (zones,)"""
    zone_power: F64
    """Share of the zone's watched feeders that are live; NaN unknown. (zones,)"""
    zone_water: F64
    """Share of the zone's watched points with pressure; NaN unknown. (zones,)"""
    free_beds: F64
    """(facilities,) NaN unknown."""
    tide_anomaly_m: F64
    """Good tide-gauge value above the level before the event, by time. [m] (readings,)"""
    tide_time: tuple[datetime, ...]
    streams_ok: int
    streams_total: int
