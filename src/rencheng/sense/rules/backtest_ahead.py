"""Rules on forecasts held against forecasts of the past, each as it was known at its time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.readings import Rows
from rencheng.domain.watch import Input, WatchRule
from rencheng.sense.rules.backtest import Episode, Span
from rencheng.sense.rules.compiled import US, Place
from rencheng.sense.rules.foreseen import Ahead, Foreseen, foresee

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
_TOLD = 100


@dataclass(frozen=True, slots=True)
class Issued:
    """What was forecast, and when."""

    rows: Rows
    """Of forecast streams: `at` is when it was to be so, `received` when it was said. (n,)"""
    at: I64
    """When our own forecasts were issued. [µs] (issues,)"""
    figures: Callable[[int], Mapping[str, F64]]
    """Figures of the forecast of ours that stood at a time [µs]; none: there was none."""


def foretold(
    rules: Sequence[WatchRule],
    city: Place,
    issued: Issued,
    span: Span,
    progress: Callable[[float], None] = lambda _share: None,
) -> list[Episode]:
    """Run rules on forecasts over what was forecast in the past.

    Parameters
    ----------
    rules
        Rules on forecasts; others raise nothing here.
    city
        Streams and zones.
    issued
        A look sees nothing that was issued after it.
    span
        From when to when.
    progress
        Called with the share that is done.

    Returns
    -------
    episodes
        In order of their start. As in service, an alarm stays where a stream forecasts nothing, or
        a figure of ours is unknown, and ends with the first forecast that does not say so any more;
        one on a figure of ours ends when no forecast of ours is in force: its event is over.
    """
    asked = [rule for rule in rules if rule.input is Input.FORECAST]
    if not asked:
        return []
    reach = {int(c.ahead_s * US) for r in asked for s in r.steps for c in s.conditions}
    ahead_us = max(reach)
    rows = issued.rows[np.argsort(issued.rows["at"], kind="stable")]
    looks = _looks(rows, issued.at, reach, span)
    found: list[Episode] = []
    open_: dict[tuple[str, str], Episode] = {}
    for number, now in enumerate(looks.tolist()):
        first, last = np.searchsorted(rows["at"], (now, now + ahead_us + 1))
        near = rows[first:last]
        near = near[near["received"] <= now]
        said, unknown = foresee(asked, city, Ahead(now, near, issued.figures(now)))
        _take(said, set(unknown), now, found, open_)
        if number % _TOLD == 0:
            progress(number / len(looks))
    for one in open_.values():
        one.end, one.is_open = span.end, True
    progress(1.0)
    return found


def _looks(rows: Rows, at: I64, reach: Collection[int], span: Span) -> I64:
    """Return when to look: at every issue, and when something comes into reach or is past. [µs]"""
    valid = np.unique(rows["at"])
    times = [rows["received"], at, valid, *(valid - one for one in reach)]
    every: I64 = np.unique(np.concatenate(times)).astype(np.int64)
    return every[(every >= span.start) & (every <= span.end)]


def _take(
    said: Sequence[Foreseen],
    unknown: set[tuple[str, str]],
    now: int,
    found: list[Episode],
    open_: dict[tuple[str, str], Episode],
) -> None:
    holding = {(one.rule.id, one.object): one for one in said}
    for cause in [cause for cause in open_ if cause not in holding and cause not in unknown]:
        one = open_.pop(cause)
        one.end, one.is_open = now, False
    for cause, what in holding.items():
        level = what.rule.steps[what.step].level
        known = open_.get(cause)
        if known is None:
            known = open_[cause] = Episode(*cause, now, now, True, level, what.value, due=what.at)
            found.append(known)
        elif level < known.level:
            known.level, known.value = level, what.value
