"""Published thresholds, quantities and indicators as data: versioned, sourced, by jurisdiction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from rencheng.domain.alarm import Level
from rencheng.domain.assessment import Dimension


class RuleStatus(StrEnum):
    """Whether a rule was read in its official text."""

    OFFICIAL = "official"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePack:
    """Where a file of rules comes from and where it applies."""

    id: str
    version: str
    status: RuleStatus
    """The weakest status of its rows."""
    source: str
    jurisdiction: str
    """ISO 3166 code of the country whose rule it is, such as `CN`; `*` anywhere."""
    valid_from: date


class CriterionKind(StrEnum):
    """What a criterion of a response level compares."""

    DEATHS = "deaths"
    MAGNITUDE_DENSE = "magnitude_dense"
    """Moment magnitude of an earthquake that concerns a densely peopled area."""
    MAGNITUDE = "magnitude"
    """The same for a fairly densely peopled area."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelCriterion:
    """One cell of a table of levels: `low` ≤ value < `high` gives `level`."""

    kind: CriterionKind
    level: Level
    low: float
    """Included."""
    high: float
    """Excluded; infinity: no upper bound."""
    status: RuleStatus
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseRules:
    """How a response level is proposed after an earthquake."""

    pack: RulePack
    criteria: tuple[LevelCriterion, ...]
    dense_per_km2: float
    """Residents per square kilometre above which an area is dense. [1/km²]"""
    sparse_per_km2: float
    """Below it an area is not even fairly dense, and magnitude alone proposes nothing. [1/km²]"""
    reach_km: tuple[tuple[float, float], ...]
    """Magnitude and the farthest epicentre at which it concerns the city, ascending. [km]"""
    modelled_may_lower: bool
    """Whether modelled deaths may lower the initial level; verified ones always may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyRule:
    """How much of one item people need."""

    item: str
    """Name of the need, such as `water_l`."""
    stock: str
    """Item of `Stock` that meets it; `shelter_places`: places in usable shelters."""
    unit: str
    quantity: float
    """For one person and day, or for one person if not `is_daily`."""
    is_daily: bool
    is_for_displaced_only: bool
    """Otherwise also for people at home whose tap is dry."""
    status: RuleStatus
    standard: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyRules:
    """Needs after a disaster by published standards."""

    pack: RulePack
    horizon_h: float
    """How far ahead the need is counted. [h]"""
    items: tuple[SupplyRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairTime:
    """Mean days until an asset works again, by damage state slight to complete."""

    kind: str
    """Value of `Lifelines.restoration`."""
    days: tuple[float, float, float, float]
    status: RuleStatus
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRules:
    """Planning values of the operations proposed: walking, driving, when a place may be used."""

    pack: RulePack
    walk_m_s: float
    detour: float
    """Way along streets over straight distance, where no street leads. [1]"""
    drive_m_s: float
    """Speed over straight distance × detour, where no street leads. [m/s]"""
    tsunami_magnitude: float
    """Magnitude from which a large shallow earthquake at sea makes a tsunami possible."""
    usable_share: float
    """Share of samples in which a hospital or shelter must work to be counted on. [1]"""
    handling_min: float
    """Loading and handing over one patient, for each trip. [min]"""
    evacuate_due_h: float
    medical_due_h: float
    supply_due_h: float
    repair_times: tuple[RepairTime, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything that the decide stage must be told rather than know."""

    response: ResponseRules
    supplies: SupplyRules
    operations: OperationRules

    @property
    def version(self) -> str:
        """Versions of all packs, as a proposal records what fired it."""
        packs = (self.response.pack, self.supplies.pack, self.operations.pack)
        return " · ".join(f"{pack.id} {pack.version}" for pack in packs)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorDefinition:
    """One third-level indicator: what it means and how its value becomes a score."""

    id: str
    item: str
    dimension: Dimension
    title_zh: str
    title_en: str
    formula: str
    """Name of the formula; `fact` reads `City.facts[fact]`."""
    fact: str
    """Key in `City.facts`; empty for other formulas."""
    unit: str
    goalposts: tuple[float, float]
    """Fixed values that score 0 and 1; the second is the smaller one where less is better."""
    standard: str
    status: RuleStatus
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorSet:
    """The framework's items and their indicators."""

    pack: RulePack
    coverage_rule: float
    """Share of an item's indicators that must be known before it gets a score. [1]"""
    items: tuple[tuple[str, Dimension], ...]
    """The twelve items in the framework's order."""
    indicators: tuple[IndicatorDefinition, ...]
