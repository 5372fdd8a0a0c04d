"""People in the way of events: who is there, and what each model says becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from math import fsum

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.provenance import Text
from rencheng.domain.risk import Standing

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]


class Fate(StrEnum):
    """What becomes of people."""

    EXPOSED = "exposed"
    """Present where the event reaches."""
    SEVERITY_1 = "severity_1"
    """Hurt, first aid is enough (HAZUS)."""
    SEVERITY_2 = "severity_2"
    """To hospital, not in danger of life."""
    SEVERITY_3 = "severity_3"
    """In danger of life if not treated soon."""
    DEAD = "dead"
    """Dead or dying; severity 4 of HAZUS."""
    DISPLACED = "displaced"
    """Residents whose dwelling cannot be lived in."""
    SHELTERED = "sheltered"
    """Of the displaced, those who ask for a public shelter."""
    H1 = "h1"
    H2 = "h2"
    H3 = "h3"
    H4 = "h4"
    H5 = "h5"
    H6 = "h6"
    """Present in water of the class H1 to H6 (AIDR 7-3)."""


class Dwelling(IntEnum):
    """Kind of a residential building, by which HAZUS tells when it cannot be lived in."""

    UNKNOWN = -1
    SINGLE = 0
    MULTI = 1


class Spanning(StrEnum):
    """What lies between the low and the high number of an estimate."""

    NONE = "none"
    """The model states no spread."""
    ZETA = "zeta"
    """5 to 95 % of a lognormal around the central number, which is its median."""
    PARAMETERS = "parameters"
    """Stated low and high parameters; no probability is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceTable:
    """Shares of those who live, work, learn or stay somewhere that are there."""

    use: tuple[str, ...]
    """`home`, `shop`, `works`, `school`, `hotel`, `ward`."""
    indoors: F64
    """By weekday and weekend, and by night, day, commute. (uses, 2, 3)"""
    outdoors: F64
    """Outdoors close to the building. (uses, 2, 3)"""
    source: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CasualtyTable:
    """Shares of people hurt by type of building and state of damage."""

    type: tuple[str, ...]
    """Structural types such as `C1M`, `URML`."""
    indoors: F64
    """Severity 1 to 4 at slight, moderate, extensive, complete, collapsed. (types, 5, 4)"""
    outdoors: F64
    """The same for people outdoors close by. (types, 5, 4)"""
    collapse: F64
    """Share of `complete` that collapses. (types,)"""
    source: str
    version: str

    def row(self, curve: str) -> int:
        """Return the row of a building curve such as `LF.C1.L.MC`, -1 when its type has none."""
        kind = "".join(curve.split(".")[1:-1])
        return self.type.index(kind) if kind in self.type else -1


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelterTable:
    """When dwellings cannot be lived in, and who asks for a public shelter."""

    uninhabitable: F64
    """By single- and multi-family, and slight, moderate, extensive, complete. (2, 4)"""
    income: F64
    """Share that asks for a public shelter, from the lowest class of income. (classes,)"""
    unknown: tuple[float, float, float]
    """Low, central and high share where income is unknown."""
    flood_m: tuple[float, float, float]
    """Depth from which a dwelling is out of use, for the low, central and high count. [m]"""
    source: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RapidModel:
    """A national model of deaths from shaking alone."""

    country: str
    """ISO 3166-1 alpha-2."""
    theta: float
    """Median of the rate's lognormal. [MMI]"""
    beta: float
    zeta: float
    """Logarithmic standard deviation of an event's deaths, as fitted."""
    g: float
    """The wider one that PAGER's own program takes for its alerts."""
    is_own: bool
    """Fitted to the country's own earthquakes; otherwise to those of a group of countries."""
    source: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """When and under what measures events are taken to happen.

    Raises
    ------
    InvalidInputError
        When a share does not lie between 0 and 1.
    """

    hour: float | None = None
    """Of the local clock; None: any hour of the day, all as likely. [h]"""
    is_weekend: bool | None = None
    """None: any day of the week."""
    country: str = ""
    """ISO 3166-1 alpha-2, for the national rapid model; empty: none is asked."""
    evacuated: float = 0.0
    """Share of the people who left before the water came, where assets do not say."""
    upstairs: float = 0.0
    """Share of those who stayed that find shelter above the water, where assets do not say."""

    def __post_init__(self) -> None:
        for name, value in (("evacuated", self.evacuated), ("upstairs", self.upstairs)):
            if not 0.0 <= value <= 1.0:
                raise InvalidInputError(
                    "risk.people.part",
                    f"{name} = {value} does not lie between 0 and 1",
                    hint="Give a share of the people, not a percentage",
                    params={"name": name, "value": value},
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """The people at assets, at the time that a job asks for. NaN: unknown."""

    id: tuple[str, ...]
    indoors: F64
    """(assets,)"""
    outdoors: F64
    """Close to the building. (assets,)"""
    residents: F64
    """Who lives there, wherever they are. (assets,)"""
    group: tuple[str, ...]
    """Vulnerable groups: `children`, `elderly_65`, `disabled`, `pupils`, `patients` …"""
    share: F64
    """Of the people present that belong to each group. (groups, assets)"""
    share_home: F64
    """Of the residents that belong to each group. (groups, assets)"""
    dwelling: I32
    """`Dwelling`. (assets,)"""
    public: F64
    """Low, central and high share of the displaced that ask for a public shelter. (3, assets)"""
    exposed: F64
    """Share of the people present whom a flood finds: neither evacuated nor upstairs. (assets,)"""
    rise_m_h: F64
    """How fast water rises there. [m/h] (assets,)"""
    asset: I32 | None = None
    """Of pieces of areas and lines, which are the rows here: the asset of each. None: every row is
    an asset. (pieces,)"""

    @property
    def present(self) -> F64:
        """Return the people at each asset, indoors and out. (assets,)"""
        return self.indoors + self.outdoors


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleEstimate:
    """What one model says, event by event. Models stand side by side and are never blended.

    Numbers are expected numbers, not whole persons, of what is known: where `unknown` is above
    zero they say *at least so many*.
    """

    model: str
    """`hazus`, `pager.CN`, `jonkman.remaining` …"""
    fate: tuple[Fate, ...]
    low: F64
    """NaN where the model states no spread. (events, fates)"""
    central: F64
    """(events, fates)"""
    high: F64
    """(events, fates)"""
    spanning: Spanning
    group: F64
    """Of the central number, those known to belong to each group. (events, fates, groups)"""
    group_unknown: F64
    """Of the central number, those of whom it is not known. (events, fates, groups)"""
    yearly: F64
    """Central number a year at each asset. [1/yr] (assets, fates)"""
    unknown: I64
    """Assets of which the event's intensity, or what it does, is unknown. (events,)"""
    unknown_people: F64
    """People present there. (events,)"""
    standing: U8
    """`Standing` of each asset with this model. (assets,)"""
    notes: tuple[Text, ...] = ()
    """What a reader must know before using it."""

    def column(self, fate: Fate) -> int:
        """Return the column of a fate; `ValueError` when the model does not speak of it."""
        return self.fate.index(fate)

    @property
    def is_nothing(self) -> bool:
        """Whether there are assets and this model could assess none: its numbers are NaN."""
        return bool(self.standing.size and (self.standing > Standing.NOT_EXPOSED).all())

    @property
    def is_partial(self) -> bool:
        """Whether something is unknown: then numbers are *at least so many*."""
        return bool((self.unknown > 0).any())


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleSpan:
    """One fate over all models: the lowest and the highest that any of them says."""

    models: tuple[str, ...]
    low: F64
    """Lowest of the models' low, or central where a model states no spread. (events,)"""
    high: F64
    """Highest of the models' high, or central. (events,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleImpact:
    """What events do to people, by every model that could be asked."""

    names: tuple[str, ...]
    rate: F64
    """[1/yr] (events,)"""
    present: float
    """People present at the assets of which that is known; NaN where it is of none."""
    residents: float
    """Residents of the assets of which they are known; NaN where they are of none."""
    group: tuple[str, ...]
    estimates: tuple[PeopleEstimate, ...]
    standing: U8
    """`Standing` of each asset: the least good that any model says. (assets,)"""
    counts: Mapping[Standing, int]
    versions: Mapping[str, str]
    """What the result rests on: programs, event sets, curves, tables, the time of day."""
    faults: tuple[Fault, ...] = ()

    @property
    def is_nothing(self) -> bool:
        """Whether no model could assess any of the assets."""
        return all(one.is_nothing for one in self.estimates)

    def of(self, model: str) -> PeopleEstimate:
        """Return the estimate of a model; `KeyError` when it was not asked."""
        for one in self.estimates:
            if one.model == model:
                return one
        raise KeyError(model)

    def models(self, fate: Fate) -> tuple[PeopleEstimate, ...]:
        """Return the estimates that speak of a fate, side by side."""
        return tuple(one for one in self.estimates if fate in one.fate)

    def span(self, fate: Fate) -> PeopleSpan:
        """Return the lowest and the highest number of each event over all models; NaN of none."""
        low, high = np.full((2, len(self.names)), np.nan)
        found = self.models(fate)
        for one in found:
            k = one.column(fate)
            bare = np.isnan(one.low[:, k])
            low = np.fmin(low, np.where(bare, one.central[:, k], one.low[:, k]))
            high = np.fmax(high, np.where(bare, one.central[:, k], one.high[:, k]))
        return PeopleSpan(models=tuple(one.model for one in found), low=low, high=high)

    def annual(self, one: PeopleEstimate, fate: Fate) -> tuple[float, float, float]:
        """Return the low, central and high expected number a year of one model. [1/yr]

        NaN where a rate is unknown, and low and high where the model states no spread.
        """
        k = one.column(fate)
        low, central, high = (
            fsum(self.rate * numbers[:, k]) for numbers in (one.low, one.central, one.high)
        )
        return low, central, high
