"""Measures that a run may appraise: their files, what is asked, what they are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rencheng.service.jobs import Trouble
from rencheng.service.risk_study import StudyInput

LARGEST = 512 * 1024
"""Largest file of measures. No source: our choice. [byte]"""


Range = tuple[float, float, float]
"""5 %, 50 % and 95 % over samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureFile:
    """A file of measures of the office."""

    id: str
    mark: str
    """Changes with what it says: start of a SHA-256."""
    names: tuple[str, ...]
    """Of its measures."""
    currency: str
    year: int
    size: int
    """[byte]"""
    trouble: Trouble | None = None
    """Why it cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureWish:
    """What a run shall appraise."""

    file: str
    budget: float | None = None
    """For costs at the start; None: no limit. [currency]"""
    discount_rate: float = 0.03
    """Real, as a share. [1/yr]"""
    mark: str = ""
    """Of the file when the run was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnWorth:
    """What a measure, or a set of them, is worth over samples of what is uncertain."""

    saving: Range
    """[currency/yr]"""
    npv: Range
    """[currency]"""
    bcr: Range | None
    """None: nothing is paid."""
    probability: float
    """Share of the samples in which the benefit is above the costs. [1]"""
    rank: Range | None
    """By the ratio, 1 the best; None: no order."""
    first: float | None
    """Share of the samples in which it is the best of all. [1]"""
    effect: Mapping[str, Range]
    """The measure's own uncertain numbers, such as `ratio_factor`, as the file states them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnSummary:
    """What was drawn for measures, beside their costs."""

    samples: int
    asked: int
    """Samples that the file asks for; more than `samples`: beyond what the console draws."""
    seed: int
    inputs: tuple[StudyInput, ...]
    tau: Range | None
    """Kendall's τ-b between the order of each sample and that of the means. [1]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorthRow:
    """What a measure, or a set of them, is worth; NaN unknown, inf never."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    kind: str
    """Of one measure; empty for sets."""
    assets: int
    """That it concerns."""
    is_chosen: bool
    avoided: float
    """[currency/yr]"""
    transferred: float
    """[currency/yr]"""
    cost: float
    cost_low: float
    """5 % and 95 % of the cost, triangular between low, best and high. [currency]"""
    cost_high: float
    upkeep: float
    """Present value. [currency]"""
    benefit: float
    """Present value. [currency]"""
    npv: float
    bcr: float
    bcr_low: float
    """With costs at their 95 % quantile."""
    bcr_high: float
    payback: float
    """[yr]"""
    status: str = ""
    source: str = ""
    drawn: DrawnWorth | None = None
    """None: the file calls nothing uncertain, or this set was not drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRow:
    """The choice again at another discount rate."""

    discount_rate: float
    names: tuple[str, ...]
    npv: float
    bcr: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuresSummary:
    """What measures are worth, and which to take under the budget."""

    file: str
    budget: float
    """`inf`: no limit. [currency]"""
    discount_rate: float
    known_aal: float
    left_aal: float
    is_partial: bool
    rows: tuple[WorthRow, ...]
    """Each by itself, the best ratio first."""
    best: WorthRow
    """The exact choice."""
    greedy: WorthRow
    bound: float
    """Nothing within the budget is worth more. [currency]"""
    summed_saving: float
    """What the chosen would save if each stood alone. [currency/yr]"""
    by_rate: tuple[RateRow, ...]
    excluded: tuple[tuple[str, str], ...]
    made_unknown: int
    versions: Mapping[str, str]
    drawn: DrawnSummary | None = None
    """None: the file calls nothing uncertain; costs alone have a range."""


class MeasureShelf(Protocol):
    """Files of measures of the office."""

    def all(self) -> Sequence[MeasureFile]:
        """Return all files, faulty ones with their trouble."""
        ...

    def get(self, key: str) -> MeasureFile:
        """Return a file, or raise `NotFoundError`."""
        ...

    def keep(self, key: str, body: bytes) -> MeasureFile:
        """Keep a file; `InvalidInputError` with every fault, and then nothing is kept."""
        ...

    def remove(self, key: str) -> None:
        """Delete a file; `NotFoundError` where there is none."""
        ...

    def template(self, timezone: str) -> str:
        """Return an example in the money of the city's costs, to be changed and handed in."""
        ...
