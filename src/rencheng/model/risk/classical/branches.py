"""Results over the branches of a logic tree: their mean and quantiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rencheng.domain.risk_classical import (
    Branches,
    ClassicalLosses,
    ClassicalStates,
    HazardCurves,
    RetrofitWorth,
)

F64 = NDArray[np.float64]
Result = TypeVar("Result", ClassicalLosses, ClassicalStates, RetrofitWorth)
# So rare that nothing comes of it, and yet not never. Ours.
NEARLY_NEVER = 1e-300


def of_branches(
    hazards: Sequence[HazardCurves], weight: F64, compute: Callable[[HazardCurves], Result]
) -> Branches[Result]:
    """Return what each branch comes to, and the mean.

    Parameters
    ----------
    hazards
        One of each branch, with the same places, measure and unit; levels and times may differ.
    weight
        Of each branch, summing to 1. (branches,)
    compute
        What is computed of a hazard.

    Notes
    -----
    A place whose hazard is unknown in one branch is unknown in all; one that nothing reaches in
    some branches alone is assessed in all. Left out: correlation between places (a branch holds
    everywhere at once, which the quantiles of a total take in; those of assets do not add up).
    """
    dark = np.any([np.isnan(one.poe).any(axis=1) for one in hazards], axis=0)
    reached = np.any([(one.poe > 0.0).any(axis=1) for one in hazards], axis=0)
    results = tuple(compute(_aligned(one, dark, reached)) for one in hazards)
    return Branches(results=results, weight=weight, mean=_mean(results, weight))


def _aligned(
    one: HazardCurves, dark: NDArray[np.bool_], reached: NDArray[np.bool_]
) -> HazardCurves:
    poe = one.poe.copy()
    poe[reached & ~(poe > 0.0).any(axis=1), 0] = NEARLY_NEVER
    poe[dark] = np.nan
    return replace(one, poe=poe)


def _mean(results: tuple[Result, ...], weight: F64) -> Result:
    first = results[0]

    def mean(name: str) -> F64:
        return over_branches([getattr(one, name) for one in results], weight)[0]

    changed: dict[str, Any]
    if isinstance(first, RetrofitWorth):
        changed = {name: mean(name) for name in ("aal_before", "aal_after", "benefit")}
    elif isinstance(first, ClassicalStates):
        changed = {"rate": mean("rate")}
    else:
        changed = {name: mean(name) for name in ("rate", "known_aal", "dark")}
    if not isinstance(first, RetrofitWorth):
        sources = dict.fromkeys(str(one.versions["hazard"]) for one in results)
        changed["versions"] = {**first.versions, "hazard": ", ".join(sources)}
    return replace(first, **changed)


def over_branches(value: ArrayLike, weight: ArrayLike, quantile: ArrayLike = ()) -> tuple[F64, F64]:
    """Return weighted mean and quantiles over the branches of a logic tree.

    Parameters
    ----------
    value
        The same result of each branch; a NaN makes what it touches unknown. (branches, ...)
    weight
        Of each branch, summing to 1. (branches,)
    quantile
        Between 0 and 1. (quantiles,)

    Returns
    -------
    mean, quantiles
        (...,) and (quantiles, ...). A quantile is straight between the values in their order, each
        standing at the sum of the weights up to and with it, and held at the ends: OpenQuake's.

    Examples
    --------
    >>> mean, quantiles = over_branches([[1.0], [3.0]], [0.25, 0.75], [0.625])
    >>> float(mean[0]), float(quantiles[0, 0])
    (2.5, 2.0)
    """
    values, weights = np.asarray(value, float), np.asarray(weight, float)
    mean = np.tensordot(weights, values, axes=(0, 0))
    asked = np.atleast_1d(np.asarray(quantile, float))
    flat = values.reshape(len(values), -1)
    order = np.argsort(flat, axis=0, kind="stable")
    ordered, reached = np.take_along_axis(flat, order, axis=0), np.cumsum(weights[order], axis=0)
    found = np.empty((asked.size, flat.shape[1]))
    column = np.arange(flat.shape[1])
    for row, share in zip(found, asked, strict=True):
        above = np.minimum((reached < share).sum(axis=0), len(flat) - 1)
        below = np.maximum(above - 1, 0)
        low, high = reached[below, column], reached[above, column]
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.where(high > low, (share - low) / (high - low), 1.0)
        start, end = ordered[below, column], ordered[above, column]
        row[:] = start + np.clip(part, 0.0, 1.0) * (end - start)
    found[:, np.isnan(flat).any(axis=0)] = np.nan
    return np.asarray(mean), found.reshape(asked.size, *values.shape[1:])
