"""Alarm rules held against readings: which level of which rule holds of which object."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.sense.rules.compiled import Compiled
from rencheng.sense.rules.memory import EVENT, RuleState

Table = NDArray[Any]
_EVENTS = 4096
"""Events written before they are taken out. Chosen."""


def watch(rules: Compiled, state: RuleState, rows: Table) -> Table:
    """Hold a batch of readings against the rules.

    Parameters
    ----------
    rules
        Compiled for the city's streams.
    state
        Their memory; changed in place.
    rows
        Readings with `stream`, `at` [µs], `value` and `reasons`, any order. (n,)

    Returns
    -------
    events
        Changes of level in order of time, of `EVENT`. (m,)

    Notes
    -----
    Readings are taken in order of time, whatever batches they came in. One with reasons against it
    is passed over: it neither raises, nor lowers, nor clears, nor ends a silence. One not later
    than the last of its stream is passed over too: the present is not rewritten.

    A condition is true of a stream while its value is at or beyond the threshold; it counts once
    it has been true for `lasting_s`, and until the value has been on the other side of `clear` for
    `clear_after_s`. Whatever must last starts anew after three intervals of silence. A window that
    is known in part can make a sum, a maximum or a change true and nothing false. A step of a rule
    holds of an object while all its conditions have enough streams that count; the alarm has the
    level of the most serious step that holds. What is unknown changes nothing.

    Cost: for each reading, the cells and windows of its own stream; see `benchmarks/rules.py`.
    """
    from rencheng.sense.rules import kernel

    good = rows[(rows["reasons"] == 0) & np.isfinite(rows["value"])]
    good = good[rules.look_back_s[good["stream"]] >= 0]
    good = good[np.argsort(good["at"], kind="stable")]
    stream, at, value = (
        np.ascontiguousarray(good["stream"], dtype=np.int64),
        np.ascontiguousarray(good["at"], dtype=np.int64),
        np.ascontiguousarray(good["value"], dtype=np.float64),
    )
    fixed, held = _arrays(rules, state)
    most = int(np.diff(rules.touch_first).max(initial=0))
    found, done = [], 0
    while done < len(good):
        events = np.zeros(max(_EVENTS, most), EVENT)
        step, count = kernel.readings(fixed, held, stream[done:], at[done:], value[done:], events)
        done += step
        found.append(events[:count])
    return np.concatenate([np.zeros(0, EVENT), *found])


def passed(rules: Compiled, state: RuleState, now: int) -> Table:
    """Bring up to date what time alone changes: silences, and what has lasted long enough.

    Parameters
    ----------
    rules, state
        As for `watch`.
    now
        Time on the run's clock. [µs]

    Returns
    -------
    events
        Changes of level, of `EVENT`. (m,)
    """
    from rencheng.sense.rules import kernel

    events = np.zeros(len(rules.timed) + len(rules.timed_tallies), EVENT)
    if not len(events):
        return events
    fixed, held = _arrays(rules, state)
    count = kernel.passing(fixed, held, (rules.timed, rules.timed_tallies), now, events)
    return events[:count]


def _arrays(rules: Compiled, state: RuleState) -> tuple[Any, Any]:
    fixed = (
        rules.conditions, rules.cells, rules.touch_first, rules.touch, rules.rings,
        rules.ring_first, rules.tallies, rules.slot_first, rules.interval,
    )  # fmt: skip
    held = (
        state.heard, state.rings, state.bins, state.counts, state.cells, state.tallies, state.slots,
    )  # fmt: skip
    return fixed, held
