"""What is remembered between readings of each window, condition and object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.sense.rules.compiled import BINS, Compiled

Table = NDArray[Any]

NEVER = -(2**62)
"""Stands for a time that never was. [µs]"""

_HEARD = np.dtype([("at", "i8"), ("value", "f8")])
"""Last good reading of a stream."""
_RING = np.dtype([("head", "i8"), ("total", "f8"), ("known", "i8"), ("oldest", "i8")])
"""Newest bin of a window, what the window amounts to, its readings, its oldest bin that has any."""
_CELL = np.dtype(
    [("since", "i8"), ("back_since", "i8"), ("on_at", "i8"), ("seen", "i8"), ("x", "f8"),
     ("on", "?")]
)  # fmt: skip
"""Since when a condition is true, or is back; when it last held; when and what it last saw."""
_TALLY = np.dtype([("on", "i4"), ("holds", "?")])
_SLOT = np.dtype([("step", "i1")])
"""Step of the rule that holds now; -1: none."""
EVENT = np.dtype(
    [("slot", "i4"), ("before", "i1"), ("after", "i1"), ("cell", "i4"), ("x", "f8"), ("at", "i8")]
)
"""A change of level: steps before and after, the cell that made it, its value, and when. [µs]"""


@dataclass(slots=True)
class RuleState:
    """Memory of compiled rules; changed in place."""

    heard: Table
    rings: Table
    bins: NDArray[np.float64]
    """(rings, BINS)"""
    counts: NDArray[np.int32]
    cells: Table
    tallies: Table
    slots: Table


def nothing_seen(rules: Compiled) -> RuleState:
    """Return the memory of rules that saw nothing yet."""
    heard = np.zeros(len(rules.streams), _HEARD)
    heard["at"] = NEVER
    rings = np.zeros(len(rules.rings), _RING)
    rings["head"] = NEVER
    cells = np.zeros(len(rules.cells), _CELL)
    for key in ("since", "back_since", "on_at", "seen"):
        cells[key] = NEVER
    slots = np.zeros(len(rules.slot_rule), _SLOT)
    slots["step"] = -1
    return RuleState(
        heard=heard,
        rings=rings,
        bins=np.zeros((len(rings), BINS)),
        counts=np.zeros((len(rings), BINS), np.int32),
        cells=cells,
        tallies=np.zeros(len(rules.tallies), _TALLY),
        slots=slots,
    )


def carried(old: Compiled, was: RuleState, new: Compiled) -> RuleState:
    """Return the memory after streams were added to the city: what both have is kept.

    The rules are the same ones, and the rows of streams that were there before have not moved.
    """
    state = nothing_seen(new)
    state.heard[: len(was.heard)] = was.heard
    base = np.int64(len(new.streams) + 1)

    def cell_keys(rules: Compiled) -> NDArray[np.int64]:
        return np.asarray(rules.cells["condition"].astype(np.int64) * base + rules.cells["stream"])

    def slot_keys(rules: Compiled) -> NDArray[np.int64]:
        return np.asarray(rules.slot_rule.astype(np.int64) * base + rules.slot_object)

    def tally_keys(rules: Compiled) -> NDArray[np.int64]:
        slot = slot_keys(rules)[rules.tallies["slot"]] if len(rules.tallies) else np.zeros(0, int)
        return np.asarray(slot * np.int64(len(rules.conditions) + 1) + rules.tallies["condition"])

    _move(cell_keys(old), cell_keys(new), was.cells, state.cells)
    _move(slot_keys(old), slot_keys(new), was.slots, state.slots)
    _move(tally_keys(old), tally_keys(new), was.tallies, state.tallies)
    # Rings stand by stream, kind and width: those of streams that were there come first, unmoved.
    kept = len(old.rings)
    state.rings[:kept], state.bins[:kept], state.counts[:kept] = was.rings, was.bins, was.counts
    return state


def _move(old: NDArray[np.int64], new: NDArray[np.int64], source: Table, target: Table) -> None:
    order = np.argsort(new)
    target[order[np.searchsorted(new[order], old)]] = source
