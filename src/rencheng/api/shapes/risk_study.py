"""The risk page: uncertain inputs and measures of a run."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rencheng.api.shapes.common import ProblemOut, Shape

SideName = Literal["hazard", "exposure", "choice", "parameters", "model"]


class RiskInputOut(Shape):
    """An input that a run may vary, as its study file states it."""

    name: str
    kind: str
    side: SideName
    numbers: dict[str, float]
    """Its distribution; logarithmic standard deviations unless it is `low`, `high`, `cv`."""
    of: dict[str, float]
    """Alternatives with their weights."""
    is_annual: bool
    """Whether it plays a part only where rates are known."""


class RiskMenuOut(Shape):
    """What a run of a hazard may vary."""

    hazard: str
    file: str
    samples: int
    inputs: list[RiskInputOut]
    has_sensitivity: bool
    """Whether Sobol indices can be had."""
    trouble: ProblemOut | None


class RiskStudyIn(Shape):
    """What a run shall vary."""

    inputs: Annotated[list[Annotated[str, Field(max_length=100)]], Field(min_length=1)]
    samples: Annotated[int, Field(ge=20, le=2000)] = 200
    sobol: Literal[0, 32, 64, 128, 256, 512] = 0
    """Size of the base sample of Sobol indices; 0: none."""


class RiskSpreadOut(Shape):
    """A figure over all samples; null unknown."""

    key: str
    return_period: float | None
    plain: float | None
    """With every input as stated."""
    mean: float | None
    p05: float | None
    p50: float | None
    p95: float | None
    of_hazard: tuple[float, float] | None
    """5 and 95 % of the samples of one earthquake alone, no input varied."""


class RiskRankOut(Shape):
    """How sure the place of a zone is."""

    zone: str
    """Its id; empty: buildings without a zone."""
    name: str
    mean: float | None
    p05: float | None
    p95: float | None
    rank_low: float
    rank: float
    rank_high: float
    in_top: float


class RiskSobolOut(Shape):
    """Which share of the variance of a figure an input causes; null: it does not vary."""

    output: str
    input: str
    first: float | None
    first_half: float | None
    total: float | None
    total_half: float | None


class RiskStudyOut(Shape):
    """What uncertain inputs make of a run."""

    samples: int
    seed: int
    inputs: list[RiskInputOut]
    rows: list[RiskSpreadOut]
    ranks: list[RiskRankOut]
    top: int
    tau: tuple[float | None, float | None, float | None]
    sobol: list[RiskSobolOut]
    sobol_runs: int
    is_pooled: bool
    is_partial: bool
    file: str


class RiskMeasureFileOut(Shape):
    """A file of measures of the office."""

    id: str
    names: list[str]
    currency: str
    year: int
    size: int
    trouble: ProblemOut | None


class RiskMeasuresIn(Shape):
    """What a run shall appraise."""

    file: Annotated[str, Field(min_length=1, max_length=60)]
    budget: Annotated[float, Field(ge=0, le=1e18)] | None = None
    """For costs at the start; null: no limit."""
    discount_rate: Annotated[float, Field(ge=0, lt=1)] = 0.03


class RiskDrawnWorthOut(Shape):
    """What a measure is worth over samples: 5 %, 50 % and 95 %."""

    saving: tuple[float, float, float]
    npv: tuple[float, float, float]
    bcr: tuple[float, float, float] | None
    """Null: nothing is paid."""
    probability: float
    """Share of the samples in which the benefit is above the costs."""
    rank: tuple[float, float, float] | None
    first: float | None
    """Share of the samples in which it has the best ratio."""
    effect: dict[str, tuple[float, float, float]]


class RiskDrawnOut(Shape):
    """What was drawn for measures, beside their costs."""

    samples: int
    asked: int
    """Samples that the file asks for."""
    seed: int
    inputs: list[RiskInputOut]
    tau: tuple[float, float, float] | None
    """Kendall's τ-b between the order of each sample and that of the means."""


class RiskWorthOut(Shape):
    """What a measure, or a set of them, is worth; null unknown."""

    ids: list[str]
    names: list[str]
    kind: str
    assets: int
    is_chosen: bool
    avoided: float | None
    transferred: float | None
    cost: float | None
    cost_low: float | None
    cost_high: float | None
    upkeep: float | None
    benefit: float | None
    npv: float | None
    bcr: float | None
    bcr_low: float | None
    bcr_high: float | None
    payback: float | None
    """Years; null: not within its life."""
    status: str
    source: str
    drawn: RiskDrawnWorthOut | None


class RiskRateOut(Shape):
    """The choice again at another discount rate."""

    discount_rate: float
    names: list[str]
    npv: float | None
    bcr: float | None


class RiskMeasuresOut(Shape):
    """What measures are worth, and which to take under the budget."""

    file: str
    budget: float | None
    """Null: no limit."""
    discount_rate: float
    known_aal: float | None
    left_aal: float | None
    is_partial: bool
    rows: list[RiskWorthOut]
    """Each by itself, the best ratio first."""
    best: RiskWorthOut
    greedy: RiskWorthOut
    bound: float | None
    summed_saving: float | None
    by_rate: list[RiskRateOut]
    excluded: list[tuple[str, str]]
    made_unknown: int
    versions: dict[str, str]
    drawn: RiskDrawnOut | None
    """Null: the file calls nothing uncertain."""
