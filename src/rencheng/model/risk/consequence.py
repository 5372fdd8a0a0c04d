"""Losses from damage states: a fragility and what each state costs make a vulnerability."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Curve, CurveKind, CurveStatus, refuse
from rencheng.domain.errors import Fault
from rencheng.domain.risk_consequence import RepairCost

F64 = NDArray[np.float64]

TOLERANCE = 1e-5
"""Of the mean share between knots. Ours: the engine's own bound for damage states."""
SD_TOLERANCE = 1e-3
"""Of the standard deviation between knots. Ours."""
SHORTEST = 1e-4
"""Knots come no closer than this, by the ratio of their intensities less 1. Ours."""
TAIL = 5.0
"""Knots of a lognormal reach this many logarithmic standard deviations beyond its medians, where
less than 3e-7 is left. Ours."""
HINTS = {
    "kind": "Give a fragility; a vulnerability needs no cost of states",
    "states": "Give one cost for each state of the fragility, under the same names",
    "component": "Take costs of the same component, or of the whole",
    "share": "Give shares of the value between 0 and 1, not percent",
    "falls": "A worse state never costs less; compare with the source",
    "sd": "Give one standard deviation a state, none beyond √(share × (1 − share))",
}


def vulnerability_of(fragility: Curve, cost: RepairCost) -> Curve:
    """Return the expected share lost by intensity, with its standard deviation.

    Parameters
    ----------
    fragility
        P[state ≥ k].
    cost
        Share of the value that each state costs.

    Returns
    -------
    curve
        Vulnerability in the fragility's unit and range, with the sources of both; its trust is the
        lesser of theirs.

    Raises
    ------
    InvalidInputError
        When states or components of the two do not fit, a share lies outside [0, 1] or a worse
        state costs less.

    Notes
    -----
    mean(x) = Σ P[state = k | x] c_k and variance(x) = Σ P[state = k | x] (c_k² + s_k²) − mean²: the
    total expectation and variance over the states (HAZUS earthquake technical manual, direct
    economic losses, sums the same expectation). The standard deviation is of *one* asset, and
    holds what is random about its state. Exact at every knot; between knots within `TOLERANCE`.
    Left out: what repairing costs beyond the asset's value, and cost that depends on intensity
    within a state.
    """
    refuse(_faults(fragility, cost))
    x, (mean, sd) = _knots(fragility, cost)
    trust = (CurveStatus.OFFICIAL, CurveStatus.UNVERIFIED, CurveStatus.ASSUMPTION)
    return replace(
        fragility,
        id=f"{fragility.id}+{cost.id}",
        kind=CurveKind.VULNERABILITY,
        component=cost.component,
        x=x,
        mean=np.maximum.accumulate(mean),
        sd=sd,
        states=(),
        median=np.empty(0),
        beta=np.empty(0),
        probability=None,
        collapse=float("nan"),
        low=x[0],
        high=x[-1],
        source=f"{fragility.source}; cost of states: {cost.source}",
        licence=" and ".join(dict.fromkeys((fragility.licence, cost.licence))),
        status=max(fragility.status, cost.status, key=trust.index),
        version=f"{fragility.version}+{cost.version}",
        note="; ".join(part for part in (fragility.note, "sd: of one asset, its state") if part),
    )


def _exact(fragility: Curve, cost: RepairCost, x: F64) -> tuple[F64, F64]:
    """Return mean and standard deviation of the share. (…,)"""
    shares = fragility.shares(x)[..., 1:]
    each = np.asarray(cost.share)
    spread = np.asarray(cost.sd) if cost.sd else np.zeros_like(each)
    mean = shares @ each
    return mean, np.sqrt(np.maximum(shares @ (each**2 + spread**2) - mean**2, 0.0))


def _knots(fragility: Curve, cost: RepairCost) -> tuple[F64, tuple[F64, F64]]:
    """Return knots, halved until straight lines between them are close enough."""
    x = _first_knots(fragility)
    value = _exact(fragility, cost, x)
    while True:
        middle = (x[1:] + x[:-1]) / 2.0
        there = _exact(fragility, cost, middle)
        off = [np.abs(t - (v[1:] + v[:-1]) / 2.0) for t, v in zip(there, value, strict=True)]
        new = (off[0] > TOLERANCE) | (off[1] > SD_TOLERANCE)
        new &= (x[1:] - x[:-1]) > SHORTEST * x[1:]
        if not new.any():
            return x, value
        at = np.flatnonzero(new) + 1
        x = np.insert(x, at, middle[new])
        value = (
            np.insert(value[0], at, there[0][new]),
            np.insert(value[1], at, there[1][new]),
        )


def _first_knots(fragility: Curve) -> F64:
    if fragility.probability is not None:
        inside = (fragility.x > fragility.low) & (fragility.x < fragility.high)
        return np.concatenate([[fragility.low], fragility.x[inside], [fragility.high]])
    wide = TAIL * float(fragility.beta.max())
    reach = np.geomspace(
        fragility.median[0] * np.exp(-wide), fragility.median[-1] * np.exp(wide), 33
    )
    ends = [fragility.low] + ([fragility.high] if np.isfinite(fragility.high) else [])
    inside = (reach > fragility.low) & (reach < fragility.high)
    return np.unique(np.concatenate([ends, reach[inside]]))


def _faults(fragility: Curve, cost: RepairCost) -> tuple[Fault, ...]:
    share, sd = np.asarray(cost.share, dtype=np.float64), np.asarray(cost.sd, dtype=np.float64)
    if fragility.kind is not CurveKind.FRAGILITY:
        return (_fault(fragility, cost, "kind", str(fragility.kind)),)
    said = f"{', '.join(fragility.states)} ≠ {', '.join(cost.states)}"
    if cost.states != fragility.states or share.size != len(cost.states):
        return (_fault(fragility, cost, "states", f"{said} ({share.size})"),)
    found = []
    if cost.component not in ("whole", fragility.component):
        said = f"{fragility.component} ≠ {cost.component}"
        found.append(_fault(fragility, cost, "component", said))
    if not ((share >= 0) & (share <= 1)).all():
        found.append(_fault(fragility, cost, "share", str(cost.share)))
    elif (np.diff(share) < 0).any():
        found.append(_fault(fragility, cost, "falls", str(cost.share)))
    elif sd.size and not (
        sd.shape == share.shape
        and all(0 <= s <= sqrt(c * (1 - c)) + 1e-9 for s, c in zip(sd, share, strict=True))
    ):
        found.append(_fault(fragility, cost, "sd", str(cost.sd)))
    return tuple(found)


def _fault(fragility: Curve, cost: RepairCost, key: str, said: str) -> Fault:
    return Fault(
        where=f"{fragility.id}, {cost.id}",
        key=f"consequence.{key}",
        problem=said,
        hint=HINTS[key],
        first=(said,),
    )
