"""The compiled evaluation of alarm rules; `evaluate` says what it means."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rencheng.domain.watch import Measure
from rencheng.sense.rules.compiled import (
    BINS,
    MEASURES,
    RING_MAX,
    RING_MIN,
    RING_SUM,
    SILENT,
)
from rencheng.sense.rules.memory import NEVER

Table = NDArray[Any]
Record = Any
"""One row of a structured array, which mypy does not know."""
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LAST, SUM, MEAN, MAX, MIN, CHANGE, ANOMALY, DIFFERENCE, SILENCE = range(len(MEASURES))
assert MEASURES[SILENCE] is Measure.SILENCE
UNKNOWN, TRUE, BACK, BETWEEN = range(4)

Rules = tuple[Table, Table, Table, Table, Table, Table, Table, Table, Ints]
"""Conditions, cells, touch_first, touch, rings, ring_first, tallies, slot_first, interval."""
Held = tuple[Table, Table, Floats, Ints, Table, Table, Table]
"""Streams, rings, values and counts of their bins, cells, tallies, slots."""


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def readings(
    rules: Rules, held: Held, stream: Ints, at: Ints, value: Floats, events: Table
) -> tuple[int, int]:
    """Hold good readings in order of time against the rules, until `events` is full.

    Returns
    -------
    done
        How many readings were looked at.
    count
        How many events were written.
    """
    _, _, touch_first, touch, _, ring_first, _, _, _ = rules
    heard, rings, bins, counts = held[0], held[1], held[2], held[3]
    count = 0
    for i in range(len(stream)):
        s, t, v = stream[i], at[i], value[i]
        own = heard[s]
        if t <= own.at:
            continue
        if count + touch_first[s + 1] - touch_first[s] > len(events):
            return i, count
        own.at = t
        own.value = v
        for r in range(ring_first[s], ring_first[s + 1]):
            push(rules[4][r], rings[r], bins[r], counts[r], t, v)
        for j in range(touch_first[s], touch_first[s + 1]):
            count = _look(rules, held, touch[j], t, events, count)
    return len(stream), count


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def push(fixed: Record, ring: Record, bins: Floats, counts: Ints, t: int, v: float) -> None:
    """Put a value into its window and bring what the window says up to date."""
    b = t // fixed.width
    if b > ring.head:
        gone = min(b - ring.head, BINS) if ring.head != NEVER else BINS
        for k in range(gone):
            bins[(b - k) % BINS] = 0.0
            counts[(b - k) % BINS] = 0
        ring.head = b
        total, known, oldest = 0.0, 0, b
        if fixed.kind == RING_MAX:
            total = -np.inf
        elif fixed.kind == RING_MIN:
            total = np.inf
        for k in range(BINS - 1, -1, -1):
            p = (b - k) % BINS
            if counts[p] == 0:
                continue
            if fixed.kind == RING_SUM:
                total += bins[p]
            elif fixed.kind == RING_MAX:
                total = max(total, bins[p])
            elif fixed.kind == RING_MIN:
                total = min(total, bins[p])
            elif known == 0:
                total, oldest = bins[p], b - k
            known += counts[p]
        ring.total, ring.known, ring.oldest = total, known, oldest
    p = b % BINS
    if fixed.kind == RING_SUM:
        bins[p] += v
        ring.total += v
    elif fixed.kind == RING_MAX:
        bins[p] = v if counts[p] == 0 else max(bins[p], v)
        ring.total = max(ring.total, v)
    elif fixed.kind == RING_MIN:
        bins[p] = v if counts[p] == 0 else min(bins[p], v)
        ring.total = min(ring.total, v)
    else:
        if counts[p] == 0:
            bins[p] = v
        if ring.known == 0:
            ring.total, ring.oldest = v, b
    counts[p] += 1
    ring.known += 1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _says(rules: Rules, held: Held, c: int) -> tuple[int, float]:
    """Return what a condition says of its stream now, and the value compared."""
    conditions, cells, rings, interval = rules[0], rules[1], held[1], rules[8]
    cell = cells[c]
    one = conditions[cell.condition]
    own = held[0][cell.stream]
    x, knows = own.value, True
    if cell.ring >= 0:
        ring = rings[cell.ring]
        if one.measure == CHANGE:
            x -= ring.total
            knows = ring.head - ring.oldest >= one.known * BINS - 1
        else:
            knows = ring.known * interval[cell.stream] >= one.known * one.window
            if one.measure == MEAN:
                x = ring.total / ring.known
            elif one.measure == ANOMALY:
                x -= ring.total / ring.known
            else:
                x = ring.total
    elif one.measure == DIFFERENCE:
        if cell.minus < 0:
            return UNKNOWN, np.nan
        other = held[0][cell.minus]
        if other.at == NEVER or own.at == NEVER or abs(own.at - other.at) > one.window:
            return UNKNOWN, np.nan
        x -= other.value
    elif one.measure == SILENCE:
        return BACK, 0.0
    if (x <= one.at) if one.is_below else (x >= one.at):
        return (TRUE if knows or not one.needs_all else UNKNOWN), x
    is_back = (x > one.clear) if one.is_below else (x < one.clear)
    if not knows:
        return UNKNOWN, x
    return (BACK if is_back else BETWEEN), x


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _look(rules: Rules, held: Held, c: int, t: int, events: Table, count: int) -> int:
    """Bring a cell up to date after a reading of its stream, or of the one that it takes off."""
    says, x = _says(rules, held, c)
    if says == UNKNOWN:
        return count
    cell, state = rules[1][c], held[4][c]
    one = rules[0][cell.condition]
    # Nobody knows what was in a silence: what must last starts anew after it.
    if state.seen != NEVER and t - state.seen > SILENT * rules[8][cell.stream]:
        state.since = NEVER
        state.back_since = NEVER
    state.seen = t
    state.x = x
    was_on = state.on
    if says == TRUE:
        state.back_since = NEVER
        if state.since == NEVER:
            state.since = t
        if t - state.since >= one.lasting:
            state.on = True
            state.on_at = t
    else:
        state.since = NEVER
        if says == BETWEEN:
            state.back_since = NEVER
        elif state.back_since == NEVER:
            state.back_since = t
        if says == BACK and state.on and t - state.back_since >= one.clear_after:
            state.on = False
    if state.on != was_on:
        held[5][cell.tally].on += 1 if state.on else -1
    tally = held[5][cell.tally]
    is_nearer = state.on and state.on_at == t and not tally.holds
    if state.on != was_on or (is_nearer and rules[6][cell.tally].within > 0):
        return count_again(rules, held, cell.tally, c, t, events, count)
    return count


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def count_again(rules: Rules, held: Held, n: int, c: int, t: int, events: Table, count: int) -> int:
    """Say again whether enough cells agree, and what level that makes; write a change.

    `c` is the cell that changed, -1: only time has passed; agreement close together, once there, is
    undone by time alone.
    """
    fixed, tally = rules[6][n], held[5][n]
    holds = tally.on >= fixed.need
    if fixed.share > 0:
        holds = _agree_in_share(rules, held, n, t)
    elif fixed.within > 0:
        holds = (tally.holds and c >= 0) or _agree_in_time(rules, held, n, c, t)
    if holds == tally.holds:
        return count
    tally.holds = holds
    slot = held[6][fixed.slot]
    step, best, is_whole = -1, -1, False
    for k in range(rules[7][fixed.slot], rules[7][fixed.slot + 1]):
        if rules[6][k].step != step:
            if is_whole:
                break
            step, is_whole = rules[6][k].step, True
        is_whole = is_whole and held[5][k].holds
    if is_whole:
        best = step
    if best == slot.step:
        return count
    event = events[count]
    event.slot, event.before, event.after = fixed.slot, slot.step, best
    event.cell = c if c >= 0 else fixed.first
    event.x, event.at = held[4][event.cell].x, t
    slot.step = best
    return count + 1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _agree_in_share(rules: Rules, held: Held, n: int, t: int) -> bool:
    """Return whether the share of the known streams is reached; as before where few are known."""
    fixed, tally = rules[6][n], held[5][n]
    known = 0
    for c in range(fixed.first, fixed.first + fixed.size):
        s = rules[1][c].stream
        last = held[0][s].at
        if held[4][c].on or (last != NEVER and t - last <= SILENT * rules[8][s]):
            known += 1
    if known == 0 or known < fixed.known * fixed.size:
        return bool(tally.holds)
    return bool(tally.on >= fixed.share * known)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _agree_in_time(rules: Rules, held: Held, n: int, c: int, t: int) -> bool:
    """Return whether so many streams agree close together, or have not come back since.

    Agreement begins with a cell that says so now, never out of what others said long ago. Streams
    may run ahead of each other: the time may end now, or with the newest that is near enough.
    """
    fixed, tally = rules[6][n], held[5][n]
    within = fixed.within
    agree = 0
    if tally.holds:
        for k in range(fixed.first, fixed.first + fixed.size):
            state = held[4][k]
            if state.on_at != NEVER and (state.on_at >= t - within or state.on):
                agree += 1
        return bool(agree >= fixed.need)
    if c < 0 or held[4][c].on_at != t:
        return False
    newest = t
    for k in range(fixed.first, fixed.first + fixed.size):
        if held[4][k].on_at <= t + within:
            newest = max(newest, held[4][k].on_at)
    ahead = 0
    for k in range(fixed.first, fixed.first + fixed.size):
        on_at = held[4][k].on_at
        if on_at == NEVER:
            continue
        agree += t - within <= on_at <= t
        ahead += newest - within <= on_at <= newest
    return bool(max(agree, ahead) >= fixed.need)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def passing(rules: Rules, held: Held, timed: tuple[Table, Table], now: int, events: Table) -> int:
    """Bring up to date what time alone changes; return how many events were written."""
    count = 0
    for c in timed[0]:
        cell, state = rules[1][c], held[4][c]
        one = rules[0][cell.condition]
        last = held[0][cell.stream].at
        if last == NEVER or last > now:
            continue
        is_heard = now - last <= SILENT * rules[8][cell.stream]
        was_on = state.on
        if one.measure == SILENCE:
            state.x = (now - last) / 1e6
            if not state.on and state.x >= one.at:
                state.on, state.on_at = True, now
        elif is_heard and state.on:
            if state.back_since != NEVER and now - state.back_since >= one.clear_after:
                state.on = False
        elif is_heard and state.since != NEVER and now - state.since >= one.lasting:
            state.on, state.on_at = True, now
        if state.on != was_on:
            held[5][cell.tally].on += 1 if state.on else -1
            count = count_again(rules, held, cell.tally, c, now, events, count)
    for n in timed[1]:
        if held[5][n].holds or held[5][n].on > 0:
            count = count_again(rules, held, n, -1, now, events, count)
    return count
