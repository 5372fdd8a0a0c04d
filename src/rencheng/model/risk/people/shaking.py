"""Deaths from shaking alone: rates of national models, and intensity from instruments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.intensity import factor
from rencheng.domain.risk_people import RapidModel
from rencheng.model.risk.people.fragilities import normal

F64 = NDArray[np.float64]

# GB/T 17742-2020, formulas A.5 and A.6: intensity by lg of the peak ground acceleration [m/s²] and
# velocity [m/s], slope and value at one. Found again in four public programs by other authors
# (chemars/Seismic-Intensity-Scales, GB17742_class, intensityCalculatorForPhyphox,
# compute_intensity_gb), and within 0.02 of the lower end of VI in table A.1 (0.457 m/s², 0.0381
# m/s) as a fifth quotes it; not read in the standard. The standard means all three components from
# 0.1 to 10 Hz and both together: velocity where both reach VI, else their mean; one by itself makes
# do. Chinese and Mercalli degrees are close from VI to X.
_SCALE = {"PGA": ("m/s2", 3.17, 6.59), "PGV": ("m/s", 3.00, 9.77)}
# PAGER works from V to IX and takes X for IX (usgs/pager 081a55f, losspager/models/emploss.py);
# V begins at 4.5.
LOWEST, HIGHEST = 4.5, 9.0


def intensity_of(x: F64, measure: str, unit: str) -> F64:
    """Return the macroseismic intensity of MMI, PGA or PGV; 1 to 12, NaN unknown. [MMI]"""
    if measure == "MMI":
        return x
    said, slope, at_one = _SCALE[measure]
    with np.errstate(divide="ignore"):
        felt = slope * np.log10(x * factor(measure, unit, said)) + at_one
    return np.clip(felt, 1.0, 12.0)


def rapid_rate(model: RapidModel, intensity: F64) -> F64:
    """Return the share of the people that a national model takes for dead; NaN unknown.

    Notes
    -----
    Φ(ln(I/θ)/β), intensity as it is and not in whole degrees; nothing below 4.5, and IX above.
    China: 5.1e-5 at VII, 5.3e-3 at VIII, 8.4e-2 at IX.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.log(np.minimum(intensity, HIGHEST) / model.theta) / model.beta
    return np.where(intensity < LOWEST, 0.0, normal(z))
