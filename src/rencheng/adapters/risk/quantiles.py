"""Mean, standard deviation and quantiles of samples, as every table of the risk engine has them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.risk import EventImpact, is_nothing
from rencheng.domain.risk_uncertainty import QUANTILES

Columns = dict[str, NDArray[Any]]
F64 = NDArray[np.float64]
LEVELS = tuple(f"p{100 * q:02.0f}" for q in QUANTILES)
"""Names of the quantiles: p05 … p95."""


def spread(rows: F64) -> Columns:
    """Return mean, standard deviation and quantiles of each row; NaN where one is unknown."""
    if not rows.size:
        return {name: np.zeros(len(rows)) for name in ("mean", "sd", *LEVELS)}
    levels = np.quantile(rows, QUANTILES, axis=1)
    sd = rows.std(axis=1, ddof=1) if rows.shape[1] > 1 else np.full(len(rows), np.nan)
    return {"mean": rows.mean(axis=1), "sd": sd, **dict(zip(LEVELS, levels, strict=True))}


def of_fields(result: EventImpact) -> Columns:
    """Return how an event's loss scatters over the fields drawn of it; none were: no columns.

    Called `known_loss` where a part of it is unknown: at least so much.
    """
    if not result.of or not result.names or is_nothing(result.counts):
        return {}
    return {
        "event": np.array([result.of], dtype=object),
        "fields": np.array([len(result.names)]),
        "output": np.array(["known_loss" if result.is_partial else "loss"], dtype=object),
        **spread(result.known_loss[None]),
    }
