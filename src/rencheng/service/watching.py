"""Alarm rules held against every batch of readings as it comes in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.alarm import Finding
from rencheng.domain.city import City
from rencheng.domain.readings import ROW, to_us
from rencheng.domain.watch import Input
from rencheng.sense.rules.compiled import US, Compiled, compiled
from rencheng.sense.rules.evaluate import passed, watch
from rencheng.sense.rules.memory import NEVER, carried, nothing_seen
from rencheng.sense.rules.resume import resumed
from rencheng.service.alarm_changes import Cause, Changes, parts
from rencheng.service.house import Context, House, context
from rencheng.service.ports import UnitOfWork
from rencheng.service.rule_memory import Pending, RunRules
from rencheng.service.rule_words import sentence

Rows = NDArray[Any]
_AHEAD = timedelta(minutes=10)
"""How far after the run's clock a reading kept may lie. Chosen."""


def watched(house: House, run: str, city: City, rows: Rows, ctx: Context) -> int:
    """Hold new readings against the alarm rules; raise and clear what they change.

    Parameters
    ----------
    house, run
        Where.
    city
        The city served, registered streams included.
    rows
        Readings just taken: structured, with `stream` (row in `city.datastreams`), `at` [µs UTC],
        `received` [µs UTC], `value` and `reasons` (bits, 0: good); sorted by stream, then time.
        (n,)
    ctx
        The run's clock when they came in.

    Returns
    -------
    changed
        How many alarms were raised, changed or cleared. Durable when it returns. Where the store
        cannot be written now, what changed is kept and written with the next call.
    """
    memory = house.watch
    if not len(rows) or not memory.of(Input.OBSERVATION):
        return 0
    with memory.lock:
        held = _held(house, run, city, ctx.at, rows)
        note(held, watch(held.compiled, held.state, rows))
        return write(house, run, held)


def time_passed(house: House, run: str, city: City, at: datetime) -> int:
    """Raise and clear what time alone changes: silences, and what has lasted long enough.

    Returns
    -------
    changed
        How many alarms were raised, changed or cleared.
    """
    memory = house.watch
    if not memory.of(Input.OBSERVATION):
        return 0
    with memory.lock:
        held = _held(house, run, city, at, np.zeros(0, ROW))
        note(held, passed(held.compiled, held.state, to_us(at)))
        return write(house, run, held)


def note(held: RunRules, events: Rows) -> None:
    """Add changes to what waits for the store: of each object the worst and the last."""
    for slot, _, after, cell, x, _ in events.tolist():
        known = held.pending.get(slot)
        if known is None:
            held.pending[slot] = Pending(after, cell, x, after, cell, x)
            continue
        if after >= 0 and (known.worst < 0 or after < known.worst):
            known.worst, known.worst_cell, known.worst_x = after, cell, x
        known.last, known.last_cell, known.last_x = after, cell, x


def _held(house: House, run: str, city: City, at: datetime, fresh: Rows) -> RunRules:
    """Return the rules at work in a run, made anew after a start, grown with the city."""
    memory = house.watch
    held = memory.runs.get(run)
    if held is not None and held.city.datastreams is city.datastreams:
        return held
    rules = compiled(memory.of(Input.OBSERVATION), city)
    if held is not None and _has_grown(held, city):
        state = carried(held.compiled, held.state, rules)
        waiting = {_slot_after(held, rules, slot): one for slot, one in held.pending.items()}
        held = RunRules(city, rules, state, {s: one for s, one in waiting.items() if s >= 0})
    else:
        held = RunRules(city, rules, nothing_seen(rules))
        with house.work() as work:
            _look_back(house, work, run, held, at, fresh)
            take_up(work, run, held, at)
    memory.remember(memory.runs, run, held)
    return held


def _has_grown(held: RunRules, city: City) -> bool:
    before = held.compiled.streams
    return city.version == held.city.version and before == city.datastreams[: len(before)]


def _slot_after(held: RunRules, rules: Compiled, slot: int) -> int:
    old = held.compiled
    found = np.flatnonzero(
        (rules.slot_rule == old.slot_rule[slot]) & (rules.slot_object == old.slot_object[slot])
    )
    return int(found[0]) if len(found) else -1


def _look_back(
    house: House, work: UnitOfWork, run: str, held: RunRules, at: datetime, fresh: Rows
) -> None:
    """Show the rules what they would still remember: the last window of each stream's history.

    `fresh` is what comes next: it is in the history already and must not count twice.
    """
    back, streams = held.compiled.look_back_s, held.city.datastreams
    end = to_us(at + _AHEAD)
    # Few classes of spans, each twice the one before, so that the history is asked few times.
    span = np.where(back > 0, 2.0 ** np.ceil(np.log2(np.maximum(back, 1.0))), back)
    found = [np.zeros(0, ROW)]
    for one in np.unique(span[span >= 0]):
        own = np.flatnonzero(span == one)
        rows = work.observations.rows(
            run, [streams[row].id for row in own], to_us(at) - int(one * US), end
        )
        rows["stream"] = own[rows["stream"]]
        found.append(rows)
    past = np.concatenate(found)
    until = np.full(len(streams), end + 1)
    np.minimum.at(until, fresh["stream"], fresh["at"])
    watch(held.compiled, held.state, past[past["at"] < until[past["stream"]]])
    # Streams that fell silent long ago are out of every window: only when they last spoke counts.
    ids = house.heard.streams(held.city, house.quality).ids
    last = work.observations.latest_rows(run, ids)[1][: len(streams)]
    heard = held.state.heard
    is_older = (heard["at"] == NEVER) & (last["stream"] >= 0) & (last["at"] < until)
    heard["at"][is_older], heard["value"][is_older] = last["at"][is_older], last["value"][is_older]
    passed(held.compiled, held.state, min(to_us(at), int(until.min(initial=end))))


def take_up(work: UnitOfWork, run: str, held: RunRules, at: datetime) -> None:
    """Bring the rules and the open alarms together: what is unknown stays, the rest is told.

    An alarm that another version of its rule raised stays open where that is still so or unknown,
    and carries the new version from now on.
    """
    rules = held.compiled
    numbers = {rule.id: number for number, rule in enumerate(rules.rules)}
    alarms = work.alarms.list(run, where={"is_open": "true"})
    concerned = np.isin(rules.slot_rule, [numbers[a.rule] for a in alarms if a.rule in numbers])
    place = {}
    for slot in np.flatnonzero(concerned).tolist():
        rule, about = rules.about(slot)
        place[rule.id, about] = slot
    opened: dict[int, int] = {}
    older = set()
    for alarm in alarms:
        if alarm.rule not in numbers:
            continue
        rule = rules.rules[numbers[alarm.rule]]
        found = place.get((alarm.rule, alarm.object))
        if found is None:
            held.gone.append((alarm.rule, alarm.object))
            continue
        levels = [step.level for step in rule.steps]
        opened[found] = min(range(len(levels)), key=lambda i: abs(levels[i] - alarm.level))
        if alarm.rule_version != rule.version or alarm.level not in levels:
            older.add(found)
    note(held, resumed(rules, held.state, opened, to_us(at), older))


def write(house: House, run: str, held: RunRules) -> int:
    """Raise and clear what waits; what the store has taken waits no more."""
    count = 0
    for gone in parts(held.gone):
        with house.work() as work:
            work.lock()
            changes = Changes(work, context(house, work, run), gone)
            count += sum(changes.cleared(cause) is not None for cause in gone)
            changes.write()
            work.commit()
    held.gone.clear()
    for part in parts(list(held.pending.items())):
        # Sentences take longer than the store: they are made before it is locked.
        said = [_said(held, slot, one) for slot, one in part]
        causes = [cause for cause, _ in said]
        with house.work() as work:
            work.lock()
            changes = Changes(work, context(house, work, run), causes)
            count += sum(_write_one(changes, cause, found) for cause, found in said)
            changes.write()
            work.commit()
        for slot, _ in part:
            del held.pending[slot]
    return count


def _said(held: RunRules, slot: int, one: Pending) -> tuple[Cause, list[Finding | None]]:
    """Return what is to be said of a cause: its worst, where that is over, and how it is now."""
    rule, about = held.compiled.about(slot)
    found: list[Finding | None] = []
    if one.worst >= 0 and (one.last < 0 or one.worst < one.last):
        found.append(_finding(held, slot, one.worst, one.worst_cell, one.worst_x))
    is_over = one.last < 0
    found.append(None if is_over else _finding(held, slot, one.last, one.last_cell, one.last_x))
    return (rule.id, about), found


def _write_one(changes: Changes, cause: Cause, said: list[Finding | None]) -> int:
    for finding in said:
        if finding is not None:
            changes.raised(finding)
    return 1 if said[-1] is not None else int(changes.cleared(cause) is not None)


def _finding(held: RunRules, slot: int, step: int, cell: int, x: float) -> Finding:
    rule, about = held.compiled.about(slot)
    return Finding(
        rule=rule.id,
        rule_version=rule.version,
        object=about,
        level=rule.steps[step].level,
        text=sentence(held, slot, step, cell, x),
    )
