"""Runs of the risk engine over the city: what may be picked, what a run is, what it came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import nan
from typing import Any, Protocol

from numpy.typing import NDArray

from rencheng.domain.curve import Curve
from rencheng.domain.errors import Fault
from rencheng.domain.provenance import Origin, Text
from rencheng.service.jobs import IsStopped, Job, JobShelf, Tell, Trouble
from rencheng.service.risk_measures import MeasuresSummary, MeasureWish
from rencheng.service.risk_study import StudyMenu, StudySummary, StudyWish

Arrays = Mapping[str, NDArray[Any]]
STOPPED = "risk.stopped"
"""Key of the error by which a run says that it was stopped."""


class SetKind(StrEnum):
    """Where the events of a set come from."""

    SCENARIO = "scenario"
    """One earthquake of a scenario of the project, with sampled fields of shaking."""
    RATES = "gutenberg_richter"
    """Earthquakes drawn from a stated source, with rates."""
    TABLE = "table"
    HDF5 = "hdf5"
    NETCDF = "netcdf"
    RASTERS = "rasters"


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskSet:
    """Something that a run can be made of."""

    id: str
    kind: SetKind
    name_zh: str
    name_en: str
    hazard: str
    """`earthquake`, `flood` …"""
    measure: str
    unit: str
    origin: Origin
    """Of the events: a scenario is derived from a bulletin, a stated source may be synthetic."""
    source: str
    licence: str = ""
    is_own: bool = False
    """Whether the office gave it; only such a set can be deleted here."""
    mark: str = ""
    """Changes with what the set says: start of a SHA-256."""
    size: int = 0
    """Of its files. [byte]"""
    trouble: Trouble | None = None
    """Why it cannot be run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSet:
    """What an office says of a file of events that it hands over."""

    id: str
    file: str
    """Name of the file, which says its kind."""
    name_zh: str
    name_en: str
    hazard: str
    measure: str
    unit: str
    source: str
    licence: str = ""
    is_synthetic: bool = False
    is_nodata_dry: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWish:
    """What is asked of a run."""

    set: str
    hour: float
    """Local hour at which the events happen, for the people inside. [h]"""
    seed: int = 1
    note: str = ""
    study: StudyWish | None = None
    """Inputs to vary; None: none."""
    measures: MeasureWish | None = None
    """Measures to appraise; None: none."""
    speed: str = ""
    """Set of flow speeds of the same events as a set of depths, for people; empty: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRun(Job):
    """A run: asked for, under way, or over."""

    city: str
    city_version: str
    set: RiskSet
    """As it was when the run was asked for."""
    wish: RunWish
    asked: datetime
    speed: RiskSet | None = None
    """Of flow speeds, as it was when the run was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A figure of a result; NaN unknown."""

    key: str
    unit: str
    mean: float
    """Of the samples of one event; of a set with rates a year's."""
    p05: float
    p50: float
    p95: float
    base: float | None = None
    base_unit: str = ""
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """A number with bounds that hold it for certain."""

    best: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """What is lost once in so many years."""

    return_period: float
    """[yr]"""
    loss: float
    """NaN: longer than the set can speak of, or something of the losses is unknown."""
    tail_mean: float
    known_loss: float
    """Of what is known: at least so much."""
    known_tail_mean: float = nan
    known_total: Bounds | None = None
    """Of a year (AEP), of what is known; None: not known, or between bounds too far apart."""
    known_total_mean: Bounds | None = None
    """Mean of the years beyond it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """An exceedance curve, thinned for a screen, from the largest loss down."""

    loss: tuple[float, ...]
    frequency: tuple[float, ...]
    """Of sets with rates: 1/yr; of one event: share of its samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YearSteps:
    """How likely a year's total passes a loss (AEP), with bounds that hold it for certain."""

    probability: tuple[float, ...]
    """In a year, rising. [1]"""
    loss: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    withheld: int
    """Points of the curve whose bounds lie too far apart to say anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """What a square metre of a kind of use costs to build anew."""

    uses: tuple[str, ...]
    """Beginnings of use classes, such as `RES`."""
    per_m2: float
    status: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleRow:
    """What one model says of one fate of people; NaN unknown or not stated."""

    model: str
    fate: str
    mean: float
    """Of the samples of one event; a year's; of the largest event where no rate is known."""
    p05: float
    p50: float
    p95: float
    low: float
    """Of the model's own span."""
    high: float
    is_partial: bool
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskSummary:
    """What a run came to, apart from its tables."""

    is_annual: bool
    """Whether the set has rates; else the events are samples of one event, or stand side by side
    without a known rate."""
    is_sampled: bool
    """Whether the events are equally likely samples of one event."""
    events: int
    event_names: tuple[str, ...]
    hazard: str
    measures: tuple[str, ...]
    """Of intensities kept, such as `PGA`."""
    unit: str
    currency: str
    year: int
    value: float
    """Of all buildings. [currency]"""
    counts: Mapping[str, int]
    """Assets by `Standing`, small letters."""
    figures: tuple[Amount, ...]
    tail: tuple[Tail, ...]
    steps: Steps | None
    is_partial: bool
    curves: tuple[str, ...]
    """Ids of the vulnerabilities; `curve` of the assets is a row here."""
    costs: tuple[CostRow, ...]
    data: tuple[str, ...]
    missing: tuple[str, ...]
    notes: tuple[Text, ...]
    versions: Mapping[str, str]
    faults: tuple[Fault, ...]
    seconds: float
    origin: Origin
    year_steps: YearSteps | None = None
    """Of a year's total; None where rates are unknown."""
    study: StudySummary | None = None
    appraisal: MeasuresSummary | None = None
    people: tuple[PeopleRow, ...] = ()
    """By model and fate, side by side; none where it was too much for the console."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskResult:
    """A run's summary and tables.

    Arrays by name: `rate`, `loss`, `unknown` (events,); `asset_mean`, `asset_value`,
    `asset_standing`, `asset_curve`, `asset_point` (assets,); `zone_<key>` (events, zones);
    `zone_value` (zones,); `start`, `point`, `intensity`: the hazard as `domain.risk.Events`
    has it.
    """

    summary: RiskSummary
    arrays: Arrays


class IncomingSet(Protocol):
    """A file of events on its way in."""

    size: int

    def write(self, part: bytes) -> None:
        """Add bytes; `TooMuchError` over the limit."""
        ...

    def close(self) -> None:
        """Forget what was not kept."""
        ...


class EventShelf(Protocol):
    """Everything that a run can be made of."""

    largest: int
    """Largest file that is taken. [byte]"""

    def all(self, city: str) -> Sequence[RiskSet]:
        """Return the sets that concern a city, faulty ones with their trouble."""
        ...

    def get(self, city: str, key: str) -> RiskSet:
        """Return a set, or raise `NotFoundError`."""
        ...

    def incoming(self, new: NewSet) -> IncomingSet:
        """Open a file for writing; `InvalidInputError` with every fault of what is said of it."""
        ...

    def keep(self, new: NewSet, arrived: IncomingSet) -> RiskSet:
        """Put what arrived on the shelf, with what is said of it."""
        ...

    def remove(self, key: str) -> None:
        """Delete a set of the office; `NotFoundError` for any other."""
        ...


class RunShelf(JobShelf[RiskRun], Protocol):
    """Where runs and their results lie; what is put there is durable when the call returns."""

    def keep(self, key: str, result: RiskResult) -> None:
        """Keep a result beside its run."""
        ...

    def result(self, key: str) -> RiskResult:
        """Return a result, or raise `NotFoundError` where there is none."""
        ...


class Engine(Protocol):
    """Works on runs."""

    def work(self, run: RiskRun, tell: Tell, is_stopped: IsStopped) -> RiskResult:
        """Return what a run comes to; blocks until done.

        Raises
        ------
        RenchengError
            Whatever is wrong; `ConflictError` with key `STOPPED` after a stop.
        """
        ...

    def menu(self, hazard: str) -> StudyMenu:
        """Return what a run of a hazard may vary."""
        ...

    def vulnerability(self, run: RiskRun, curve: str) -> tuple[Curve, Curve | None]:
        """Return the curve behind a loss, and the fragility that it was made of, if it was."""
        ...
