"""What the house itself found, kept as readings of its own: states, and forecasts as issued.

They lie in the history beside the run that they are of, so that rules can be tested on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.provenance import quantiles
from rencheng.domain.readings import ROW, Rows
from rencheng.domain.watch import FIGURES
from rencheng.service.ports import UnitOfWork

if TYPE_CHECKING:
    from rencheng.domain.city import City
    from rencheng.service.house import Context

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
US = 1_000_000
AGAIN_S = 600.0
"""After so long what has not changed is written again: a third of the silence after which a figure
of the state counts as unknown. Chosen. [s]"""
ISSUED = "forecast/issued"
"""The stream that says when a forecast of ours was kept."""
ISSUED_EVERY_S = 300.0
"""Least time between two forecasts that are kept, on the run's clock. Chosen. [s]"""
WHOLE_EVERY_S = 3600.0
"""After so long a forecast is written whole, not only what has changed. Chosen. [s]"""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""What is kept of the samples of a figure; between them it is interpolated."""
_SPREAD = np.array(
    [
        np.interp(np.linspace(0.0, 1.0, 101), QUANTILES, np.eye(len(QUANTILES))[column])
        for column in range(len(QUANTILES))
    ]
).T
"""Leads from the quantiles kept to 101 samples that have them. (101, quantiles)"""


@dataclass(slots=True)
class Keeper:
    """What was written last of a run."""

    ids: tuple[str, ...] = ()
    """Streams of state figures; the same object as long as they are the same."""
    value: F64 = field(default_factory=lambda: np.zeros(0))
    """(streams,) NaN: nothing yet."""
    at: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    """When. [µs] (streams,)"""
    city: str = ""
    """Version of the city that the last forecast is of."""
    forecast_ids: tuple[str, ...] = ()
    """Of the figures in that city's zones, then `ISSUED`."""
    ahead: F64 | None = None
    """(figures, quantiles, zones) of the last forecast."""
    issued: int = -(2**62)
    """When that was. [µs] Likewise `whole`, when one was written whole."""
    whole: int = -(2**62)


@dataclass(frozen=True, slots=True)
class Issues:
    """Forecasts of ours as they were issued."""

    names: tuple[str, ...]
    """Figures."""
    at: I64
    """[µs] (issues,)"""
    found: NDArray[np.float32]
    """NaN unknown. (issues, figures, quantiles, zones)"""

    def figures(self, now: int) -> Mapping[str, F64]:
        """Return the figures of the last issue up to a time, as samples. (101, zones) each

        There are none where the last issue is older than an hour.
        """
        place = int(np.searchsorted(self.at, now, side="right")) - 1
        if place < 0 or now - self.at[place] > WHOLE_EVERY_S * US:
            return {}
        return {
            name: _spread(self.found[place, number])
            for number, name in enumerate(self.names)
            if not np.isnan(self.found[place, number]).all()
        }


def _spread(kept: NDArray[np.float32]) -> F64:
    """Return samples that have these quantiles; one beside an infinite one is infinite too."""
    weight = _SPREAD[:, :, None]
    with np.errstate(invalid="ignore"):  # nothing of an infinite quantile is nothing
        return np.asarray(np.where(weight > 0, weight * kept, 0.0).sum(axis=1))


def beside(run: str) -> str:
    """Return the name under which the history keeps what the house found in a run."""
    return f"{run}#found"


def keep_state(
    work: UnitOfWork, ctx: Context, keeper: Keeper, ids: tuple[str, ...], rows: Rows, resting: F64
) -> int:
    """Keep what has changed of a state, and now and then the rest; return how many rows.

    Parameters
    ----------
    ids
        Streams of state figures, which `rows` speak of.
    resting
        Value that a stream has while nothing is written of it; NaN: it has none. (streams,)
    """
    if keeper.ids is not ids:
        last, _, _ = work.observations.latest_rows(beside(ctx.run), ids)
        heard = last["stream"] >= 0
        keeper.ids = ids
        keeper.value = np.where(heard, last["value"], resting)
        keeper.at = np.where(heard, last["at"], 0)
    own, value = rows["stream"], rows["value"]
    is_due = (rows["at"] - keeper.at[own] >= AGAIN_S * US) & (value != resting[own])
    due = rows[((value != keeper.value[own]) | is_due) & (rows["at"] > keeper.at[own])]
    _take(work, ctx, ids, due)
    keeper.value[due["stream"]], keeper.at[due["stream"]] = due["value"], due["at"]
    return len(due)


def keep_forecast(
    work: UnitOfWork,
    ctx: Context,
    keeper: Keeper,
    city: City,
    figures: Mapping[str, F64],
    at: int,
) -> int:
    """Keep a forecast of ours as it was issued: what has changed of it; return how many rows.

    The first one of another version of the city is written whole.

    Parameters
    ----------
    city
        Whose zones the figures are of.
    figures
        As `foreseeing.figures_of` returns them. (samples, zones) each
    at
        When it was issued. [µs]
    """
    if not figures or at - keeper.issued < ISSUED_EVERY_S * US:
        return 0
    ahead = np.full((len(FIGURES), len(QUANTILES), len(city.zones.id)), np.nan)
    for number, name in enumerate(FIGURES):
        samples = figures.get(name)
        if samples is not None:
            known = np.flatnonzero(~np.isnan(samples).all(axis=0))
            if len(known):
                ahead[number][:, known] = quantiles(samples[:, known], QUANTILES)
    if keeper.city != city.version:
        keeper.city, keeper.ahead = city.version, None
        keeper.forecast_ids = _forecast_ids(city.zones.id.tolist())
    is_whole = keeper.ahead is None or at - keeper.whole >= WHOLE_EVERY_S * US
    flat = ahead.ravel()
    before = np.full(len(flat), np.nan) if keeper.ahead is None else keeper.ahead.ravel()
    due = np.flatnonzero(~np.isnan(flat) if is_whole else ~_same(flat, before))
    rows = np.zeros(len(due) + 1, ROW)
    rows["stream"], rows["value"] = np.append(due, len(flat)), np.append(flat[due], 1.0)
    rows["value"][-1] = float(is_whole)
    rows["at"] = rows["received"] = at
    _take(work, ctx, keeper.forecast_ids, rows)
    keeper.ahead, keeper.issued = ahead, at
    keeper.whole = at if is_whole else keeper.whole
    return len(rows)


def kept_forecasts(
    work: UnitOfWork, run: str, zones: Sequence[int], names: tuple[str, ...], start: int, end: int
) -> Issues:
    """Return some figures of the forecasts of ours that were issued between two times. [µs]

    Of the zones with these ids; of one that the city did not have then nothing is known.
    """
    ids = _forecast_ids(zones, names)
    rows = work.observations.rows(beside(run), ids, start - int(2 * WHOLE_EVERY_S * US), end)
    marks = rows[rows["stream"] == len(ids) - 1]
    found = np.full((len(marks), len(ids) - 1), np.nan, np.float32)
    current = np.full(len(ids) - 1, np.nan, np.float32)
    first = np.searchsorted(rows["at"], marks["at"])
    last = np.searchsorted(rows["at"], marks["at"], side="right")
    for number, mark in enumerate(marks):
        if mark["value"] > 0:
            current[:] = np.nan
        own = rows[first[number] : last[number]]
        own = own[own["stream"] < len(current)]
        current[own["stream"]] = own["value"]
        found[number] = current
    begins = np.flatnonzero(marks["value"] > 0)
    known = int(begins[0]) if len(begins) else len(marks)
    shape = (len(marks) - known, len(names), len(QUANTILES), len(zones))
    at = marks["at"][known:].astype(np.int64)
    return Issues(names, at, found[known:].reshape(shape))


def _same(a: F64, b: F64) -> NDArray[np.bool_]:
    return np.asarray((a == b) | (np.isnan(a) & np.isnan(b)))


def _forecast_ids(zones: Sequence[int], figures: Iterable[str] = FIGURES) -> tuple[str, ...]:
    names = [
        f"forecast/{figure}/{quantile}/{zone}"
        for figure in figures
        for quantile in QUANTILES
        for zone in zones
    ]
    return (*names, ISSUED)


def _take(work: UnitOfWork, ctx: Context, ids: tuple[str, ...], rows: Rows) -> None:
    if len(rows):
        run = beside(ctx.run)
        kept = work.observations.take(
            run, ctx.mode, ids, rows, version="", judge=lambda _rows: None
        )
        work.observations.sync(run, kept)
