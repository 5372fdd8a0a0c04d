"""Rules held against the past: when they would have raised an alarm, and how that compares.

`backtest_ahead` does the same with rules on forecasts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.alarm import Level
from rencheng.domain.watch import WatchRule
from rencheng.sense.rules.compiled import US, Compiled, Place, compiled
from rencheng.sense.rules.evaluate import passed, watch
from rencheng.sense.rules.memory import EVENT, nothing_seen

Rows = NDArray[Any]
TURN_S = 60
"""Time between looks at what time alone changes. Chosen: about that of the loop. [s]"""
MONTH_S = 365.25 * 86400.0 / 12.0
_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time. [µs]"""

    start: int
    end: int


@dataclass(slots=True)
class Episode:
    """An alarm that the rule would have raised."""

    rule: str
    object: str
    start: int
    """[µs] Likewise `end`."""
    end: int
    is_open: bool
    """Whether it still held at the end of the test."""
    level: Level
    """The most serious one that it had."""
    value: float
    """What raised it."""
    streams: set[str] = field(default_factory=set)
    """Streams that raised it or its level."""
    due: int = 0
    """Of a forecast: when what it told of was to be, as first told. [µs]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How the alarms of a rule compare with what happened."""

    rule: str
    events: int
    hits: int
    """Events with an alarm."""
    misses: int
    false_alarms: int
    alarms: int
    alarms_per_month: float
    lead_s: tuple[float, ...]
    """By hit: how long before the event began the first alarm stood; negative: after. [s]"""
    judged: tuple[tuple[Span, Episode | None], ...]
    """Each event with its first alarm; None: missed."""
    false: tuple[Episode, ...]

    @property
    def missed(self) -> tuple[Span, ...]:
        """Events without an alarm."""
        return tuple(event for event, first in self.judged if first is None)

    @property
    def lead_median_s(self) -> float:
        """Median lead time, NaN without a hit. [s]"""
        return median(self.lead_s) if self.lead_s else float("nan")


def episodes(
    rules: Sequence[WatchRule],
    city: Place,
    rows: Rows,
    span: Span,
    progress: Callable[[float], None] = lambda _share: None,
) -> list[Episode]:
    """Run rules over readings of the past, as they would have come in.

    Parameters
    ----------
    rules
        Rules on observations, or on the state; others raise nothing here.
    city
        Streams and zones; of rules on the state, those of its figures.
    rows
        Readings with `stream`, `at` [µs], `value`, `reasons`, any order. (n,)
    span
        From when to when; earlier readings fill the windows and raise nothing.
    progress
        Called with the share that is done.

    Returns
    -------
    episodes
        In order of their start.
    """
    fixed = compiled(rules, city)
    state = nothing_seen(fixed)
    rows = rows[np.argsort(rows["at"], kind="stable")]
    rows = rows[rows["at"] <= span.end]
    is_timed = len(fixed.timed) + len(fixed.timed_tallies) > 0
    first = int(rows["at"][0]) if len(rows) else span.start
    turns = np.arange(first, span.end + 1, TURN_S * US) if is_timed else np.array([], np.int64)
    cuts = np.append(np.searchsorted(rows["at"], turns, side="right"), len(rows))
    found: list[Episode] = []
    open_: dict[int, Episode] = {}
    before = 0
    for number, cut in enumerate(cuts.tolist()):
        for low in range(before, cut, _ROWS):
            events = watch(fixed, state, rows[low : min(cut, low + _ROWS)])
            _take(fixed, events, span, found, open_)
            if not is_timed:
                progress(low / max(1, len(rows)))
        before = cut
        if number < len(turns):
            _take(fixed, passed(fixed, state, int(turns[number])), span, found, open_)
            if number % 1000 == 0:
                progress(number / len(turns))
    for one in open_.values():
        one.end = span.end
    progress(1.0)
    return sorted((one for one in found if one.end >= span.start), key=lambda one: one.start)


def score(
    rule: str, found: Sequence[Episode], events: Sequence[Span], span: Span, lead_s: float
) -> Score:
    """Compare the alarms of a rule with what happened.

    Parameters
    ----------
    rule
        Id; episodes of other rules are left out.
    found, events
        Alarms and events.
    span
        What was tested.
    lead_s
        An alarm that ends so long before an event begins still announced it. [s]

    Notes
    -----
    An alarm belongs to every event that it overlaps, the lead counted in; one that belongs to none
    is false. An event without an alarm is missed.
    """
    own = [one for one in found if one.rule == rule]
    lead = int(lead_s * US)
    near = [
        [one for one in own if one.start <= event.end and one.end >= event.start - lead]
        for event in events
    ]
    judged = tuple(
        (event, min(mine, key=lambda one: one.start, default=None))
        for event, mine in zip(events, near, strict=True)
    )
    hit = [(event, first) for event, first in judged if first is not None]
    used = {id(one) for mine in near for one in mine}
    months = max((span.end - span.start) / US / MONTH_S, 1e-9)
    return Score(
        rule=rule,
        events=len(events),
        hits=len(hit),
        misses=len(events) - len(hit),
        false_alarms=len(own) - len(used) if events else 0,
        alarms=len(own),
        alarms_per_month=len(own) / months,
        lead_s=tuple((event.start - first.start) / US for event, first in hit),
        judged=judged,
        false=tuple(one for one in own if id(one) not in used) if events else (),
    )


def beyond(rows: Rows, at: float, *, is_below: bool, gap_s: float) -> list[Span]:
    """Return the spans in which a stream was at or beyond a value, joined over short gaps.

    Parameters
    ----------
    rows
        Good readings of one stream by time. (n,)
    at, is_below
        The value, and whether it is reached from above.
    gap_s
        Spans closer together are one event. [s]
    """
    hit = rows[rows["value"] <= at] if is_below else rows[rows["value"] >= at]
    found: list[Span] = []
    for time in hit["at"].tolist():
        if found and time - found[-1].end <= gap_s * US:
            found[-1] = Span(found[-1].start, time)
        else:
            found.append(Span(time, time))
    return found


def _take(
    rules: Compiled, events: Rows, span: Span, found: list[Episode], open_: dict[int, Episode]
) -> None:
    """Turn changes of level into alarms. Of `EVENT`."""
    assert events.dtype == EVENT
    for slot, _, after, cell, x, at in events.tolist():
        rule, about = rules.about(slot)
        one = open_.get(slot)
        if after < 0:
            if one is not None:
                one.end, one.is_open = at, False
                del open_[slot]
            continue
        level = rule.steps[after].level
        stream = rules.streams[int(rules.cells["stream"][cell])].id
        if one is None:
            one = open_[slot] = Episode(rule.id, about, at, span.end, True, level, x)
            found.append(one)
        elif level < one.level:
            one.level, one.value = level, x
        one.streams.add(stream)
