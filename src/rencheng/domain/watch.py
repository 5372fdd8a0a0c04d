"""Rules that watch readings and forecasts: what to compare, how long, and of what to speak."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from rencheng.domain.alarm import Level
from rencheng.domain.observation import Quantity
from rencheng.domain.rules import RuleStatus


class Measure(StrEnum):
    """What of a stream is compared. New members go to the end: their order is compiled."""

    LAST = "last"
    SUM = "sum"
    MEAN = "mean"
    MAX = "max"
    MIN = "min"
    CHANGE = "change"
    """Value less the oldest value of the window: a rise is positive."""
    ANOMALY = "anomaly"
    """Value less the mean of the window."""
    DIFFERENCE = "difference"
    """Value less the last one of another stream, such as a tide forecast or the gauge upstream."""
    SILENCE = "silence"
    """Time since the last good value. [s]"""


WINDOWED = frozenset(
    {Measure.SUM, Measure.MEAN, Measure.MAX, Measure.MIN, Measure.CHANGE, Measure.ANOMALY}
)
FIGURES = {
    "pga": "g",
    "collapsed": "{building}",
    "dead": "{person}",
    "injured": "{person}",
    "displaced": "{person}",
    "hospital_minutes": "min",
    "tsunami_minutes": "min",
    "power_24h": "1",
    "water_24h": "1",
}
"""Figures of our own forecast by zone that a rule may read, with their units (UCUM)."""
STATE_FIGURES = {
    "shaking": "g",
    "tide": "m",
    "power_out": "1",
    "water_out": "1",
    "free_beds": "1",
    "silent": "1",
    "stuck": "1",
}
"""Figures of the city's state that a rule may read, with their units (UCUM): see
`service/state_figures.py` for what each of them means."""
STATE = "state/"
"""How the ids of the house's own streams of state figures begin."""


def figure_stream(figure: str, about: str) -> str:
    """Return the id of the house's own stream of one figure of the state about one object.

    Examples
    --------
    >>> figure_stream("free_beds", "H-1")
    'state/free_beds/H-1'
    """
    return f"{STATE}{figure}/{about}"


class Speaks(StrEnum):
    """Of what an alarm speaks: its object, one alarm for each."""

    STREAM = "stream"
    ZONE = "zone"
    DISTRICT = "district"
    """Zones whose codes begin alike: the first six digits (GB/T 2260), or the code up to a dot."""
    CITY = "city"
    OBJECT = "object"
    """What the stream watches: a feeder, a hospital; of a state, what the figure is about."""


class Input(StrEnum):
    """Where the values of a rule come from."""

    OBSERVATION = "observation"
    FORECAST = "forecast"
    """Streams of times to come, or a figure of our own forecast."""
    BULLETIN = "bulletin"
    """No stream says it: the rule is a table that official warnings are read by. Where it states
    severities, a warning of others that is in force over the city raises its alarm."""
    STATE = "state"
    """A figure of the city's state, as every turn of the loop finds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which streams a condition reads: all that fit every part that is stated."""

    quantity: Quantity | None = None
    streams: tuple[str, ...] = ()
    """Ids, or the beginning of ids followed by `*`."""
    figure: str = ""
    """A figure of our own forecast by zone, or of the city's state, in place of streams."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One comparison, true or not of each stream, and of the object when enough streams agree."""

    select: Selection
    at: float
    """Threshold in the stream's unit, included. [s] for silence."""
    is_below: bool = False
    """Whether it is reached from above: heat is above, cold is below."""
    measure: Measure = Measure.LAST
    window_s: float = 0.0
    """What is summed, averaged or compared. [s]"""
    lasting_s: float = 0.0
    """So long it must hold without a break. [s]"""
    clear: float | None = None
    """Value that must be crossed back; None: the threshold itself."""
    clear_after_s: float = 0.0
    """So long it must stay crossed back. [s]"""
    least_known: float = 0.8
    """Share of the window's readings, or of the streams where a share is asked, that must be
    known."""
    at_least: int = 1
    """So many streams of the object must agree."""
    within_s: float = 0.0
    """So close together in time; 0: at the same time. [s]"""
    share: float = 0.0
    """Share of the known streams of the object that must agree; 0: a number is asked."""
    minus: str = ""
    """Id of the stream that is taken off, for `difference`."""
    quantile: float = 0.5
    """Of a forecast figure: which quantile of the samples is compared."""
    ahead_s: float = 86400.0
    """Of a forecast: how far ahead it is looked at. [s]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchStep:
    """One level of a rule: all conditions must hold."""

    level: Level
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRule:
    """A rule of a pack."""

    id: str
    """Pack and name, `cn-weather/rainstorm`: what alarms carry."""
    version: str
    """Of the pack, or its own."""
    title_zh: str
    title_en: str
    speaks: Speaks
    input: Input
    steps: tuple[WatchStep, ...]
    """The most serious first; empty where `input` is `bulletin`."""
    jurisdiction: str
    status: RuleStatus
    source: str
    valid_from: date
    table: tuple[tuple[Level, str, str], ...] = ()
    """What each level means in words, Chinese and English, as the source has it."""
    severities: tuple[tuple[str, Level], ...] = ()
    """Which level a severity of CAP raises, where warnings of others are read; empty: none is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPack:
    """A file of rules."""

    id: str
    version: str
    title_zh: str
    title_en: str
    jurisdiction: str
    status: RuleStatus
    source: str
    valid_from: date
    rules: tuple[WatchRule, ...]
    is_own: bool = False
    """Whether an office made it, rather than that it came with the program."""
    is_on: bool = True
    """Whether it raises alarms; a pack can be shipped to be tested first."""
    file: str = ""
    """Name of the file of the office that it was read from."""
