"""Back-tests count what they must: a series made by hand has a known answer."""

from __future__ import annotations

import numpy as np
import pytest

from rencheng.domain.alarm import Level
from rencheng.domain.watch import Condition, Measure
from rencheng.sense.rules.backtest import Episode, Span, beyond, episodes, score
from sense.rules.test_evaluate import RAIN, T0, US, rained_on, rows, rule

DAY = 86400
RULE = rule((Level.ORANGE, (Condition(select=RAIN, at=50, measure=Measure.SUM, window_s=10800),)))


def month() -> np.ndarray:
    """30 days by the minute: it rains 1 mm a minute for two hours on days 3, 10 and 20."""
    at = np.arange(0, 30 * DAY, 60)
    value = np.zeros(len(at))
    for day in (3, 10, 20):
        value[(at >= day * DAY) & (at < day * DAY + 7200)] = 1.0
    found = rows(*((0, 0, 0),))
    found = np.repeat(found, len(at))
    found["at"], found["value"] = T0 + at * US, value
    return found


def events(*starts_s: float) -> list[Span]:
    return [Span(T0 + int(s * US), T0 + int((s + 3600) * US)) for s in starts_s]


WHOLE = Span(T0, T0 + 30 * DAY * US)


def test_hits_misses_false_alarms_and_lead_are_counted() -> None:
    found = episodes([RULE], rained_on(1), month(), WHOLE)
    assert [(one.start - T0) / US for one in found] == [d * DAY + 49 * 60 for d in (3, 10, 20)]
    # Floods two hours after the rain began on days 3 and 10, and one on day 15 without rain.
    happened = events(3 * DAY + 7200, 10 * DAY + 7200, 15 * DAY)
    result = score(RULE.id, found, happened, WHOLE, 6 * 3600)
    assert (result.hits, result.misses, result.false_alarms) == (2, 1, 1)
    assert result.lead_s == (7200 - 49 * 60,) * 2
    assert result.alarms_per_month == pytest.approx(3 * 30.4375 / 30)
    assert [(one.start - T0) / US for one in result.false] == [20 * DAY + 49 * 60]


def test_without_events_no_alarm_is_called_false() -> None:
    found = episodes([RULE], rained_on(1), month(), WHOLE)
    assert score(RULE.id, found, [], WHOLE, 0).false_alarms == 0


def test_readings_before_the_test_fill_windows_and_raise_nothing() -> None:
    later = Span(T0 + 5 * DAY * US, WHOLE.end)
    assert len(episodes([RULE], rained_on(1), month(), later)) == 2


def test_silence_is_found_in_the_past_too() -> None:
    silent = rule((Level.BLUE, (Condition(select=RAIN, at=600, measure=Measure.SILENCE),)))
    said = month()
    gap = (said["at"] > T0 + DAY * US) & (said["at"] < T0 + (DAY + 7200) * US)
    (one,) = episodes([silent], rained_on(1), said[~gap], WHOLE)
    assert (one.start - T0) / US == DAY + 600
    assert (one.end - T0) / US == DAY + 7200


def test_an_alarm_that_still_holds_ends_with_the_test() -> None:
    short = Span(T0, T0 + (3 * DAY + 3600) * US)
    (one,) = episodes([RULE], rained_on(1), month(), short)
    assert isinstance(one, Episode)
    assert one.is_open
    assert one.end == short.end


def test_events_from_a_threshold_join_over_short_gaps() -> None:
    said = rows((0, 0, 5), (0, 60, 1), (0, 120, 6), (0, 9000, 7))
    assert [(s.start - T0, s.end - T0) for s in beyond(said, 5, is_below=False, gap_s=300)] == [
        (0, 120 * US), (9000 * US, 9000 * US),
    ]  # fmt: skip
