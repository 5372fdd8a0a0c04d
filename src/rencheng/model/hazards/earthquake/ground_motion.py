"""Ground motion of subduction-interface earthquakes in Chile, after Montalva et al. (2017)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

F64 = NDArray[np.float64]

MODEL = "montalva2017-interface"

# Abrahamson et al. (2016), table 2: constants of the functional form.
_N, _C, _C4, _THETA9, _VS_REFERENCE = 1.18, 1.88, 10.0, 0.4, 1000.0
# Montalva et al. (2017): reference magnitude of the interface events.
_C1 = 7.2
# Magnitudes and distances of the data, Montalva et al. (2017), abstract; Vs30 of the flatfile,
# Bastías and Montalva (2016), abstract.
MAGNITUDE_RANGE = (4.6, 8.8)
DISTANCE_RANGE_KM = (20.0, 650.0)
VS30_RANGE = (110.0, 1951.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficients:
    """One row of the electronic supplement of Montalva et al. (2017)."""

    vlin: float
    """Vs30 above which soil responds linearly. [m/s]"""
    b: float
    theta1: float
    theta2: float
    theta3: float
    theta4: float
    theta5: float
    theta6: float
    theta12: float
    dc1: float
    """Shift of the magnitude break."""
    phi: float
    """Within-event standard deviation, site-to-site part included. [ln g]"""
    tau: float
    """Between-event standard deviation. [ln g]"""


# Montalva et al. (2017), electronic supplement, row PGA.
PGA = Coefficients(
    vlin=865.1,
    b=-1.186,
    theta1=5.87504394,
    theta2=-1.75359772,
    theta3=0.13125248,
    theta4=0.80276784,
    theta5=-0.33486952,
    theta6=-0.00039095,
    theta12=1.01494528,
    dc1=0.2,
    phi=0.69118080,
    tau=0.47462209,
)
# The same, row T = 1.0 s.
SA1 = Coefficients(
    vlin=400.0,
    b=-1.955,
    theta1=3.57339281,
    theta2=-1.23082022,
    theta3=0.03605351,
    theta4=1.81217177,
    theta5=0.24372341,
    theta6=0.0,
    theta12=1.63506217,
    dc1=0.0,
    phi=0.63504015,
    tau=0.50143305,
)


def ln_median(
    row: Coefficients, magnitude: ArrayLike, rupture_km: ArrayLike, vs30: ArrayLike
) -> F64:
    """Return the natural logarithm of the median ground motion on the fore-arc.

    Parameters
    ----------
    row
        `PGA` or `SA1`.
    magnitude
        Moment magnitude; broadcasts with the others.
    rupture_km
        Closest distance to the rupture plane. [km]
    vs30
        Mean shear-wave velocity of the upper 30 m. [m/s]

    Returns
    -------
    ln_median
        Geometric mean of the horizontal components, 5 % damping. [ln g]

    Notes
    -----
    Checked within 0.1 % against the tables of OpenQuake's tests, which their authors made with the
    Matlab code of Montalva et al. (`tests/golden/shaking`). The data hold Mw 4.6 to 8.8, rupture
    distances of 20 to 650 km and Vs30 of 110 to 1951 m/s; nothing stops a call beyond them.
    Left out: back-arc sites, in-slab events, basins, directivity, duration.

    References
    ----------
    .. [1] Montalva, Bastías, Rodriguez-Marek (2017), Ground-motion prediction equation for the
       Chilean subduction zone, BSSA 107(2) 901-911, doi:10.1785/0120160221.
    .. [2] Abrahamson, Gregor, Addo (2016), BC Hydro ground motion prediction equations for
       subduction earthquakes, Earthquake Spectra 32(1) 23-44, doi:10.1193/051712EQS188MR.

    Examples
    --------
    Mw 9 at 100 km on stiff soil; the authors' table says 0.172217763 g:

    >>> float(np.exp(ln_median(PGA, 9.0, 100.0, 360.0)).round(4))
    0.1722
    """
    mag, km, vs = (np.asarray(v, dtype=np.float64) for v in (magnitude, rupture_km, vs30))
    rock_pga = np.exp(_source_and_path(PGA, mag, km) + _rock_site(PGA))
    return _source_and_path(row, mag, km) + _site(row, vs, rock_pga)


def _source_and_path(row: Coefficients, mag: F64, km: F64) -> F64:
    """Equations 1 and 2 of [2] with the constants of [1], interface, fore-arc."""
    bend = _C1 + row.dc1
    slope = np.where(mag > bend, row.theta5, row.theta4)
    source = row.theta1 + row.theta4 * row.dc1 + slope * (mag - bend)
    spread = row.theta2 + row.theta3 * (mag - _C1)
    path = spread * np.log(km + _C4 * np.exp(_THETA9 * (mag - 6.0))) + row.theta6 * km
    return np.asarray(source + path, dtype=np.float64)


def _rock_site(row: Coefficients) -> float:
    return float((row.theta12 + row.b * _N) * np.log(_VS_REFERENCE / row.vlin))


def _site(row: Coefficients, vs30: F64, rock_pga: F64) -> F64:
    """Equation 5 of [2]: linear above `vlin`, softening with shaking below."""
    ratio = np.minimum(vs30, _VS_REFERENCE) / row.vlin
    linear = row.theta12 * np.log(ratio)
    stiff = row.b * _N * np.log(ratio)
    soft = row.b * (np.log(rock_pga + _C * ratio**_N) - np.log(rock_pga + _C))
    return np.asarray(linear + np.where(vs30 >= row.vlin, stiff, soft), dtype=np.float64)
