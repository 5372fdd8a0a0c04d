"""Water mains: how many break, how fast they are mended, who has water meanwhile."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from rencheng.domain.city import City
from rencheng.domain.hazard import Shaking
from rencheng.domain.recovery import MainsRepair
from rencheng.domain.resource import TeamKind

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]

# PGV [in/s] = 386.4 / (2 pi) * SA(1 s) / 1.65: HAZUS earthquake model, potential earth science
# hazards (amplification 1.65 after Newmark and Hall); an inch is 2.54 cm.
PGV_CM_S_PER_G = 386.4 / (2 * np.pi) / 1.65 * 2.54
# Repairs per km = K * 0.0001 * PGV^2.25, PGV in cm/s: HAZUS, after O'Rourke and Ayala (1993).
RATE, POWER = 0.0001, 2.25


def repair_rate(sa1_g: F64, factor: float) -> F64:
    """Return repairs per kilometre of main from shaking. [1/km]

    Examples
    --------
    At SA(1 s) = 0.4 g the peak velocity is 37.9 cm/s:

    >>> round(float(repair_rate(np.array([0.4]), 1.0)[0]), 3)
    0.356
    """
    return factor * RATE * (PGV_CM_S_PER_G * sa1_g) ** POWER


def customers_served(breaks_per_km: F64, mains: MainsRepair) -> F64:
    """Return the share of a zone's customers with water. [1]

    Examples
    --------
    >>> from rencheng.domain.recovery import MainsRepair
    >>> rule = MainsRepair(brittle=1, ductile=.3, break_share=.2, breaks_per_day=.5,
    ...     leaks_per_day=1, workers_per_resident=1e-4, served_median=.1, served_beta=.85)
    >>> customers_served(np.array([0.0, 0.1]), rule).tolist()
    [1.0, 0.5]
    """
    served = np.ones_like(breaks_per_km)
    broken = breaks_per_km > 0
    distance = np.log(breaks_per_km[broken] / mains.served_median) / mains.served_beta
    served[broken] = 1.0 - ndtr(distance)
    return served


def water_served(
    city: City, shaking: Shaking, mains: MainsRepair, time_h: F64, *, seed: int
) -> F32:
    """Return which share of each zone's customers the mains still serve, while they are mended.

    Returns
    -------
    share
        1 where a zone has no mains. (samples, times, zones)

    Notes
    -----
    Breaks and leaks are Poisson by zone, rates from the zone's SA(1 s). Workers (those of the
    city's water repair teams, else a share of the residents) start at once, work every day, take
    zone after zone by residents per worker-day, and mend breaks and leaks of a zone evenly.
    Only a zone's own mains count: a break upstream does not empty the zones behind it, and
    ground failure (liquefaction, landslide) is left out for want of soil data, so the share is
    too high where either matters. Facilities with a water supply of their own record in the
    dependencies do not feel broken mains.
    """
    zones = city.zones.id.size
    length = np.zeros((2, zones))
    for row, material in enumerate(("brittle", "ductile")):
        is_it = np.array([m == material for m in city.mains.material], dtype=bool)
        is_it &= city.mains.zone >= 0
        np.add.at(length[row], city.mains.zone[is_it], city.mains.length_m[is_it] / 1000.0)
    expected = repair_rate(shaking.sa1_g, mains.brittle) * length[0]
    expected += repair_rate(shaking.sa1_g, mains.ductile) * length[1]
    expected = np.nan_to_num(expected)
    rng = np.random.default_rng([seed, 73])
    breaks = rng.poisson(expected * mains.break_share)
    leaks = rng.poisson(expected * (1.0 - mains.break_share))
    work_d = breaks / mains.breaks_per_day + leaks / mains.leaks_per_day
    left = _work_left(city, work_d, _workers(city, mains), time_h)
    per_km = breaks / np.where(length.sum(axis=0) > 0, length.sum(axis=0), np.inf)
    return customers_served(left * per_km[:, None, :], mains).astype(np.float32)


def _work_left(city: City, work_d: F64, workers: float, time_h: F64) -> F64:
    """Return the share of each zone's work that is left. (samples, times, zones)"""
    people = np.nan_to_num(city.zones.population)
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(work_d > 0, people / work_d, np.inf)
    order = np.argsort(-gain, axis=1, kind="stable")
    done_at = np.cumsum(np.take_along_axis(work_d, order, axis=1), axis=1)
    ends = np.empty_like(done_at)
    np.put_along_axis(ends, order, done_at, axis=1)
    done = workers * time_h / 24.0
    left_d = ends[:, None, :] - done[None, :, None]
    work = np.where(work_d > 0, work_d, 1.0)[:, None, :]
    return np.asarray(np.clip(left_d / work, 0.0, 1.0))


def _workers(city: City, mains: MainsRepair) -> float:
    named = sum(team.capacity for team in city.teams if team.kind is TeamKind.REPAIR_WATER)
    if named > 0:
        return named
    return max(1.0, mains.workers_per_resident * float(np.nansum(city.zones.population)))
