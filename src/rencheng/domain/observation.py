"""Observations: what was measured, where, when, in which unit, and how far to trust it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rencheng.domain.provenance import Mode, Origin


class Quantity(StrEnum):
    """What is measured."""

    PEAK_ACCELERATION = "peak_acceleration"
    WATER_LEVEL = "water_level"
    FEEDER_STATE = "feeder_state"
    WATER_PRESSURE = "water_pressure"
    FREE_BEDS = "free_beds"
    RAIN = "rain"
    """Depth since the reading before."""
    AIR_TEMPERATURE = "air_temperature"
    OTHER = "other"
    """What no model of the house reads; its unit is the one that the stream states."""
    WIND_SPEED = "wind_speed"
    """Mean of two or ten minutes, as the station makes it."""
    WIND_GUST = "wind_gust"
    """Highest of three seconds since the reading before."""
    VISIBILITY = "visibility"
    SNOW = "snow"
    """Water equivalent of the snow since the reading before."""
    GROUND_TEMPERATURE = "ground_temperature"


UNITS = {
    Quantity.PEAK_ACCELERATION: "g",
    Quantity.WATER_LEVEL: "m",
    Quantity.FEEDER_STATE: "1",
    Quantity.WATER_PRESSURE: "kPa",
    Quantity.FREE_BEDS: "{bed}",
    Quantity.RAIN: "mm",
    Quantity.AIR_TEMPERATURE: "Cel",
    Quantity.WIND_SPEED: "m/s",
    Quantity.WIND_GUST: "m/s",
    Quantity.VISIBILITY: "m",
    Quantity.SNOW: "mm",
    Quantity.GROUND_TEMPERATURE: "Cel",
}
"""The one unit (UCUM) of each quantity inside the house; `OTHER` has none."""
RESTS_AT_ZERO = frozenset(
    {
        Quantity.RAIN,
        Quantity.SNOW,
        Quantity.WIND_SPEED,
        Quantity.WIND_GUST,
        Quantity.WATER_PRESSURE,
    }
)
"""Quantities of which many zeros in a row are no sign of a stuck sensor: a dry main is an event."""
CITY_NEEDS = (
    Quantity.PEAK_ACCELERATION,
    Quantity.WATER_LEVEL,
    Quantity.FEEDER_STATE,
    Quantity.WATER_PRESSURE,
    Quantity.FREE_BEDS,
    Quantity.RAIN,
    Quantity.AIR_TEMPERATURE,
)
"""Quantities that every city should have a stream of."""


class Quality(StrEnum):
    """How far to trust a value."""

    GOOD = "good"
    SUSPECT = "suspect"


class QualityReason(StrEnum):
    """Why a value is suspect. New members go to the end: their order is kept with readings."""

    RANGE = "range"
    RATE = "rate"
    STUCK = "stuck"
    LATE = "late"
    SPIKE = "spike"
    """Alone away from the values around it."""
    DRIFT = "drift"
    """Mean of the last day away from that of the last month."""
    NEIGHBOUR = "neighbour"
    """No sensor nearby says anything like it."""
    RAIN = "rain"
    """Dry while it rains on every gauge nearby."""
    UNIT = "unit"
    """Wrong by a factor between two units."""
    CLOCK = "clock"
    """Its times lag behind the clock, reading for reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Datastream:
    """One sensor's stream of one quantity, with what is plausible for it."""

    id: str
    name: str
    quantity: Quantity
    unit: str
    xy: tuple[float, float]
    asset: str
    """Id of the lifeline, facility or zone (`zone:<id>`) that it watches; empty: the open field."""
    zone: int
    """Row in `Zones`."""
    interval_s: float
    """Expected time between values; silence is three of them. [s]"""
    low: float
    high: float
    """Plausible range in `unit`."""
    rate: float
    """Largest plausible change per second in `unit`; infinity: no limit."""
    stuck_after: int
    """So many equal values in a row are suspect; 0: equal values are normal (a state)."""
    is_vital: bool
    origin: Origin
    is_forecast: bool = False
    """Whether its values are of times to come; rules on observations leave it alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What quality control says about one value, beside it and never over it."""

    quality: Quality
    reasons: tuple[QualityReason, ...] = ()
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One value of one datastream at one time."""

    id: str
    """Made by the sender; a second one with the same id is the same observation."""
    datastream: str
    value: float
    """In the datastream's unit."""
    phenomenon_time: datetime
    """When it was so in the world. [UTC]"""
    received: datetime
    """When we heard of it. [UTC]"""
    verdict: Verdict
    mode: Mode
    run: str
    """Which run of the clock it belongs to: `live`, or the id of a replay or drill."""


class StreamHealth(StrEnum):
    """Whether a stream can be relied on now."""

    OK = "ok"
    STUCK = "stuck"
    SILENT = "silent"
    SUSPECT = "suspect"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamStatus:
    """A datastream's last word and its health at a time."""

    datastream: str
    health: StreamHealth
    last_value: float
    """NaN: never heard of."""
    last_good_value: float
    """NaN: no good value yet."""
    last_time: datetime | None
    age_s: float
    """Infinity: never heard of. [s]"""
