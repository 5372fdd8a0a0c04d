"""Residuals of ground motion: correlated in space, between periods, and tied to records."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rencheng.model.hazards.earthquake.ground_motion import PGA
from rencheng.model.hazards.rupture import east_north_km

F64 = NDArray[np.float64]

# Jayaram and Baker (2009), doi:10.1002/eqe.922, equations 17 and 19: distance at which the
# correlation of the within-event residuals has fallen to 5 %. The value for PGA is the one for
# sites whose Vs30 is not known to be alike (case 1: 8.5 + 17.2 T); for alike sites (equation 18)
# it is 40.7 km, and a record would say more about its surroundings.
RANGE_PGA_KM = 8.5
RANGE_SA1_KM = 22.0 + 3.7 * 1.0
# Keeps the factorisation alive when two sites share a place. [share of variance]
_JITTER = 1e-9


def _between_periods() -> float:
    """Return the correlation of PGA and SA(1.0 s) residuals.

    Baker and Jayaram (2008), doi:10.1193/1.2857544, equations 5 to 9 with PGA as T = 0.01 s.
    """
    short, long, corner = 0.01, 1.0, 0.109
    c1 = 1.0 - np.cos(np.pi / 2 - 0.366 * np.log(long / corner))
    rise = 0.5 * (np.sqrt(c1) - c1) * (1.0 + np.cos(np.pi * short / corner))
    return float(c1 + rise)


PERIOD_CORRELATION = _between_periods()


@dataclass(frozen=True, slots=True)
class Residuals:
    """Standard-normal parts of the residual at places (stations first, then sites)."""

    between: F64
    """(samples,)"""
    within: F64
    """(samples, places)"""


def correlation(points: F64, range_km: float) -> F64:
    """Return exp(-3 h / range) between all points. (points, points).

    Notes
    -----
    Jayaram and Baker (2009), equation 20, fitted to shallow crustal earthquakes and used here for
    an interface one. [assumption]
    """
    lon, lat = points.mean(axis=0) if points.size else (0.0, 0.0)
    east, north = east_north_km(float(lon), float(lat), points)
    apart = np.hypot(east[:, None] - east, north[:, None] - north)
    return np.asarray(np.exp(-3.0 * apart / range_km), dtype=np.float64)


def factor(matrix: F64) -> F64:
    """Return the lower Cholesky factor of a correlation matrix."""
    return np.asarray(np.linalg.cholesky(matrix + _JITTER * np.eye(len(matrix))), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinship:
    """How alike residuals are at places; it is the same for every earthquake."""

    places: F64
    """Lon, lat. [deg] (places, 2)"""
    like: F64
    """Correlation of the residuals of PGA. (places, places)"""
    half_pga: F64
    """Its lower Cholesky factor. (places, places)"""
    half_sa1: F64
    """That of SA(1.0 s). (places, places)"""


def kinship(places: F64) -> Kinship:
    """Return how alike residuals are at places. Cost: O(places³), far above that of a draw."""
    like = correlation(places, RANGE_PGA_KM)
    return Kinship(
        places=places,
        like=like,
        half_pga=factor(like),
        half_sa1=factor(correlation(places, RANGE_SA1_KM)),
    )


def draw(samples: int, factor_within: F64, rng: np.random.Generator) -> Residuals:
    """Draw residuals that know of no record."""
    within = rng.standard_normal((samples, len(factor_within))) @ factor_within.T
    return Residuals(rng.standard_normal(samples), within)


def condition(free: Residuals, matrix: F64, observed: F64) -> Residuals:
    """Tie drawn PGA residuals to those observed at the first places.

    Parameters
    ----------
    free
        Unconditioned draw.
    matrix
        Correlation of the within-event residuals of all places. (places, places)
    observed
        Total residual at the stations, which are the first places. [ln g] (samples, stations)

    Returns
    -------
    Residuals
        A draw from the multivariate normal given the records.

    Notes
    -----
    The distribution is that of Worden et al. (2018), doi:10.1785/0120170201, with noiseless
    records; the draw corrects the free one by its own misfit (residual kriging), which needs one
    small solve for all samples. A record moves the between-event term everywhere and the
    within-event term as far as the correlation reaches.
    """
    stations = observed.shape[1]
    if stations == 0:
        return free
    tau, phi = PGA.tau, PGA.phi
    near = matrix[:stations]
    cov = tau**2 + phi**2 * near[:, :stations] + _JITTER * np.eye(stations)
    misfit = observed - (tau * free.between[:, None] + phi * free.within[:, :stations])
    weight = np.linalg.solve(cov, misfit.T)  # (stations, samples)
    return Residuals(free.between + tau * weight.sum(axis=0), free.within + phi * (weight.T @ near))


def longer_period(pga: Residuals, free: Residuals) -> Residuals:
    """Return residuals of SA(1.0 s) that share the period correlation with those of PGA.

    Notes
    -----
    SA1 = ρ PGA + √(1 - ρ²) own field, for both parts: given PGA at a place, SA1 there does not
    depend on PGA elsewhere (Markov hypothesis). The correlation of total residuals stands in for
    both parts, and SA1's own spatial correlation is therefore slightly shorter than Jayaram and
    Baker's. [assumption]
    """
    rest = np.sqrt(1.0 - PERIOD_CORRELATION**2)
    return Residuals(
        PERIOD_CORRELATION * pga.between + rest * free.between,
        PERIOD_CORRELATION * pga.within + rest * free.within,
    )


def total(row_tau: float, row_phi: float, residuals: Residuals) -> F64:
    """Return between- plus within-event residual. [ln g] (samples, places)."""
    return np.asarray(row_tau * residuals.between[:, None] + row_phi * residuals.within)
