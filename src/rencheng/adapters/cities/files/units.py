"""Units (UCUM) and quantities of other people's sensors, turned into those of the house."""

from __future__ import annotations

from collections.abc import Sequence

from rencheng.adapters.cities.files.columns import plain
from rencheng.domain.observation import Quantity

# Standard gravity: ISO 80000-3; foot, inch, pound-force per square inch: NIST SP 811, appendix B.
_G, _FOOT, _INCH, _PSI = 9.80665, 0.3048, 0.0254, 6.894757293168

# Knot and mile: NIST SP 811, appendix B.
_SPEEDS = {
    "m/s": 1.0, "m.s-1": 1.0, "km/h": 1.0 / 3.6, "[kn_i]": 1852.0 / 3600.0, "kn": 1852.0 / 3600.0,
    "米/秒": 1.0,
}  # fmt: skip

_FACTORS: dict[Quantity, dict[str, float]] = {
    Quantity.PEAK_ACCELERATION: {
        "g": 1.0, "[g]": 1.0, "m[g]": 1e-3, "%[g]": 0.01, "%g": 0.01, "m/s2": 1.0 / _G,
        "m/s^2": 1.0 / _G, "m/s²": 1.0 / _G, "m.s-2": 1.0 / _G, "cm/s2": 0.01 / _G,
        "cm/s^2": 0.01 / _G, "cm/s²": 0.01 / _G, "Gal": 0.01 / _G, "gal": 0.01 / _G,
    },
    Quantity.WATER_LEVEL: {
        "m": 1.0, "dm": 0.1, "cm": 0.01, "mm": 1e-3, "[ft_i]": _FOOT, "ft": _FOOT,
        "[in_i]": _INCH, "in": _INCH, "米": 1.0, "厘米": 0.01, "毫米": 1e-3,
    },
    Quantity.FEEDER_STATE: {"1": 1.0, "{state}": 1.0, "%": 0.01},
    Quantity.WATER_PRESSURE: {
        "kPa": 1.0, "Pa": 1e-3, "hPa": 0.1, "mbar": 0.1, "bar": 100.0, "MPa": 1000.0,
        "[psi]": _PSI, "psi": _PSI, "m[H2O]": _G, "mH2O": _G, "kgf/cm2": 98.0665,
        "kgf/cm²": 98.0665, "atm": 101.325, "千帕": 1.0, "兆帕": 1000.0,
    },
    Quantity.FREE_BEDS: {"{bed}": 1.0, "{beds}": 1.0, "1": 1.0, "bed": 1.0, "beds": 1.0,
                         "张": 1.0},
    Quantity.RAIN: {
        "mm": 1.0, "cm": 10.0, "m": 1000.0, "[in_i]": 25.4, "in": 25.4, "kg/m2": 1.0,
        "L/m2": 1.0, "毫米": 1.0,
    },
    Quantity.AIR_TEMPERATURE: {"Cel": 1.0, "°C": 1.0, "degC": 1.0, "C": 1.0, "℃": 1.0},
    Quantity.GROUND_TEMPERATURE: {"Cel": 1.0, "°C": 1.0, "degC": 1.0, "C": 1.0, "℃": 1.0},
    Quantity.WIND_SPEED: _SPEEDS,
    Quantity.WIND_GUST: _SPEEDS,
    Quantity.VISIBILITY: {"m": 1.0, "km": 1000.0, "[mi_i]": 1609.344, "米": 1.0, "千米": 1000.0},
    Quantity.SNOW: {"mm": 1.0, "cm": 10.0, "kg/m2": 1.0, "毫米": 1.0},
}  # fmt: skip
_WORDS: dict[Quantity, tuple[str, ...]] = {
    Quantity.PEAK_ACCELERATION: ("pga", "peak ground acceleration", "acceleration", "加速度",
                                 "峰值加速度", "aceleracion"),
    Quantity.WATER_LEVEL: ("level", "gauge height", "tide", "sea level", "river level", "stage",
                           "水位", "潮位", "nivel", "nivel del agua"),
    Quantity.FEEDER_STATE: ("state", "breaker state", "switch state", "开关状态", "线路状态",
                            "馈线状态"),
    Quantity.WATER_PRESSURE: ("pressure", "压力", "水压", "管网压力", "presion"),
    Quantity.FREE_BEDS: ("beds", "available beds", "空床", "空床数", "可用床位", "camas libres"),
    Quantity.RAIN: ("rainfall", "precipitation", "rain depth", "雨量", "降雨", "降水", "降水量",
                    "lluvia", "precipitacion"),
    Quantity.AIR_TEMPERATURE: ("temperature", "air temp", "temp", "气温", "温度",
                               "temperatura", "temperatura del aire"),
    Quantity.WIND_SPEED: ("wind", "wind speed", "风速", "平均风速", "velocidad del viento"),
    Quantity.WIND_GUST: ("gust", "wind gust", "阵风", "极大风速", "racha"),
    Quantity.VISIBILITY: ("visibility", "能见度", "visibilidad"),
    Quantity.SNOW: ("snow", "snowfall", "降雪", "降雪量", "雪量", "nieve"),
    Quantity.GROUND_TEMPERATURE: ("ground temperature", "surface temperature", "地面温度", "地温",
                                  "路面温度"),
}  # fmt: skip


def quantity_of(word: str) -> Quantity | None:
    """Return our quantity for a word of others; None: nothing that the house observes.

    Examples
    --------
    >>> quantity_of("Water Level"), quantity_of("水压"), quantity_of("humidity")
    (<Quantity.WATER_LEVEL: 'water_level'>, <Quantity.WATER_PRESSURE: 'water_pressure'>, None)
    """
    folded = plain(word)
    for quantity, words in _WORDS.items():
        if folded == plain(quantity.value) or folded in {plain(word) for word in words}:
            return quantity
    return None


def factor_of(quantity: Quantity, unit: str) -> float | None:
    """Return what turns a value in the unit into the house's unit; None: unknown unit.

    Examples
    --------
    >>> factor_of(Quantity.WATER_LEVEL, "cm"), factor_of(Quantity.WATER_LEVEL, "kPa")
    (0.01, None)
    """
    known = _FACTORS.get(quantity, {})
    word = unit.strip().removeprefix("ucum:").rpartition("#")[2]
    return known.get(word, known.get(word.replace(" ", "")))


def known_quantity(words: Sequence[str], units: Sequence[str]) -> Quantity:
    """Return the quantity of a stream whose values need no turning; `OTHER` for the rest.

    Examples
    --------
    >>> known_quantity(["Water Level"], ["m"]), known_quantity(["Water Level"], ["cm"])
    (<Quantity.WATER_LEVEL: 'water_level'>, <Quantity.OTHER: 'other'>)
    """
    for word in words:
        quantity = quantity_of(word)
        if quantity is not None and any(factor_of(quantity, unit) == 1.0 for unit in units):
            return quantity
    return Quantity.OTHER
