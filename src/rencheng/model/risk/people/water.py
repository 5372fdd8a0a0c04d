"""Water that is dangerous to people: classes of hazard, and how many of those exposed drown."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Curve
from rencheng.model.risk.people.fragilities import share

F64 = NDArray[np.float64]
I8 = NDArray[np.int8]

# Upper limits of H1 to H5: depth [m], speed [m/s], depth x speed [m²/s]; beyond is H6. Combined
# curves of the Australian Disaster Resilience Guideline 7-3 Flood Hazard (2017), after Smith, Davey
# and Cox (2014), WRL 2014/07; not read there. The same class at 299,500 pairs of depth and speed as
# by the limits in the public R program compute_flood_hazard_categories, written after Figure 1 of
# the Flood risk management guideline FB03 (New South Wales, 2023).
LIMITS = np.array(
    [[0.3, 2.0, 0.3], [0.5, 2.0, 0.6], [1.2, 2.0, 0.6], [2.0, 2.0, 1.0], [4.0, 4.0, 4.0]]
)
CLASSES = 6
# Zone near a breach: depth x speed [m²/s] and speed [m/s] from which nobody survives; and where
# water rises fast: how fast [m/h], and from which depth [m]. Jonkman et al. (2008),
# doi:10.1007/s11069-008-9227-5; not read there. A public program of the project COMPASS has the
# same limits, but for rapid rise from 2.1 m: where its lognormal crosses the other, so that nothing
# else comes out here, where the larger of both counts.
BREACH = 7.0, 2.0
RAPID_M_H, RAPID_FROM_M = 0.5, 1.5
REMAINING, RAPID, ZONES = "jonkman.remaining", "jonkman.rapid_rise", "jonkman.zones"


def hazard_class(depth: F64, speed: F64 | None = None) -> tuple[I8, NDArray[np.bool_]]:
    """Return the class of water, and where it is known as *at least so much* only.

    Parameters
    ----------
    depth
        NaN unknown. [m] (...,)
    speed
        NaN unknown; None: nobody knows any. [m/s] (...,)

    Returns
    -------
    grade
        1 to 6; 0 where it is dry, -1 unknown. (...,)
    is_least
        True where depth alone decided, or speed alone could raise it. (...,)

    Notes
    -----
    H1 is safe for all, H2 not for small vehicles, H3 not for vehicles, children and the elderly,
    H4 not for people and vehicles, H5 damages and H6 destroys buildings. A class is the mildest
    whose limits of depth, speed and their product all hold. Without speed the class is that of
    still water: at least that. H6 cannot rise.

    Examples
    --------
    >>> hazard_class(np.array([0.2, 0.2, 1.0]), np.array([1.0, 1.9, 0.5]))[0].tolist()
    [1, 2, 3]
    """
    still = np.isnan(speed) if speed is not None else np.ones(np.shape(depth), dtype=bool)
    flow = np.zeros(np.shape(depth)) if speed is None else np.where(still, 0.0, speed)
    h = np.asarray(depth)[..., None]
    v = flow[..., None]
    over = (h > LIMITS[:, 0]) | (v > LIMITS[:, 1]) | (h * v > LIMITS[:, 2])
    grade = (1 + over.sum(axis=-1)).astype(np.int8)
    grade[~(np.asarray(depth) > 0.0)] = 0
    grade[np.isnan(depth)] = -1
    return grade, still & (grade > 0) & (grade < CLASSES)


def drowned(curves: Mapping[str, Curve], depth: F64, speed: F64 | None = None) -> Mapping[str, F64]:
    """Return the share of the exposed that drowns, by model and zone of rise.

    Parameters
    ----------
    curves
        Mortality over depth in metres, by id. `jonkman.remaining` and `jonkman.rapid_rise`
        together also give `jonkman.zones`.
    depth
        NaN unknown. [m] (...,)
    speed
        NaN unknown: then no breach is seen. [m/s] (...,)

    Returns
    -------
    share
        In water that rises slowly, fast, and at an unknown speed; NaN unknown. (..., 3) each

    Notes
    -----
    Rapid rise holds from 1.5 m up and never falls below the remaining zone, beneath which the
    lognormal of the rapid zone lies up to 2.1 m (ours). Near a
    breach nobody survives in the models of Jonkman.
    """
    found = {}
    for name, curve in curves.items():
        found[name] = np.repeat(share(curve, depth)[..., None], 3, axis=-1)
    if REMAINING in found and RAPID in found:
        slow = found[REMAINING]
        fast = np.where((depth >= RAPID_FROM_M)[..., None], np.fmax(found[RAPID], slow), slow)
        zones = fast.copy()
        zones[..., 0], zones[..., 2] = slow[..., 0], np.nan
        # Where both agree, or it is dry, the rise plays no part.
        same = slow[..., 0] == fast[..., 0]
        zones[same, 2] = slow[same, 0]
        found |= {RAPID: fast, ZONES: zones}
    if speed is not None:
        breach = (depth * speed >= BREACH[0]) & (speed >= BREACH[1])
        for name in found:
            if name in (REMAINING, RAPID, ZONES):
                found[name] = np.where(breach[..., None], 1.0, found[name])
    return found


def zone_of(rise_m_h: F64) -> NDArray[np.int32]:
    """Return 0 where water rises slowly, 1 fast, 2 where nobody knows. [m/h] (assets,)"""
    zone = (rise_m_h >= RAPID_M_H).astype(np.int32)
    zone[np.isnan(rise_m_h)] = 2
    return zone
