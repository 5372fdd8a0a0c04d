"""What the alarm rules remember of each run between batches."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import RLock

from rencheng.domain.city import City
from rencheng.domain.watch import Input, WatchPack, WatchRule
from rencheng.sense.rules.compiled import Compiled
from rencheng.sense.rules.memory import RuleState

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
    """Rule and object of open alarms whose rule or sensors are no longer there."""


@dataclass(slots=True)
class RuleMemory:
    """The rules of the house, and what they remember. Hold `lock` while using a run."""

    packs: tuple[WatchPack, ...] = ()
    broken: tuple[tuple[str, str], ...] = ()
    """Files of the office that could not be used, and why."""
    runs: dict[str, RunRules] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)

    @property
    def rules(self) -> tuple[WatchRule, ...]:
        """Rules that raise alarms."""
        return tuple(rule for pack in self.packs if pack.is_on for rule in pack.rules)

    def of(self, kind: Input) -> tuple[WatchRule, ...]:
        """Return the rules with one kind of input that raise alarms."""
        return tuple(rule for rule in self.rules if rule.input is kind)

    def keep(self, run: str, held: RunRules) -> None:
        """Remember a run; the one used longest ago is forgotten."""
        self.runs.pop(run, None)
        for older in list(self.runs)[: len(self.runs) + 1 - _RUNS]:
            del self.runs[older]
        self.runs[run] = held
