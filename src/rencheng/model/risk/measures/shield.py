"""Barriers: lower intensities at the assets that stand behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import TooMuchError
from rencheng.domain.intensity import factor
from rencheng.domain.risk import Events, EventSource, Portfolio
from rencheng.domain.risk_measures import Measure

Bools = NDArray[np.bool_]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

_PIECE = 1_000_000
"""Stored intensities that are worked on at once. Ours."""
# Lowered intensities as they stay (point, intensity), and once more while pieces are joined.
_ENTRY_BYTES = 16
# A frequency and 1 / return period are held equal within this share. Ours.
_SAME = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Shield:
    """What a barrier takes off."""

    off: F64
    """0 where it does not hold, `inf` where it keeps all out. [unit of the set] (events,)"""


def shield(
    source: EventSource,
    portfolio: Portfolio,
    measure: Measure,
    where: Bools,
    *,
    built_rate: F64 | None = None,
    times: float = 1.0,
) -> Shield:
    """Return in which events a barrier holds, and what it takes off.

    Parameters
    ----------
    source
        Without the barrier; every rate is known.
    portfolio
        What stands there.
    measure
        A barrier.
    where
        The assets behind it. (assets,)
    built_rate
        By which it was built, where the rates of `source` are others. [1/yr] (events,)
    times
        So many times as high as in `source` intensities turn out; it was built without knowing.

    Notes
    -----
    An event is as rare as its highest known intensity at the assets behind the barrier: the rates
    of all events that are at least as high there are added up. The barrier holds while that
    frequency is 1 / design period or more, and takes nothing off in rarer events (overtopped). An
    event whose intensity behind the barrier is unknown everywhere is not held back. With `times`
    its height is the highest intensity that it holds without, and what rises above overtops it.
    Left out:
    failure below the design level, water kept in by the barrier.
    """
    head = source.head
    many = head.rate.size
    taken = measure.lowers
    if np.isfinite(taken):
        taken *= factor(head.measure, measure.unit, head.unit) / times
    if np.isinf(measure.design_period):
        return Shield(off=np.full(many, taken))
    behind = np.zeros(len(head.place), dtype=np.bool_)
    points = portfolio.point[where]
    behind[points[points >= 0]] = True
    highest = np.full(many, -np.inf)
    for event, point, x in _pieces(source):
        counts = behind[point] & ~np.isnan(x)
        np.maximum.at(highest, event[counts], x[counts].astype(np.float64))
    order = np.argsort(-highest, kind="stable")
    often = np.cumsum((head.rate if built_rate is None else built_rate)[order])
    last = np.searchsorted(-highest[order], -highest, side="right") - 1
    holds = np.isfinite(highest) & (often[last] >= (1.0 - _SAME) / measure.design_period)
    height = highest[holds].max(initial=-np.inf)
    holds = np.isfinite(highest) & (highest * times <= height * (1.0 + _SAME))
    return Shield(off=np.where(holds, taken, 0.0))


def shielded(
    source: EventSource,
    portfolio: Portfolio,
    barriers: Sequence[tuple[Shield, Bools]],
    *,
    budget_mb: float,
) -> tuple[Events, Portfolio]:
    """Return the event set and the portfolio with barriers in place.

    Parameters
    ----------
    source, portfolio
        Without them.
    barriers
        Each with the assets behind it. (assets,)
    budget_mb
        Memory that the new set may take. [MB]

    Returns
    -------
    events
        Only at points where assets stand. A point with assets behind different barriers is there
        several times. What is lowered to nothing is not reached; NaN stays unknown unless a
        barrier keeps everything out.
    portfolio
        At these points.

    Raises
    ------
    TooMuchError
        When the new set does not fit.
    """
    head = source.head
    kinds, kind = patterns([where for _, where in barriers])
    placed = portfolio.point >= 0
    # Copies of a point stand side by side, so that points of an event keep rising.
    keys = portfolio.point[placed].astype(np.int64) * len(kinds) + kind[placed]
    spots, which = np.unique(keys, return_inverse=True)
    point = portfolio.point.copy()
    point[placed] = which.ravel()
    off = np.stack(
        [
            np.max([one.off for (one, _), on in zip(barriers, row, strict=True) if on], axis=0)
            if row.any()
            else np.zeros(head.rate.size)
            for row in kinds
        ]
    )
    first = np.searchsorted(spots // len(kinds), np.arange(len(head.place) + 1))
    start, at, intensity = _lowered(source, first, (off, spots % len(kinds)), budget_mb)
    events = Events(
        head=replace(head, place=head.place[spots // len(kinds)]),
        start=start,
        point=at,
        intensity=intensity,
    )
    return events, replace(portfolio, point=point)


def _lowered(
    source: EventSource, first: I64, takes: tuple[F64, I64], budget_mb: float
) -> tuple[I64, I32, NDArray[np.float32]]:
    """Return where each event begins, new points and lowered intensities of what is reached.

    Parameters
    ----------
    first
        Where the copies of each point begin among the new points. (points + 1,)
    takes
        What is taken off by kind of point and event (kinds, events), and the kind of each new
        point.
    """
    off, kind = takes
    times = np.diff(first)
    counts = np.zeros(source.head.rate.size, dtype=np.int64)
    kept: list[tuple[I32, NDArray[np.float32]]] = []
    stored = 0
    for piece in _pieces(source):
        here = times[piece[1]] > 0
        event, point, x = piece[0][here], piece[1][here], piece[2][here]
        many = times[point]
        new = first[point]
        if many.max(initial=0) > 1:
            begin = np.cumsum(many) - many
            event, x = np.repeat(event, many), np.repeat(x, many)
            new = np.repeat(new - begin, many) + np.arange(event.size)
        less = off[kind[new], event]
        with np.errstate(invalid="ignore"):
            value = np.where(np.isposinf(less), 0.0, x - less)
            reached = ~((less > 0.0) & (value <= 0.0))
        counts += np.bincount(event[reached], minlength=counts.size)
        kept.append((new[reached].astype(np.int32), value[reached].astype(np.float32)))
        stored += kept[-1][0].size
        need_mb = _ENTRY_BYTES * stored / 1e6
        if need_mb > budget_mb:
            raise TooMuchError(
                "risk.budget",
                f"lowered intensities need {need_mb:.3g} MB and may take {budget_mb:.3g} MB",
                hint="Allow more, or split the portfolio",
                params={"need": need_mb, "budget": budget_mb},
            )
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return (
        start,
        np.concatenate([np.zeros(0, np.int32), *(p for p, _ in kept)]),
        np.concatenate([np.zeros(0, np.float32), *(x for _, x in kept)]),
    )


def held(source: EventSource, portfolio: Portfolio, where: Bools, budget_mb: float) -> EventSource:
    """Return the intensities at the points of some assets in memory, where they fit.

    Parameters
    ----------
    source
        Perhaps in files, which every run would read again.
    portfolio, where
        What stands there, and the assets that matter. (assets,)
    budget_mb
        Memory that they may take; a quarter of it is used at most, else the source stays. [MB]
    """
    wanted = np.zeros(len(source.head.place), dtype=np.bool_)
    points = portfolio.point[where]
    wanted[points[points >= 0]] = True
    counts = np.zeros(source.head.rate.size, dtype=np.int64)
    kept: list[tuple[I32, NDArray[np.float32]]] = []
    for event, point, x in _pieces(source):
        here = wanted[point]
        counts += np.bincount(event[here], minlength=counts.size)
        kept.append((point[here], x[here]))
        if _ENTRY_BYTES * int(counts.sum()) / 1e6 > budget_mb / 4.0:
            return source
    return Events(
        head=source.head,
        start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        point=np.concatenate([np.zeros(0, np.int32), *(p for p, _ in kept)]),
        intensity=np.concatenate([np.zeros(0, np.float32), *(x for _, x in kept)]),
    )


def patterns(masks: Sequence[Bools]) -> tuple[Bools, I64]:
    """Return the combinations of masks that occur (kinds, masks), and the one of each asset."""
    code = np.zeros(masks[0].size, dtype=np.int64)
    for mask in masks:
        code = np.unique(code * 2 + mask, return_inverse=True)[1].ravel().astype(np.int64)
    _, row = np.unique(code, return_index=True)
    return np.column_stack([mask[row] for mask in masks]), code


def _pieces(source: EventSource) -> Iterator[tuple[I64, I32, NDArray[np.float32]]]:
    """Yield event, point and intensity of what is stored, some whole events at a time."""
    start = np.asarray(source.start, dtype=np.int64)
    first, many = 0, start.size - 1
    while first < many:
        last = int(np.searchsorted(start, start[first] + _PIECE, side="right")) - 1
        last = min(max(last, first + 1), many)
        point, x = source.block(first, last)
        yield np.repeat(np.arange(first, last), np.diff(start[first : last + 1])), point, x
        first = last
