"""First arrival of a tsunami without bathymetry, and what the tide gauge has seen of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.hazard import Bulletin, BulletinKind, Tsunami
from rencheng.domain.provenance import UNKNOWN, Band
from rencheng.model.hazards.rupture import offshore_km, sample_ruptures

F64 = NDArray[np.float64]

MODEL = "long-wave-arrival"
VERSION = "1"
MISSING = ("bathymetry", "terrain")
"""Layers that would have mattered and that the city does not have."""

GRAVITY = 9.81
# Assumption without a source: mean depth along the path from a rupture on the continental slope
# to a coast of north-central Chile, log-uniform between an inner shelf and the lower slope. [m]
MEAN_DEPTH_M = (100.0, 2500.0)
# Assumption: the plate interface lies about this deep under the coastline, so that the rupture
# above it lifts the sea floor. [km]
COAST_DEPTH_KM = 25.0
# Assumption near the first step of Pacific warning practice: below this moment magnitude an
# interface earthquake raises no dangerous wave. From memory of that practice, not re-read.
SMALLEST_MAGNITUDE = 6.5
DEEPEST_KM = 100.0
# A reading counts as the wave when it leaves the level before the event by this much, or by six
# times the usual scatter if that is more. Without a source. [m]
THRESHOLD_M = 0.3
_SCATTERS = 6.0


def forecast(
    bulletin: Bulletin,
    coast: F64,
    tide: Sequence[tuple[datetime, float]],
    *,
    samples: int,
    seed: int,
) -> Tsunami:
    """Forecast the first arrival at the coast, and read the tide gauge.

    Parameters
    ----------
    bulletin
        Epicentre and magnitude of the earthquake, or an official tsunami bulletin of it.
    coast
        Lon, lat of points on the city's coast. [deg] (points, 2)
    tide
        Good readings of the city's tide gauge, any order, NaN allowed. [m]
    samples
        Number of sampled ruptures and paths.
    seed
        The same seed gives the same forecast.

    Returns
    -------
    Tsunami
        `arrival_s` is unknown when no tsunami is possible, the city has no coast, or more than
        half of the sampled ruptures stay under the land.

    Raises
    ------
    InvalidInputError
        If the bulletin lacks place or magnitude.

    Notes
    -----
    Travel time = horizontal distance from the sea part of the sampled rupture to the nearest coast
    point ÷ √(g h), with one mean depth h for each sample. The wave starts with the earthquake;
    rupture time (a minute or two) is left out. For Illapel 2015 the gauge of Coquimbo is reported
    to have seen the first wave within about half an hour. Inundation depth is not computed at all:
    it needs terrain and bathymetry.

    Examples
    --------
    100 km at a mean depth of 1000 m take 100000 / √(9.81 × 1000) = 1010 s, a good quarter hour.
    """
    possible = _is_possible(bulletin)
    base, scatter = _level_before(tide, bulletin.origin_time)
    arrival, peak = _observed(tide, bulletin.origin_time, base, scatter)
    points = np.asarray(coast, dtype=np.float64).reshape(-1, 2)
    return Tsunami(
        is_possible=possible,
        arrival_s=_arrival(bulletin, points, samples, seed) if possible else UNKNOWN,
        observed_peak_m=peak,
        observed_arrival=arrival,
        depth_is_known=False,
        model=MODEL,
        version=VERSION,
    )


def _is_possible(bulletin: Bulletin) -> bool:
    """Official word first; else a shallow earthquake that may be large enough."""
    if bulletin.kind is BulletinKind.TSUNAMI_CANCEL:
        return False
    if bulletin.kind in (BulletinKind.TSUNAMI_ALERT, BulletinKind.EVACUATION_ORDER):
        return True
    error = bulletin.magnitude_sd if np.isfinite(bulletin.magnitude_sd) else 0.0
    is_large = bulletin.magnitude + 2.0 * error >= SMALLEST_MAGNITUDE
    return bool(is_large and not bulletin.depth_km > DEEPEST_KM)


def _arrival(bulletin: Bulletin, coast: F64, samples: int, seed: int) -> Band:
    if not len(coast):
        return UNKNOWN
    ruptures = sample_ruptures(bulletin, samples=samples, seed=seed)
    km = offshore_km(ruptures, coast, coast_depth_km=COAST_DEPTH_KM).min(axis=1)
    low, high = np.log(MEAN_DEPTH_M)
    depth = np.exp(np.random.default_rng([seed, 3]).uniform(low, high, samples))
    seconds = 1000.0 * km / np.sqrt(GRAVITY * depth)
    under_sea = np.isfinite(seconds)
    return Band.of(seconds[under_sea]) if under_sea.mean() > 0.5 else UNKNOWN


def _level_before(tide: Sequence[tuple[datetime, float]], origin: datetime) -> tuple[float, float]:
    """Return median and scatter of the readings before the event; NaN without any."""
    values = np.array([v for t, v in tide if t < origin and np.isfinite(v)])
    if not values.size:
        return float("nan"), float("nan")
    middle = float(np.median(values))
    # 1.4826 turns a median absolute deviation into a standard deviation (normal distribution).
    return middle, 1.4826 * float(np.median(np.abs(values - middle)))


def _observed(
    tide: Sequence[tuple[datetime, float]], origin: datetime, base: float, scatter: float
) -> tuple[datetime | None, float]:
    """Return the first reading off the usual level, up or down, and the highest rise."""
    after = sorted((t, v - base) for t, v in tide if t >= origin and np.isfinite(v - base))
    if not after:
        return None, float("nan")
    least = max(THRESHOLD_M, _SCATTERS * scatter)
    first = next((t for t, rise in after if abs(rise) >= least), None)
    return first, max(rise for _, rise in after)
