"""Loss curves and average annual losses of assets by hazard curves, and what a retrofit saves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Beyond, Curve
from rencheng.domain.risk import Portfolio, Standing
from rencheng.domain.risk_classical import (
    ClassicalLosses,
    HazardCurves,
    RetrofitWorth,
    ShareMasses,
    ShareSpread,
)
from rencheng.model.risk.classical.states import (
    Steps,
    fine,
    fine_knots,
    settle,
    sites_of,
    versions_of,
)
from rencheng.model.risk.measures.discounting import Timing, present_worth, unusable
from rencheng.model.risk.measures.worth import must_be_share
from rencheng.model.risk.shares import exceeded, exceeded_by_masses
from rencheng.model.risk.stock import counted

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
Ratios = Callable[[Curve], F64]

# Shares at which loss curves are given: 0, twenty a decade from 1e-4, and 1. Ours.
SHARES = np.concatenate([[0.0], np.geomspace(1e-4, 1.0, 81)])


def usual_ratios(curve: Curve) -> F64:  # noqa: ARG001 - a rule of ratios is given the curve
    """Return shares from 0 to 1, twenty a decade from 1e-4; the same for every curve."""
    return SHARES


def ratios_between_means(steps: int) -> Ratios:
    """Return the rule: 0, the curve's means and 1, with evenly `steps` from one to the next.

    That of OpenQuake's `lrem_steps_per_interval`.
    """
    return lambda curve: fine_knots(np.unique(np.concatenate([[0.0], curve.mean, [1.0]])), steps)


def ratios_of(masses: ShareMasses) -> F64:
    """Return 0, each share and what lies just below it, and 1: areas under steps stay exact."""
    share = masses.share
    below = np.nextafter(share[share > 0.0], 0.0)
    return np.unique(np.concatenate([[0.0], below, share, [1.0]]))


def classical_losses(
    hazard: HazardCurves,
    portfolio: Portfolio,
    curves: Sequence[Curve],
    *,
    spread: ShareSpread = ShareSpread.BETA,
    masses: Mapping[str, ShareMasses] | None = None,
    steps: Steps = fine,
    ratios: Ratios = usual_ratios,
) -> ClassicalLosses:
    """Return loss curves and average annual losses of assets under hazard curves.

    Parameters
    ----------
    hazard
        Hazard curves; `portfolio.point` are rows of its sites.
    portfolio
        Assets.
    curves
        Vulnerability, in the unit of the hazard.
    spread
        How the share lost scatters around a curve's mean, with its standard deviation; a curve
        without one, and `NONE`, loses its mean for certain.
    masses
        Chances of shares in the place of a spread, by the id of the curve, in the hazard's unit.
        The loss curve falls at each share then, and `ratios` plays no part.
    steps
        `fine`, or a rule of OpenQuake.
    ratios
        Shares at which the loss curve of a curve is given, rising from 0 to 1.

    Returns
    -------
    result
        By asset and component. Standing as in `classical_states`.

    Raises
    ------
    InvalidInputError
        When a standard deviation is too large for the spread.

    Notes
    -----
    λ(l) = Σ_j P[share > l | x_j] Δν_j and AAL = value Σ_j mean(x_j) Δν_j, the latter exact in the
    mean whatever the spread; a lognormal share beyond 1 counts as more than 1 in λ. One row of λ
    is kept for each pair of site and curve: cost and memory are O(pairs × nodes × ratios), not
    assets. Left out: losses of several assets together (hazard curves do not say what is shaken
    at once; take an event set), intensities below the first level. Held against
    classical_risk 1, 2 and classical_bcr 1 of OpenQuake with its rules.
    """
    standing, site = settle(hazard, portfolio)
    size = portfolio.value.shape
    known, dark = np.full(size, np.nan), np.zeros(size)
    known[standing == Standing.NOT_EXPOSED] = 0.0
    pair = np.full(size, -1, dtype=np.int32)
    rows_ratio: list[F64] = []
    rows_rate: list[F64] = []
    assessed = standing == Standing.ASSESSED
    known[assessed] = 0.0
    for which, curve in enumerate(curves):
        mine = (portfolio.curve == which) & assessed[:, None] & (portfolio.value > 0.0)
        asset, component = np.nonzero(mine)
        if not asset.size:
            continue
        sites, back = np.unique(site[asset], return_inverse=True)
        met = steps(sites_of(hazard, sites), curve)
        mass = (masses or {}).get(curve.id)
        mean, share = curve.value(met.level), ratios_of(mass) if mass else ratios(curve)
        over = _over(curve, met.level, share, spread, mass)
        lost = met.rate @ np.nan_to_num(mean)
        unknown = met.rate @ np.isnan(mean).astype(np.float64)
        pair[asset, component] = len(rows_ratio) + back
        rows_rate += list(met.rate @ np.nan_to_num(over))
        rows_ratio += [share] * sites.size
        known[asset, component] = lost[back] * portfolio.value[asset, component]
        dark[asset, component] = unknown[back]
    return ClassicalLosses(
        id=portfolio.id,
        components=portfolio.components,
        value=portfolio.value,
        pair=pair,
        ratio=_padded(rows_ratio),
        rate=_padded(rows_rate),
        known_aal=known,
        dark=dark,
        standing=standing,
        counts=counted(standing),
        currency=portfolio.currency,
        year=portfolio.year,
        versions=versions_of(hazard, curves),
    )


def _over(
    curve: Curve, level: F64, share: F64, spread: ShareSpread, masses: ShareMasses | None
) -> F64:
    """Return P[a larger share is lost] at levels. (nodes, ratios)"""
    if masses is not None:
        table = [np.interp(level, masses.level, column) for column in masses.chance.T]
        over = exceeded_by_masses(np.column_stack(table), masses.share, share)
        return np.where((curve.below is Beyond.ZERO) & (level < curve.span[0])[:, None], 0.0, over)
    mean = curve.value(level)
    if curve.sd is None or spread is ShareSpread.NONE:
        return exceeded(mean, np.zeros_like(mean), share, ShareSpread.NONE)
    return exceeded(mean, curve.spread(level), share, spread, curve.id)


def _padded(rows: list[F64]) -> F64:
    """Return rows of several lengths as one array, NaN beyond their ends."""
    table = np.full((len(rows), max((r.size for r in rows), default=0)), np.nan)
    for i, row in enumerate(rows):
        table[i, : row.size] = row
    return table


def retrofit_worth(
    before: F64,
    after: F64,
    cost: F64,
    *,
    rate: float,
    life: float,
    timing: Timing = Timing.YEAR_END,
) -> tuple[F64, F64]:
    """Return the present value of what retrofits save, and its ratio to what they cost.

    Parameters
    ----------
    before, after
        Average annual loss without and with the retrofit; NaN unknown. [currency/yr] (assets,)
    cost
        Of the retrofit, once, at the start. [currency] (assets,)
    rate
        Discount rate. [1/yr]
    life
        How long the retrofit serves. [yr]
    timing
        `CONTINUOUS` is OpenQuake's: (1 - e^(-rate life)) / rate.

    Returns
    -------
    benefit, ratio
        (before - after) × present worth, and benefit / cost (BCR). (assets,)

    Raises
    ------
    InvalidInputError
        When the rate is no share from 0 to below 1, or the life none that can be.

    Notes
    -----
    Left out: upkeep, lives saved, downtime. Held against classical_bcr 1 of OpenQuake 3.26.2
    (0.486796), which takes the expected largest loss in 50 years for `before` and `after`.

    Examples
    --------
    >>> benefit, ratio = retrofit_worth(
    ...     np.array([300.0]), np.array([100.0]), np.array([1000.0]), rate=0.0, life=20)
    >>> float(benefit[0]), float(ratio[0])
    (4000.0, 4.0)
    """
    must_be_share(rate)
    if not life >= 0.0:
        raise unusable(rate, life)
    benefit = (before - after) * present_worth(rate, life, timing)
    with np.errstate(divide="ignore", invalid="ignore"):
        return benefit, np.where(cost > 0.0, benefit / cost, np.nan)


def worth_of(
    before: ClassicalLosses,
    after: ClassicalLosses,
    cost: F64,
    *,
    rate: float,
    life: float,
    timing: Timing = Timing.YEAR_END,
) -> RetrofitWorth:
    """Return what retrofitting each asset is worth, all components together."""
    less, more = after.aal.sum(axis=1), before.aal.sum(axis=1)
    benefit, _ = retrofit_worth(more, less, cost, rate=rate, life=life, timing=timing)
    return RetrofitWorth(
        id=before.id,
        aal_before=more,
        aal_after=less,
        cost=cost,
        benefit=benefit,
        currency=before.currency,
        year=before.year,
        faults=before.faults,
    )
