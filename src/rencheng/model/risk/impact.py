"""Losses of a portfolio under an event set: by event, by asset, a year; in blocks of events."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Curve
from rencheng.domain.risk import EventImpact, EventSource, LossMatrix, Portfolio, Spread
from rencheng.model.risk.blocks import BUDGET_MB, blocks
from rencheng.model.risk.lines import cells_of, knots_of, tabulate
from rencheng.model.risk.stock import Stock, counted, settled, stock

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Progress = Callable[[int, int], None]
"""Called with events done and all events."""

MODEL, VERSION = "event-impact", "1"


def impact(
    source: EventSource,
    portfolio: Portfolio,
    curves: Sequence[Curve],
    *,
    budget_mb: float = BUDGET_MB,
    with_spread: bool = True,
    with_matrix: bool = False,
    progress: Progress | None = None,
    versions: Mapping[str, str] | None = None,
) -> EventImpact:
    """Return what every event does to every asset, added up.

    Parameters
    ----------
    source
        Sparse intensities; the points of an event rise strictly.
    portfolio
        Rows of points and curves were checked before.
    curves
        Vulnerability, in the unit of the event set.
    budget_mb
        Memory that the job may take beyond its inputs. [MB]
    with_spread
        Also the standard deviation of each event's loss, if any curve has one; NaN where an
        event reaches something whose curve has none.
    with_matrix
        Also the loss of each event at each asset.
    progress
        Called between blocks.
    versions
        What the inputs are, for the record.

    Raises
    ------
    TooMuchError
        When one event, or the matrix, does not fit the budget.

    Notes
    -----
    loss = Σ value x mean ratio, exact on the straight pieces of the curves; an expected loss, not a
    sample. What is unknown (NaN hazard, beyond a curve that does not say) is counted and is in no
    sum. Event losses and their average do not depend on blocks or on the order of events and
    assets, to the last bit; an asset's annual loss depends on the order of events by rounding only.
    The spread carries the curves' standard deviation alone: hazard, values and choice of curve
    stay out. Judged against the NumPy twin, hand cases and CLIMADA's demonstration pair. Cost:
    about 10 ns a pair of stored intensity and item (`benchmarks/impact.py`).
    """
    head, many = source.head, source.head.rate.size
    with_spread = with_spread and any(curve.sd is not None for curve in curves)
    things = stock(portfolio, len(head.place))
    work = _Work(things, curves, len(head.place), many, with_spread)
    kept: list[tuple[I64, NDArray[np.int32], NDArray[np.float32]]] = []
    for first, last in blocks(source, things, budget_mb, with_matrix=with_matrix):
        work.take(source, first, last)
        if with_matrix:
            kept.append(work.entries())
        if progress:
            progress(last, many)
    standing = settled(things.standing, portfolio.point, work.touched)
    stock_size = portfolio.point.size
    eai = np.bincount(things.asset, work.worth[:, 1], stock_size).astype(np.float64)
    never = (work.worth[:, 1] == 0.0) & np.signbit(work.worth[:, 1])
    lit = np.bincount(things.asset, ~never, stock_size) > 0
    yearly = head.rate * work.loss
    return EventImpact(
        names=head.names,
        rate=head.rate,
        known_loss=work.loss,
        unknown=work.unknown,
        known_eai=eai,
        dark=np.bincount(things.asset, work.dark, stock_size).astype(np.int64),
        standing=standing,
        counts=counted(standing),
        known_aal=math.fsum(yearly),
        known_annual_sd=math.sqrt(math.fsum(yearly * work.loss)),
        spread=Spread(
            independent=np.where(work.unknown > 0, np.nan, np.sqrt(work.square)),
            together=np.where(work.unknown > 0, np.nan, work.straight),
        )
        if with_spread
        else None,
        matrix=_joined(kept) if with_matrix else None,
        currency=portfolio.currency,
        year=portfolio.year,
        versions={MODEL: VERSION, **(versions or {})},
        lit=lit,
    )


class _Work:
    """Running sums of a job."""

    def __init__(
        self, things: Stock, curves: Sequence[Curve], points: int, events: int, spread: bool
    ) -> None:
        self.items = (things.first, things.curve, things.value, things.asset)
        self.table = tabulate([knots_of(curve) for curve in curves])
        self.cell = cells_of(self.table)
        self.loss = np.zeros(events)
        self.unknown = np.zeros(events, dtype=np.int64)
        self.square = np.zeros(events if spread else 0)
        self.straight = np.zeros(events if spread else 0)
        # A sum that nothing known was added to keeps its sign: -0.0 + 0.0 is 0.0.
        self.worth = np.column_stack([things.value, np.full(things.value.size, -0.0)])
        self.dark = np.zeros(things.value.size, dtype=np.int64)
        self.touched = np.zeros(points, dtype=np.uint8)
        self._stored: tuple[I64, NDArray[np.int32], NDArray[np.float32], F64]

    def take(self, source: EventSource, first: int, last: int) -> None:
        """Add the events `first` to `last` - 1."""
        from rencheng.model.risk import kernel

        point, intensity = source.block(first, last)
        start = np.asarray(source.start[first : last + 1], dtype=np.int64)
        self._stored = (start - start[0], point, intensity, source.head.rate[first:last])
        part = slice(first, last)
        kernel.losses(
            self._stored,
            self.items,
            (self.table, self.cell),
            (self.loss[part], self.unknown[part]),
            (self.worth, self.dark),
            self.touched,
        )
        if self.square.size:
            kernel.spreads(
                self._stored, self.items, self.table, self.square[part], self.straight[part]
            )

    def entries(self) -> tuple[I64, NDArray[np.int32], NDArray[np.float32]]:
        """Return the loss matrix of the block just taken."""
        from rencheng.model.risk import kernel

        starts, _, _, asset = self.items
        begins, point, _, _ = self._stored
        # Enough for every item; assets with several components need fewer.
        room = int((starts[1:] - starts[:-1])[point].sum()) if asset.size else 0
        begin = np.zeros_like(begins)
        who, loss = np.zeros(room, dtype=np.int32), np.zeros(room, dtype=np.float32)
        kernel.matrix(self._stored, self.items, self.table, (begin, who, loss))
        return begin, who[: begin[-1]].copy(), loss[: begin[-1]].copy()


def _joined(
    parts: Sequence[tuple[I64, NDArray[np.int32], NDArray[np.float32]]],
) -> LossMatrix:
    sizes = [np.diff(begin) for begin, _, _ in parts]
    return LossMatrix(
        start=np.concatenate([[0], np.cumsum(np.concatenate([*sizes, np.zeros(0, np.int64)]))]),
        asset=np.concatenate([np.zeros(0, np.int32), *(who for _, who, _ in parts)]),
        loss=np.concatenate([np.zeros(0, np.float32), *(loss for _, _, loss in parts)]),
    )
