"""What nature did, as reported and as modelled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.provenance import Band, Mode


class BulletinKind(StrEnum):
    """What an official bulletin announces."""

    EARTHQUAKE = "earthquake"
    TSUNAMI_ALERT = "tsunami_alert"
    TSUNAMI_CANCEL = "tsunami_cancel"
    EVACUATION_ORDER = "evacuation_order"
    WITHDRAWN = "withdrawn"
    """Its issuer says that there was no such earthquake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulletin:
    """An official message about a hazard; a later one of the same event supersedes it."""

    id: str
    event: str
    """Id that all solutions and messages of the event share here: that of the first one heard."""
    kind: BulletinKind
    issuer: str
    issued: datetime
    origin_time: datetime
    lon: float
    lat: float
    depth_km: float
    """NaN: not said."""
    magnitude: float
    """Moment magnitude; NaN: not said."""
    magnitude_sd: float
    """Standard error; NaN: not said."""
    text: str
    source: str
    mode: Mode
    run: str
    reported: str = ""
    """Id of the event as its issuer names it; empty: `event`."""
    catalogue: str = ""
    """Who keeps the entries that this is one of; two entries of one catalogue are two events."""
    version: int = 1

    @property
    def own(self) -> str:
        """Id of the event as its issuer names it."""
        return self.reported or self.event


@dataclass(frozen=True, slots=True, kw_only=True)
class StationRecord:
    """A peak ground acceleration recorded in the city."""

    datastream: str
    xy: tuple[float, float]
    pga_g: float
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaking:
    """Realisations of ground shaking at the zones, given a bulletin and the city's own records."""

    pga_g: NDArray[np.float64]
    """(samples, zones)"""
    sa1_g: NDArray[np.float64]
    """Spectral acceleration at 1 s. (samples, zones)"""
    rupture_km: NDArray[np.float64]
    """Closest distance to the sampled rupture. (samples, zones)"""
    stations_used: tuple[str, ...]
    model: str
    version: str
    bulletin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tsunami:
    """What can be said of a tsunami without terrain and bathymetry."""

    is_possible: bool
    arrival_s: Band
    """First wave after origin time. [s]"""
    observed_peak_m: float
    """Highest good tide-gauge value above its level before the event; NaN none. [m]"""
    observed_arrival: datetime | None
    depth_is_known: bool
    """False while the city has no terrain: inundation depth is then not computed at all."""
    model: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShakingMap:
    """A published map of shaking (ShakeMap), on a regular grid; used in place of our own estimate.

    Longitudes grow by column, latitudes fall by row.
    """

    id: str
    event: str
    """Id of the earthquake, as its bulletins name it."""
    revision: int
    """Revision of the map; the highest one counts."""
    issuer: str
    issued: datetime
    west: float
    north: float
    step_lon: float
    """[deg]"""
    step_lat: float
    """[deg]"""
    rows: int
    columns: int
    cells: bytes
    """Median PGA [g], median spectral acceleration at 1 s [g], standard deviation of ln PGA;
    float32, little-endian, NaN where the map does not say. (3, rows, columns)"""
    source: str
    mode: Mode = Mode.LIVE
    run: str = ""

    def layers(self) -> NDArray[np.float32]:
        """Return PGA [g], SA at 1 s [g] and the standard deviation of ln PGA. (3, rows, columns)"""
        return np.frombuffer(self.cells, dtype="<f4").reshape(3, self.rows, self.columns)
