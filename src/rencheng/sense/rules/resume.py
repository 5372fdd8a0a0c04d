"""Rules after a start: memory made anew from the last readings, and the alarms that are open."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.sense.rules.compiled import Compiled, tallies_of
from rencheng.sense.rules.memory import EVENT, NEVER, RuleState

Table = NDArray[Any]


def resumed(
    rules: Compiled,
    state: RuleState,
    opened: Mapping[int, int],
    now: int,
    renewed: Collection[int] = (),
) -> Table:
    """Let open alarms stand where nothing known speaks against them; say what else differs.

    Parameters
    ----------
    rules, state
        The memory as the last readings make it; changed in place.
    opened
        Step of each slot whose alarm is open.
    now
        [µs]
    renewed
        Slots whose alarms are told again even where nothing differs.

    Returns
    -------
    events
        Alarms to be raised, changed or cleared, of `EVENT`. (m,)
    """
    found = []
    for slot in np.flatnonzero(state.slots["step"] >= 0).tolist():
        if slot not in opened:
            found.append(_event(rules, state, slot, -1, now))
    for slot, step in opened.items():
        now_holds = int(state.slots["step"][slot])
        if not 0 <= now_holds <= step:
            _adopt(rules, state, slot, step)
        if int(state.slots["step"][slot]) != step or slot in renewed:
            found.append(_event(rules, state, slot, step, now))
    return np.array(found, dtype=EVENT) if found else np.zeros(0, EVENT)


def _adopt(rules: Compiled, state: RuleState, slot: int, step: int) -> None:
    """Take it that what held before still does, wherever no reading says otherwise."""
    tallies = tallies_of(rules, slot)
    for n in tallies:
        fixed, tally = rules.tallies[n], state.tallies[n]
        if fixed["step"] < step:
            continue
        for c in range(fixed["first"], fixed["first"] + fixed["size"]):
            cell, one = state.cells[c], rules.conditions[rules.cells["condition"][c]]
            waits = cell["back_since"] != NEVER and (
                cell["seen"] - cell["back_since"] < one["clear_after"]
            )
            if not cell["on"] and (cell["back_since"] == NEVER or waits):
                cell["on"] = True
                tally["on"] += 1
        tally["holds"] = tally["holds"] or tally["on"] >= fixed["need"]
    state.slots["step"][slot] = _level(rules, state, tallies)


def _level(rules: Compiled, state: RuleState, tallies: range) -> int:
    steps = rules.tallies["step"]
    for step in np.unique(steps[tallies.start : tallies.stop]).tolist():
        if all(state.tallies["holds"][n] for n in tallies if steps[n] == step):
            return int(step)
    return -1


def _event(rules: Compiled, state: RuleState, slot: int, before: int, now: int) -> tuple[Any, ...]:
    after = int(state.slots["step"][slot])
    first = int(rules.slot_first[slot])
    for n in range(first, int(rules.slot_first[slot + 1])):
        fixed = rules.tallies[n]
        own = np.arange(fixed["first"], fixed["first"] + fixed["size"])
        on = own[state.cells["on"][own]]
        if fixed["step"] == after and len(on):
            return slot, before, after, int(on[0]), float(state.cells["x"][on[0]]), now
    cell = int(rules.tallies["first"][first])
    return slot, before, after, cell, float(state.cells["x"][cell]), now
