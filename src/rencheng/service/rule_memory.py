"""What the alarm rules remember of each run between batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import Protocol

from rencheng.domain.city import City
from rencheng.domain.watch import Input, WatchPack, WatchRule
from rencheng.sense.rules.compiled import Compiled
from rencheng.sense.rules.memory import RuleState
from rencheng.service.keeping import Keeper
from rencheng.service.state_figures import Said, StatePlace

Broken = tuple[tuple[str, str], ...]
"""Files of the office that cannot be used, and why."""

_RUNS = 8
"""Runs remembered at a time; what an older one needs is read again from history. Chosen."""


@dataclass(slots=True)
class Pending:
    """A change that is not yet an alarm: what was worst meanwhile, and what holds at the end."""

    worst: int
    """Step; -1: none. Likewise `last`."""
    worst_cell: int
    worst_x: float
    last: int
    last_cell: int
    last_x: float


@dataclass(slots=True)
class RunRules:
    """Rules at work in a run."""

    city: City
    compiled: Compiled
    state: RuleState
    pending: dict[int, Pending] = field(default_factory=dict)
    """By slot; kept until the store has taken it."""
    gone: list[tuple[str, str]] = field(default_factory=list)
    """Rule and object of open alarms whose sensors are no longer there."""
    said: Mapping[str, Said] = field(default_factory=dict)
    """Of rules on the state: what was found last, by the house's own streams."""


class RuleSource(Protocol):
    """Where the rules of an office lie."""

    def stamp(self) -> object:
        """Return something that differs after any change."""
        ...

    def load(self, before: tuple[WatchPack, ...]) -> tuple[tuple[WatchPack, ...], Broken]:
        """Read all packs; where a file is broken, the pack that it held before stays."""
        ...


@dataclass(slots=True)
class RuleMemory:
    """The rules of the house, and what they remember.

    Hold `lock` while using one of `runs`; hold `state_lock` while using `states`, `place` or a
    keeper: thousands of alarms on the state may take seconds, and readings wait for none of them.
    Who needs both takes `lock` first.
    """

    packs: tuple[WatchPack, ...] = ()
    broken: Broken = ()
    source: RuleSource | None = None
    """None: the rules never change."""
    stamp: object = None
    """That of the source when it was read."""
    runs: dict[str, RunRules] = field(default_factory=dict)
    """Rules on observations, by run."""
    states: dict[str, RunRules] = field(default_factory=dict)
    """Rules on the state, by run."""
    place: tuple[City, StatePlace] | None = None
    """Streams of state figures of the city that was looked at last."""
    kept: dict[str, Keeper] = field(default_factory=dict)
    """What was written last of states and forecasts, by run."""
    lock: RLock = field(default_factory=RLock)
    state_lock: RLock = field(default_factory=RLock)

    @property
    def rules(self) -> tuple[WatchRule, ...]:
        """Rules that raise alarms."""
        return tuple(rule for pack in self.packs if pack.is_on for rule in pack.rules)

    def of(self, kind: Input) -> tuple[WatchRule, ...]:
        """Return the rules with one kind of input that raise alarms."""
        return tuple(rule for rule in self.rules if rule.input is kind)

    def remember(self, memory: dict[str, RunRules], run: str, held: RunRules) -> None:
        """Remember a run in one of the memories; the one used longest ago is forgotten."""
        memory.pop(run, None)
        for older in list(memory)[: len(memory) + 1 - _RUNS]:
            del memory[older]
        memory[run] = held

    def keeper(self, run: str) -> Keeper:
        """Return what was written last of a run."""
        if run not in self.kept:
            for older in list(self.kept)[: len(self.kept) + 1 - _RUNS]:
                del self.kept[older]
            self.kept[run] = Keeper()
        return self.kept[run]

    def forget(self) -> None:
        """Forget what the rules remember; it is read from the history again."""
        self.runs.clear()
        self.states.clear()
