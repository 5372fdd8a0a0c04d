"""From a published map of shaking to realisations at the sites."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.hazard import Bulletin, Shaking, ShakingMap
from rencheng.model.hazards.earthquake.ground_motion import PGA
from rencheng.model.hazards.earthquake.residuals import RANGE_PGA_KM, correlation, draw, factor
from rencheng.model.hazards.rupture import closest_km, sample_ruptures

F64 = NDArray[np.float64]

MODEL = "shakemap"


def covers(given: ShakingMap, sites: F64) -> bool:
    """Return whether a map says PGA and spectral acceleration at 1 s at every site. (sites, 2)."""
    return bool(np.isfinite(at_sites(given, sites)[:2]).all())


def at_sites(given: ShakingMap, sites: F64) -> F64:
    """Return the map's layers at places, bilinear in lon and lat; NaN outside. (3, sites).

    Parameters
    ----------
    given
        The map.
    sites
        Lon, lat. [deg] (sites, 2)

    Returns
    -------
    layers
        PGA [g], spectral acceleration at 1 s [g], standard deviation of ln PGA.
    """
    layers = given.layers().astype(np.float64)
    column = (sites[:, 0] - given.west) / given.step_lon
    row = (given.north - sites[:, 1]) / given.step_lat
    # A site on the edge is inside: coordinates of grids are rounded to about 1e-4 deg.
    inside = (column > -0.01) & (column < given.columns - 0.99)
    inside &= (row > -0.01) & (row < given.rows - 0.99)
    column = np.clip(column, 0, given.columns - 1)
    row = np.clip(row, 0, given.rows - 1)
    x = np.minimum(column.astype(np.int64), given.columns - 2)
    y = np.minimum(row.astype(np.int64), given.rows - 2)
    right, down = column - x, row - y
    values = (
        layers[:, y, x] * (1 - right) * (1 - down)
        + layers[:, y, x + 1] * right * (1 - down)
        + layers[:, y + 1, x] * (1 - right) * down
        + layers[:, y + 1, x + 1] * right * down
    )
    return np.asarray(np.where(inside, values, np.nan))


def shake_by_map(
    given: ShakingMap, bulletin: Bulletin, sites: F64, *, samples: int, seed: int
) -> Shaking:
    """Sample the shaking of an earthquake around what a published map says of it.

    Parameters
    ----------
    given
        A map that `covers` the sites.
    bulletin
        Of the same event; gives the rupture's distance, nothing else.
    sites
        Lon, lat, such as zone centres. [deg] (sites, 2)
    samples
        Number of realisations.
    seed
        The same seed gives the same fields.

    Returns
    -------
    Shaking
        Joint realisations; the median over samples tends to the map.

    Notes
    -----
    ln PGA is normal around the map's median with the map's standard deviation, where it says none
    with that of the ground-motion model; deviations are correlated over distance as within-event
    residuals of PGA. Spectral acceleration at 1 s deviates alike: the map gives no standard
    deviation that could be used apart from it. The map was made with the stations that its issuer
    had, and with soil; the city's own records do not change it. Not verified against observed
    damage. Range: that of the map.
    """
    pga, sa1, sd = at_sites(given, sites)
    sd = np.where(np.isfinite(sd), sd, np.hypot(PGA.tau, PGA.phi))
    rng = np.random.default_rng([seed, 3])
    alike = draw(samples, factor(correlation(sites, RANGE_PGA_KM)), rng).within
    swing = np.exp(sd * alike)
    ruptures = sample_ruptures(bulletin, samples=samples, seed=seed)
    return Shaking(
        pga_g=pga * swing,
        sa1_g=sa1 * swing,
        rupture_km=closest_km(ruptures, sites),
        stations_used=(),
        model=MODEL,
        version=f"{given.issuer} {given.revision}".strip(),
        bulletin=bulletin.id,
    )
