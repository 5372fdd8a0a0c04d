"""What a year of events costs together: aggregate exceedance, tails, layers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rencheng.domain.errors import InvalidInputError, TooMuchError
from rencheng.domain.risk import LossMatrix
from rencheng.domain.risk_annual import WIDEST, AnnualLoss, Between, Covered, Layer
from rencheng.model.risk.insurance import insured
from rencheng.model.risk.tail import period

F64 = NDArray[np.float64]

CELLS = 1 << 16
"""Points of the grid when nobody says. Ours."""
# What may lie beyond the grid, and the rarest tail that is answered: rounding of the transform is
# about 1e-15, so a thousandth of 1e-9 is still sure. Ours.
_LOST, _RAREST = 1e-12, 1e-9
_MOST_CELLS = 1 << 22
# Turns until the room for losses that are rounded up has settled: each leaves an eighth or less.
_TURNS = 6
_BINS = 4096
# Events of less than so many steps get a finer grid of their own, so often at most. Ours.
_FINE, _LEVELS = 512, 24
# Probabilities are held equal within this share, as `tail` does with frequencies. Ours.
_SAME = 1e-12


def annual_loss(loss: ArrayLike, rate: ArrayLike, *, cells: int = CELLS) -> AnnualLoss:
    """Return the distribution of a year's total loss.

    Parameters
    ----------
    loss
        Of each event. [currency] (events,)
    rate
        How often each happens. [1/yr] (events,)
    cells
        Points of each grid; more are finer. At least eight for each event a year are taken.

    Raises
    ------
    InvalidInputError
        When a rate or a loss is unknown or negative, or one is missing.
    TooMuchError
        When there are more than half a million events a year.

    Notes
    -----
    Every event arrives as Poisson, independent of all others, so a year's total is compound
    Poisson and its transform is exp(Σ rate (e^{i t loss} - 1)) [1]_: exact on the grid, no
    sampling. Losses between grid points are shared by both so that the mean stays exact; rounding
    all of them down, and up, gives totals that are never larger, and never smaller, hence bounds.
    The grid ends where Chernoff's inequality leaves less than 1e-12. Below the least loss of large
    events, a year with one of them lies above for certain and the others have a grid of their own,
    so that losses of any magnitude are told apart. Held against Poisson counts (one event, and two
    that differ by up to ten magnitudes), Poisson sums of gamma (exponential losses), and the mean
    and variance of every set. Left out: events that come in clusters or seasons, and losses that
    do not recover within the year. Cost: three transforms of each grid, about 10 ms a grid.

    References
    ----------
    .. [1] Klugman, Panjer & Willmot, *Loss Models*, on aggregate losses by fast Fourier transform.

    Examples
    --------
    >>> year = annual_loss(np.array([100.0]), np.array([0.5]))
    >>> float(year.reached[0].round(9)), round(1 - math.exp(-0.5), 9)
    (0.39346934, 0.39346934)
    """
    loss, rate = _events(loss, rate)
    counts = (loss > 0.0) & (rate > 0.0)
    x, often = loss[counts], rate[counts]
    order = np.argsort(x, kind="stable")
    x, often = x[order], often[order]
    single, first = np.unique(x, return_index=True)
    beyond = np.cumsum(np.r_[often, 0.0][::-1])[::-1]  # how often this loss or more
    alone = -np.expm1(-np.r_[beyond[first[1:]], 0.0][: single.size])
    grid, low, best, high = _grids(x, often, beyond, cells) if x.size else np.zeros((4, 1))
    low = np.maximum.accumulate(low[::-1])[::-1]
    high = np.minimum.accumulate(high)
    return AnnualLoss(
        loss=grid,
        reached=np.minimum.accumulate(np.clip(best, low, high)),
        reached_low=low,
        reached_high=high,
        frequency=math.fsum(often),
        mean=math.fsum(x * often),
        lost=_LOST if x.size else 0.0,
        single=single,
        single_reached=alone,
    )


def annual_loss_at(year: AnnualLoss, return_period: float) -> Between:
    """Return the total that a year passes with a probability of 1 / return period (PML, AEP).

    The smallest loss that is passed with at most that probability; NaN for return periods of a
    year or less and beyond 1e9 years. Never below the largest single event of such a year (OEP of
    the same probability). [currency]

    Raises
    ------
    InvalidInputError
        When the return period is not above zero.

    Examples
    --------
    >>> year = annual_loss(np.array([100.0]), np.array([0.01]))
    >>> found = annual_loss_at(year, 1000)
    >>> bool(found.low <= 100.0 <= found.high), round(found.best)
    (True, 100)
    """
    q = 1.0 / period(return_period)
    if not _RAREST <= q < 1.0:
        return Between(best=math.nan, low=math.nan, high=math.nan)
    low, best, high = (
        float(year.loss[_first_at_most(reached, q)])
        for reached in (year.reached_low, year.reached, year.reached_high)
    )
    alike = q * (1.0 - _SAME)
    if alike < -math.expm1(-year.frequency):  # no year costs less than its largest event
        low = max(low, float(year.single[_first_at_most(year.single_reached, alike)]))
    high = max(low, high)  # they may differ by rounding
    return Between(best=min(max(best, low), high), low=low, high=high)


def annual_tail_mean(year: AnnualLoss, return_period: float) -> Between:
    """Return the mean total of the worst years, one in `return_period` (TVaR, AEP). [currency]

    NaN and refused as `annual_loss_at`.

    Examples
    --------
    >>> year = annual_loss(np.array([100.0]), np.array([0.01]))
    >>> bool(abs(annual_tail_mean(year, 1.0 + 1e-9).best - 1.0) < 1e-6)  # of all years: the mean
    True
    """
    q = 1.0 / period(return_period)
    if not _RAREST <= q < 1.0:
        return Between(best=math.nan, low=math.nan, high=math.nan)
    # Mean of the worst share q = loss at its edge + what years lose beyond the edge / q.
    width = np.diff(year.loss, append=year.loss[-1:])
    low, best, high = (
        float(np.minimum(reached, q) @ width) / q
        for reached in (year.reached_low, year.reached, year.reached_high)
    )
    return Between(best=min(max(best, low), high), low=low, high=high)


def annual_paid(year: AnnualLoss, layer: Layer) -> Between:
    """Return what a layer on the year's total pays on average. [currency/yr]

    Examples
    --------
    >>> year = annual_loss(np.array([100.0]), np.array([0.01]))
    >>> beyond = annual_paid(year, Layer(deductible=50.0))  # 100 a year's event - 50 a year hit
    >>> round(beyond.best, 4), round(100 * 0.01 - 50 * (1 - math.exp(-0.01)), 4)
    (0.5025, 0.5025)
    """
    must_be_layer(layer)
    paid = insured(year.loss, layer.deductible, layer.limit) * layer.share
    gain = np.diff(paid, append=paid[-1:])
    low, best, high = (
        float(np.sum(gain * reached))
        for reached in (year.reached_low, year.reached, year.reached_high)
    )
    return Between(best=min(max(best, low), high), low=low, high=high)


def told(one: Between) -> Between | None:
    """Return a number as reports tell it: None where it is unknown, or its bounds say nothing.

    The one rule for a year's totals: nothing is told where the higher bound is more than `WIDEST`
    times the lower, so also where the lower is 0 and the higher is not.

    Examples
    --------
    >>> told(Between(best=3.0, low=1.0, high=9.0)), told(Between(best=3.0, low=0.0, high=4.0))
    (Between(best=3.0, low=1.0, high=9.0), None)
    """
    sure = math.isfinite(one.best + one.low + one.high) and one.high <= WIDEST * one.low
    return one if sure or one.high == 0.0 else None


def covered(
    loss: F64 | LossMatrix,
    rate: F64,
    *,
    asset: Layer | None = None,
    event: Layer | None = None,
    year: Layer | None = None,
    cells: int = CELLS,
) -> Covered:
    """Return who bears the losses: each asset's layer first, then the event's, then the year's.

    Parameters
    ----------
    loss
        Of each event (events,); with a layer for assets, the loss matrix of `impact`. [currency]
    rate
        [1/yr] (events,)
    asset
        Its deductible and limit may differ by asset. (assets,)
    event, year
        On what the assets' layers leave to the insurer, in sum.
    cells
        Points of the grid of a year.

    Returns
    -------
    covered
        With layers of an insurer's reinsurance, `paid` is ceded and `kept` retained. `paid` and
        `kept` sum to the loss, event by event and on average.

    Raises
    ------
    InvalidInputError
        When a layer for assets meets losses by event only, a rate is unknown, a share is no share,
        or amounts are negative or not one for each asset.

    Notes
    -----
    Left out: reinstatements, premiums, order of payment within a year.

    Examples
    --------
    >>> shared = covered(np.array([50.0, 300.0]), np.array([0.1, 0.01]),
    ...     event=Layer(deductible=100.0, limit=200.0))
    >>> shared.paid.tolist(), shared.kept.tolist(), round(shared.paid_aal.best, 9)
    ([0.0, 100.0], [50.0, 200.0], 1.0)
    """
    for one in (event or Layer(), year or Layer()):
        must_be_layer(one)
    if isinstance(loss, LossMatrix):
        whole, taken = _by_event(loss, asset or Layer())
    elif asset is None:
        whole = taken = np.asarray(loss, dtype=np.float64)
    else:
        raise InvalidInputError(
            "risk.no_matrix",
            "a layer for assets needs the loss of each event at each asset",
            hint="Run with the loss matrix",
        )
    layer = event or Layer()
    paid = insured(taken, layer.deductible, layer.limit) * layer.share
    if np.isnan(paid).any():
        unknown = Between(best=math.nan, low=math.nan, high=math.nan)
        return Covered(paid=paid, kept=whole - paid, paid_aal=unknown, kept_aal=unknown, year=None)
    total = annual_loss(paid, rate, cells=cells)
    sure = Between(best=total.mean, low=total.mean, high=total.mean)
    average = annual_paid(total, year) if year else sure
    all_of_it = math.fsum(whole * rate)
    return Covered(
        paid=paid,
        kept=whole - paid,
        paid_aal=average,
        kept_aal=Between(
            best=all_of_it - average.best,
            low=all_of_it - average.high,
            high=all_of_it - average.low,
        ),
        year=total,
    )


def _by_event(matrix: LossMatrix, layer: Layer) -> tuple[F64, F64]:
    """Return the whole loss of each event, and what the layers of assets pay of it."""
    loss = matrix.loss.astype(np.float64)
    must_be_layer(layer, int(matrix.asset.max(initial=-1)) + 1)
    low, high = (
        np.asarray(one, float)[matrix.asset] if np.ndim(one) else float(np.asarray(one))
        for one in (layer.deductible, layer.limit)
    )
    paid = insured(loss, low, high) * layer.share
    many = matrix.start.size - 1
    event = np.repeat(np.arange(many), np.diff(matrix.start))
    whole, taken = (np.bincount(event, part, many) for part in (loss, paid))
    return whole.astype(np.float64), taken.astype(np.float64)


def _events(loss: ArrayLike, rate: ArrayLike) -> tuple[F64, F64]:
    """Return losses and rates that a year can be made of."""
    x, often = np.asarray(loss, dtype=np.float64), np.asarray(rate, dtype=np.float64)
    if x.ndim != 1 or x.shape != often.shape:
        raise InvalidInputError(
            "risk.rates_apart",
            f"{x.size} losses do not go with {often.size} rates",
            hint="Give one loss and one rate for each event",
            params={"losses": int(x.size), "rates": int(often.size)},
        )
    if not (np.isfinite(often) & (often >= 0.0) & np.isfinite(x) & (x >= 0.0)).all():
        raise InvalidInputError(
            "risk.no_rates",
            f"of {often.size} events some have no known rate or loss",
            hint="Give the rate of every event per year, or ask for the losses alone",
            params={"events": int(often.size)},
        )
    return x, often


def must_be_layer(layer: Layer, least: int | None = None) -> None:
    """Refuse a layer that pays nothing that a contract could; of so many assets at least."""
    shapes = {np.shape(one) for one in (layer.deductible, layer.limit)} - {()}
    fits = not shapes if least is None else len(shapes) < 2 and all(
        len(one) == 1 and one[0] >= least for one in shapes
    )  # fmt: skip
    if not fits or not 0.0 <= layer.share <= 1.0:
        raise InvalidInputError(
            "risk.layer",
            f"a layer with a share of {layer.share:g} and amounts of shape "
            f"{sorted(shapes)} cannot be",
            hint="Give a share from 0 to 1, and one amount, or for assets one for each",
            params={"share": layer.share, "shapes": str(sorted(shapes))},
        )
    insured(0.0, layer.deductible, layer.limit)


def _grids(x: F64, often: F64, beyond: F64, cells: int) -> tuple[F64, F64, F64, F64]:
    """Return grid and probabilities (low, best, high) of losses that rise, coarse to fine."""
    pieces: list[list[F64]] = []
    end, upto = math.inf, x.size
    for _ in range(_LEVELS):
        step, above = _grid(x[:upto], often[:upto], cells)
        grid = step * np.arange(above[0].size, dtype=np.float64)
        sure = -math.expm1(-beyond[upto])  # a larger event alone lies above all of this grid
        fewer = int(np.searchsorted(x[:upto], _FINE * step, side="right"))
        start = math.floor(x[fewer] / step) if 0 < fewer < upto else 0
        here = slice(start, int(np.searchsorted(grid, end)))
        pieces.append([grid[here], *(sure + (1.0 - sure) * one[here] for one in above)])
        if not start:
            break
        end, upto = grid[start], fewer
    grid, low, best, high = (np.concatenate([one[k] for one in reversed(pieces)]) for k in range(4))
    return grid, low, best, high


def _grid(x: F64, often: F64, cells: int) -> tuple[float, list[F64]]:
    """Return the step, and how probable totals above each point are: low, best, high."""
    cells = _enough(cells, float(often.sum()))
    step = _span(x, often) / cells
    for _ in range(_TURNS):  # losses rounded up need a little more room
        step = _span(x + step, often) / cells
    place = x / step
    low = np.floor(place).astype(np.int64)
    part = place - low
    return step, [
        _reached(np.bincount(k, w, cells))
        for k, w in (
            (low, often),
            (np.r_[low, low + 1], np.r_[often * (1.0 - part), often * part]),
            (np.ceil(place).astype(np.int64), often),
        )
    ]


def _reached(often: NDArray[np.number]) -> F64:
    """Return the probability that the total lies above each grid point."""
    transform = np.exp(np.fft.rfft(often) - often.sum())
    mass = np.maximum(np.fft.irfft(transform, often.size), 0.0)
    return np.asarray(np.r_[np.cumsum(mass[:0:-1])[::-1], 0.0], dtype=np.float64)


def _first_at_most(reached: F64, q: float) -> int:
    """Return the first grid point that is passed with at most the probability `q`."""
    return int(np.searchsorted(-reached, -q, side="left"))


def _enough(cells: int, often: float) -> int:
    """Return how many points the grid needs so that rounding up stays a small part of it."""
    wanted = max(cells, 1 << math.ceil(math.log2(max(8.0 * often, 1.0))))
    if wanted > max(cells, _MOST_CELLS):
        raise TooMuchError(
            "risk.annual_events",
            f"{often:.3g} events a year are too many for the distribution of their sum",
            hint="Put events with small losses together",
            params={"events": often},
        )
    return wanted


def _span(loss: F64, rate: F64) -> float:
    """Return a total that a year passes with less than `_LOST`, by Chernoff's inequality."""
    if loss.size > _BINS:  # rounded up, so that the bound still holds
        place = np.ceil(loss / loss.max() * _BINS).astype(np.int64)
        rate = np.bincount(place, rate, _BINS + 1).astype(np.float64)
        loss = np.arange(_BINS + 1) / _BINS * loss.max()
    tilt = np.geomspace(1e-4, 60.0, 60) / loss.max()
    grown = np.array([np.sum(rate * np.expm1(t * loss)) for t in tilt])
    return float(np.min((grown - math.log(_LOST)) / tilt))
