"""Shapes of quality control: limits in force, limits learnt, and who approved them."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from rencheng.api.shapes.common import Shape


class LearntLimitOut(Shape):
    """One limit: what holds now and what history says; one number, twelve by month, or none."""

    name: str
    before: list[float]
    after: list[float]


class LeftLimitOut(Shape):
    """A limit that stays as it is, and why."""

    name: str
    why: str
    """`few` readings, the value may be the `event`, a `state`, or too few `neighbours`."""


class CountOut(Shape):
    """How many readings a reason was said of; `any`: of how many at least one was."""

    reason: str
    count: int


class LearntStreamOut(Shape):
    """What the history of one stream taught."""

    stream: str
    name: str
    quantity: str
    unit: str
    count: int
    first: AwareDatetime | None
    last: AwareDatetime | None
    limits: list[LearntLimitOut]
    left: list[LeftLimitOut]
    flagged_before: list[CountOut]
    flagged_after: list[CountOut]


class LimitsVersionOut(Shape):
    """A version of learnt limits."""

    id: str
    number: int
    base: str
    source_run: str
    start: AwareDatetime
    end: AwareDatetime
    streams: list[LearntStreamOut]
    status: Literal["proposed", "approved", "refused", "retired"]
    created: AwareDatetime
    proposed_by: str
    decided_by: str
    decided: AwareDatetime | None
    reason: str
    mode: str
    version: int


class LearnIn(Shape):
    """Streams by id, or all of a quantity, and the period to read."""

    streams: list[str] = Field(default=[], max_length=500)
    quantity: str = ""
    start: AwareDatetime
    end: AwareDatetime


class LimitsDecisionIn(Shape):
    """Approving, refusing or undoing a version, with the version that was seen and a reason."""

    version: int
    decision: Literal["approve", "refuse", "undo"]
    reason: str = Field(max_length=400)


class LimitOut(Shape):
    """A limit that holds for a stream, and where it comes from."""

    name: str
    values: list[float]
    is_learnt: bool


class StreamLimitsOut(Shape):
    """What a stream's values are held against."""

    stream: str
    quantity: str
    unit: str
    verdict_version: str
    limits: list[LimitOut]
    neighbours: list[str]
    count: int
    suspect: int
