"""Deviations of ground motion over a whole grid, correlated over distance."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rencheng.model.hazards.earthquake.ground_motion import SA1
from rencheng.model.hazards.earthquake.residuals import RANGE_PGA_KM, RANGE_SA1_KM

F64 = NDArray[np.float64]

SHARED = SA1.tau**2 / (SA1.tau**2 + SA1.phi**2)
"""Share of the variance that a whole event has in common: τ² / (τ² + φ²) of Montalva et al. (2017),
doi:10.1785/0120160221, electronic supplement, row SA(1.0 s), the larger of the rows held. [1]"""
# Jayaram and Baker (2009), doi:10.1002/eqe.922, equation 18, for alike sites, and its slope in T;
# equation 17 is the one for others. The longer of both is taken: sums then scatter more, not less.
_ALIKE_KM, _ALIKE_SLOPE, _OTHER_SLOPE = 40.7, -15.0, 17.2
# Of the grid's edge to its other edge, in ranges: what is left there of the correlation is 0.2 %.
_APART = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waves:
    """How strong each wave of a field is."""

    size: tuple[int, int]
    """Rows and columns of the torus that the grid is part of."""
    root: F64
    """What waves of white noise are multiplied by. (rows, columns // 2 + 1)"""


def range_km(measure: str) -> float:
    """Return the distance at which correlation has fallen to 5 %, the longer of those published.

    Parameters
    ----------
    measure
        `SA(T)` by its period; all others as periods of 0 s, which is the longest. [km]

    Examples
    --------
    >>> [round(range_km(m), 1) for m in ("PGA", "SA(0.3)", "SA(1.0)", "SA(3.0)")]
    [40.7, 36.2, 25.7, 33.1]
    """
    found = re.fullmatch(r"SA\((\d+(?:\.\d+)?)\)", measure)
    period = float(found[1]) if found else 0.0
    if period >= 1.0:  # equation 19
        return RANGE_SA1_KM + 3.7 * (period - 1.0)
    return max(RANGE_PGA_KM + _OTHER_SLOPE * period, _ALIKE_KM + _ALIKE_SLOPE * period)


def waves(shape: tuple[int, int], step_km: tuple[float, float], reach_km: float) -> Waves:
    """Return the waves of fields on a grid.

    Parameters
    ----------
    shape
        Rows and columns of the grid.
    step_km
        Between rows and between columns.
    reach_km
        Distance at which the correlation exp(-3 h / reach) has fallen to 5 %.

    Notes
    -----
    Circulant embedding (Dietrich and Newsam 1997, doi:10.1137/S1064827592240555): the grid is part
    of a torus so much larger that its edges do not feel each other. Exact on the torus; waves of
    negative power, which rounding leaves, are left out. Cost: one FFT of the torus.
    """
    from scipy.fft import next_fast_len, rfft2

    rows, columns = (
        next_fast_len(n + math.ceil(min(_APART * reach_km / step, n)), real=True)
        for n, step in zip(shape, step_km, strict=True)
    )
    down, across = (np.minimum(np.arange(n), n - np.arange(n)) for n in (rows, columns))
    apart = np.hypot(down[:, None] * step_km[0], across[None, :] * step_km[1])
    power = rfft2(np.exp(-3.0 * apart / reach_km)).real
    return Waves(size=(rows, columns), root=np.sqrt(np.maximum(power, 0.0)))


def deviations(
    shape: tuple[int, int], held: Waves, *, shared: float, seed: int, number: int
) -> F64:
    """Return one field of standard normal deviations. (rows, columns)

    Parameters
    ----------
    shape
        Rows and columns of the grid.
    held
        The waves of the grid.
    shared
        Share of the variance that all cells have in common. [1]
    seed, number
        The field is a function of both and of the grid, and of no other field.

    Notes
    -----
    √shared η + √(1 - shared) ε(cell): η is one number, ε correlated over distance.
    """
    from scipy.fft import irfft2, rfft2

    rng = np.random.Generator(np.random.Philox(key=[seed, number]))
    common = rng.standard_normal()
    white = rfft2(rng.standard_normal(held.size))
    own = irfft2(white * held.root, s=held.size)[: shape[0], : shape[1]]
    return np.asarray(math.sqrt(shared) * common + math.sqrt(1.0 - shared) * own, dtype=np.float64)
