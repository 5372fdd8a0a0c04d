"""Samples of the rupture plane that a bulletin's epicentre and magnitude leave open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import InvalidInputError
from rencheng.domain.hazard import Bulletin

F64 = NDArray[np.float64]

EARTH_KM = 6371.0
# Strasser, Arango and Bommer (2010), SRL 81(6) 941-950, doi:10.1785/gssrl.81.6.941, table 1,
# interface events: intercept, slope, standard deviation of log10(km) on Mw.
LENGTH_SCALING = (-2.477, 0.585, 0.180)
WIDTH_SCALING = (-0.882, 0.351, 0.173)
# Without a source: what a first bulletin's magnitude is usually worth when it does not say so.
MAGNITUDE_SD = 0.2
MAGNITUDE_LIMITS = (5.0, 9.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """Geometry of a plate interface near a city."""

    strike_deg: float
    dip_deg: float
    top_km: float
    """Depth of the shallowest rupture."""
    bottom_km: float
    """Depth of the deepest seismic rupture."""
    depth_km: tuple[float, float]
    """Where hypocentres lie when a bulletin does not say."""


# Assumption for north-central Chile: strike and dip near the moment-tensor solutions of the 2015
# event (strike about 5°, dip about 19°); seismic down to about 50 km as Tichelaar and Ruff (1993),
# doi:10.1029/92JB02045, found for Chile. Both from memory of the literature, not re-read.
CHILE = Interface(strike_deg=5.0, dip_deg=19.0, top_km=3.0, bottom_km=50.0, depth_km=(15.0, 40.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruptures:
    """Sampled planes through one epicentre; every array is (samples,)."""

    lon: float
    lat: float
    interface: Interface
    magnitude: F64
    depth_km: F64
    """Depth of the hypocentre."""
    behind_km: F64
    """From the hypocentre to the end against the strike direction."""
    ahead_km: F64
    """From the hypocentre to the end along the strike direction."""
    up_km: F64
    """From the hypocentre up the dip, in the plane."""
    down_km: F64
    """From the hypocentre down the dip, in the plane."""


def sample_ruptures(
    bulletin: Bulletin, *, samples: int, seed: int, interface: Interface = CHILE
) -> Ruptures:
    """Sample magnitude, size and position of the rupture plane.

    Parameters
    ----------
    bulletin
        Needs place and magnitude; an unknown magnitude error counts as 0.2, an unknown depth is
        sampled over the interface's usual range.
    samples
        Number of planes.
    seed
        The same seed gives the same planes.
    interface
        Strike, dip and depth limits.

    Returns
    -------
    Ruptures
        Planes that contain the hypocentre and stay between the interface's top and bottom.

    Raises
    ------
    InvalidInputError
        If the bulletin has no place or no magnitude, or `samples` < 1.

    Notes
    -----
    Length and width are lognormal about Strasser et al. (2010), independent of each other. The
    hypocentre is uniform along the strike, and uniform down the dip as far as the depth limits
    allow; a plane wider than the seismic interface is cut, its length is not stretched. The
    epicentre counts as exact.
    """
    _check(bulletin, samples)
    rng = np.random.default_rng([seed, 1])
    sd = bulletin.magnitude_sd if np.isfinite(bulletin.magnitude_sd) else MAGNITUDE_SD
    magnitude = np.clip(bulletin.magnitude + sd * rng.standard_normal(samples), *MAGNITUDE_LIMITS)
    length = _scaled(LENGTH_SCALING, magnitude, rng)
    width = _scaled(WIDTH_SCALING, magnitude, rng)
    along, across = rng.random(samples), rng.random(samples)
    if np.isfinite(bulletin.depth_km):
        depth = np.full(samples, float(bulletin.depth_km))
    else:
        depth = rng.uniform(*interface.depth_km, samples)
    rise = np.sin(np.radians(interface.dip_deg))
    above = np.maximum(depth - interface.top_km, 0.0) / rise
    below = np.maximum(interface.bottom_km - depth, 0.0) / rise
    width = np.minimum(width, above + below)
    lowest, highest = np.maximum(width - below, 0.0), np.minimum(width, above)
    up = lowest + across * (highest - lowest)
    return Ruptures(
        lon=bulletin.lon,
        lat=bulletin.lat,
        interface=interface,
        magnitude=magnitude,
        depth_km=depth,
        behind_km=along * length,
        ahead_km=(1.0 - along) * length,
        up_km=up,
        down_km=width - up,
    )


def _scaled(scaling: tuple[float, float, float], magnitude: F64, rng: np.random.Generator) -> F64:
    intercept, slope, sd = scaling
    noise = sd * rng.standard_normal(magnitude.size)
    return np.asarray(10.0 ** (intercept + slope * magnitude + noise), dtype=np.float64)


def _check(bulletin: Bulletin, samples: int) -> None:
    if not np.isfinite([bulletin.lon, bulletin.lat, bulletin.magnitude]).all():
        raise InvalidInputError(
            "hazard.incomplete",
            f"bulletin {bulletin.id} says no epicentre or no magnitude",
            hint="Wait for a bulletin with both, or enter them by hand",
            params={"bulletin": bulletin.id},
        )
    if samples < 1:
        raise InvalidInputError(
            "hazard.samples",
            f"{samples} samples asked for",
            hint="Ask for one or more",
            params={"samples": samples},
        )


def east_north_km(lon: float, lat: float, points: F64) -> tuple[F64, F64]:
    """Return offsets of points (n, 2) from a place on a sphere, good to 1 % within 500 km."""
    middle = np.radians((points[:, 1] + lat) / 2)
    east = np.radians(points[:, 0] - lon) * np.cos(middle) * EARTH_KM
    north = np.radians(points[:, 1] - lat) * EARTH_KM
    return east, north


def closest_km(ruptures: Ruptures, points: F64) -> F64:
    """Return the closest distance from points at sea level to each plane. [km] (samples, points).

    Examples
    --------
    A point over a hypocentre 20 km deep lies 20 cos 19° = 18.9 km from a plane that dips by 19°
    and reaches that far up (see the tests).
    """
    along, down, off = _in_plane(ruptures, points)
    a = along - np.clip(along, -ruptures.behind_km[:, None], ruptures.ahead_km[:, None])
    d = down - np.clip(down, -ruptures.up_km[:, None], ruptures.down_km[:, None])
    return np.asarray(np.sqrt(a**2 + d**2 + off**2), dtype=np.float64)


def _in_plane(ruptures: Ruptures, points: F64) -> tuple[F64, F64, F64]:
    """Return coordinates along strike, down dip and off the plane. (samples, points)."""
    east, north = east_north_km(ruptures.lon, ruptures.lat, points)
    strike = np.radians(ruptures.interface.strike_deg)
    dip = np.radians(ruptures.interface.dip_deg)
    along = np.sin(strike) * east + np.cos(strike) * north
    outward = np.cos(strike) * east - np.sin(strike) * north  # horizontal, towards the dip
    rise = -ruptures.depth_km[:, None]  # sea level seen from the hypocentre, positive down
    down = np.cos(dip) * outward + np.sin(dip) * rise
    off = -np.sin(dip) * outward + np.cos(dip) * rise
    return np.broadcast_to(along, down.shape), down, off


def offshore_km(ruptures: Ruptures, points: F64, *, coast_depth_km: float) -> F64:
    """Return horizontal distances from points to the shallow part of each plane.

    Parameters
    ----------
    ruptures
        Sampled planes.
    points
        Lon, lat. [deg] (points, 2)
    coast_depth_km
        Depth of the interface under the coast: what is shallower counts as under the sea.

    Returns
    -------
    distance
        NaN where the whole plane is deeper. [km] (samples, points)
    """
    along, _, _ = _in_plane(ruptures, points)
    east, north = east_north_km(ruptures.lon, ruptures.lat, points)
    strike, dip = (
        np.radians(v) for v in (ruptures.interface.strike_deg, ruptures.interface.dip_deg)
    )
    outward = np.cos(strike) * east - np.sin(strike) * north
    sea = (coast_depth_km - ruptures.depth_km) / np.sin(dip)  # down-dip limit of the sea part
    low, high = -ruptures.up_km, np.minimum(ruptures.down_km, sea)
    a = along - np.clip(along, -ruptures.behind_km[:, None], ruptures.ahead_km[:, None])
    flat = np.cos(dip)
    o = outward - np.clip(outward[None], (low * flat)[:, None], (high * flat)[:, None])
    return np.where((high > low)[:, None], np.hypot(a, o), np.nan)
