"""What several hazards do to one thing together, by a stated rule."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.risk_several import Rule

F64 = NDArray[np.float64]


def combine(share: F64, rule: Rule) -> tuple[F64, F64]:
    """Return the share lost to all hazards together, and how much of it each is to blame for.

    Parameters
    ----------
    share
        Share lost to each hazard if it came alone; no NaN. [1] (..., hazards)
    rule
        `Rule`; for `IN_TURN` the hazards stand in the order in which they strike.

    Returns
    -------
    total
        Between the largest share and the sum of all, never above 1. [1] (...,)
    part
        Sums to `total`. In turn: what each took of what was left; else in proportion to what each
        does alone. [1] (..., hazards)

    Examples
    --------
    >>> total, part = combine(np.array([0.5, 0.4]), Rule.IN_TURN)
    >>> float(total), part.tolist()
    (0.7, [0.5, 0.2])
    >>> float(combine(np.array([0.5, 0.4]), Rule.MAX)[0])
    0.5
    """
    share = np.asarray(share, dtype=np.float64)
    alone = share.sum(axis=-1)
    if rule is Rule.IN_TURN:
        left = np.cumprod(1.0 - share, axis=-1)
        before = np.concatenate([np.ones_like(share[..., :1]), left[..., :-1]], axis=-1)
        part = before * share
        return np.minimum(part.sum(axis=-1), 1.0), part
    if rule is Rule.MAX:
        total = share.max(axis=-1)
    elif rule is Rule.SUM:
        total = np.minimum(alone, 1.0)
    else:
        # Written so that tiny shares keep their digits; bounded against rounding.
        with np.errstate(divide="ignore"):
            total = -np.expm1(np.log1p(-share).sum(axis=-1))
        total = np.clip(total, share.max(axis=-1), np.minimum(alone, 1.0))
    part = share * np.divide(total, alone, out=np.zeros_like(alone), where=alone > 0.0)[..., None]
    return np.asarray(total), part


def combine_states(reached: F64, rule: Rule) -> F64:
    """Return P[state ≥ k] under several hazards together.

    Parameters
    ----------
    reached
        P[state ≥ k] under each hazard alone, the worse states never likelier; NaN unknown. [1]
        (hazards, ..., states)
    rule
        `MAX`: the hazards' damage goes together as far as it can. `INDEPENDENT`, `IN_TURN`:
        P = 1 - Π(1 - Pₕ). `SUM`: they exclude each other as far as they can.

    Returns
    -------
    reached
        P[state ≥ k], the worse states never likelier. NaN where a hazard is unknown and the others
        do not make the state certain. [1] (..., states)

    Notes
    -----
    The worst state of any hazard counts: a building that both leave in *moderate* is moderate, not
    worse; that shaken buildings stand up to a wave less well is left out. With independence and two
    hazards this is P₁ + P₂ - P₁ P₂, the rule of Hazus for ground shaking and ground failure (FEMA,
    Hazus Earthquake Model Technical Manual, section 5); it follows from independence, and IN-CORE
    (pyincore, adjust_damage_for_liquefaction) joins shaking and liquefaction so; it was not
    compared with an edition of the manual.

    Examples
    --------
    >>> combine_states(np.array([[0.5, 0.2], [0.4, 0.1]]), Rule.INDEPENDENT).round(3).tolist()
    [0.7, 0.28]
    """
    known = np.nan_to_num(np.moveaxis(np.asarray(reached, dtype=np.float64), 0, -1))
    total, _ = combine(known, rule)
    return np.where(np.isnan(reached).any(axis=0) & (total < 1.0), np.nan, total)
