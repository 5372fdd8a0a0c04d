"""Alarm rules on the state of the city: looked at in every turn of the loop, and kept for tests."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from rencheng.domain.city import City
from rencheng.domain.readings import to_us
from rencheng.domain.watch import Input
from rencheng.sense.rules.compiled import US, compiled
from rencheng.sense.rules.evaluate import passed, watch
from rencheng.sense.rules.memory import nothing_seen
from rencheng.service.house import Context, House
from rencheng.service.keeping import beside, keep_state
from rencheng.service.ports import UnitOfWork
from rencheng.service.rule_memory import RunRules
from rencheng.service.state_figures import Sensed, StatePlace, figures, rows_of, state_place
from rencheng.service.watching import note, take_up, write


def review_state(house: House, ctx: Context, sensed: Sensed) -> int:
    """Hold the state of a turn against the alarm rules, then keep it, whatever rules there are.

    Returns
    -------
    changed
        How many alarms were raised, changed or cleared. Durable when it returns.
    """
    memory, said, run = house.watch, figures(sensed), ctx.run
    with memory.state_lock:
        place = _place(house, sensed.city)
        rows = rows_of(place, said, sensed.at)
        changed = 0
        if memory.of(Input.STATE):
            held = _held(house, run, sensed.city, place, sensed.at)
            held.said = said
            note(held, watch(held.compiled, held.state, rows))
            note(held, passed(held.compiled, held.state, to_us(sensed.at)))
            changed = write(house, run, held)
        with house.work() as work:
            keep_state(work, ctx, memory.keeper(run), place.ids, rows, place.resting)
    return changed


def _place(house: House, city: City) -> StatePlace:
    """Return the streams of state figures; made anew when the city or its streams change."""
    known = house.watch.place
    is_same = known is not None and (
        known[0].version == city.version and known[0].datastreams is city.datastreams
    )
    if known is None or not is_same:
        known = house.watch.place = (city, state_place(city))
    return known[1]


def _held(house: House, run: str, city: City, place: StatePlace, at: datetime) -> RunRules:
    """Return the rules at work in a run; after a start they see the states that were kept."""
    memory = house.watch
    held = memory.states.get(run)
    if held is not None and held.compiled.streams is place.datastreams:
        return held
    rules = compiled(memory.of(Input.STATE), place)
    held = RunRules(city, rules, nothing_seen(rules))
    with house.work() as work:
        _look_back(work, run, held, place, at)
        take_up(work, run, held, at)
    memory.remember(memory.states, run, held)
    return held


def _look_back(work: UnitOfWork, run: str, held: RunRules, place: StatePlace, at: datetime) -> None:
    back = float(np.max(held.compiled.look_back_s, initial=0.0))
    end = to_us(at) - 1
    past = work.observations.rows(beside(run), place.ids, end - int(back * US), end)
    watch(held.compiled, held.state, past)
    passed(held.compiled, held.state, end)
