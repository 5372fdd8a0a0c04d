"""Alarm rules: packs, rules, what they rest on, and how they did."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from rencheng.api.shapes.common import LevelNumber, Shape, TextOut


class RuleLevelOut(Shape):
    """What a level of a rule means, in the words of its source."""

    level: LevelNumber
    text: TextOut


class RuleOut(Shape):
    """An alarm rule."""

    id: str
    name: TextOut
    pack: str
    version: str
    jurisdiction: str
    status: Literal["official", "unverified"]
    source: str
    valid_from: str
    input: Literal["observation", "forecast", "bulletin", "state"]
    speaks: str
    levels: list[LevelNumber]
    """Levels that it can raise, the most serious first."""
    table: list[RuleLevelOut]
    is_on: bool
    is_own: bool
    """Made by the office."""
    last_fired: AwareDatetime | None
    """Start of its last alarm in this run."""
    alarms: int
    """Alarms of this run."""
    hits: int
    """By the ledger, of this run; likewise false and missed."""
    false: int
    misses: int


class BrokenRulesOut(Shape):
    """A file of rules of the office that is not used."""

    file: str
    problem: str


class RulesOut(Shape):
    """All rules."""

    rules: list[RuleOut]
    broken: list[BrokenRulesOut]
