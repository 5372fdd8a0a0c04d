"""What the tags of OpenStreetMap mean in the house's words. Tables, and how to read a value.

Meanings follow the OpenStreetMap wiki's pages of the keys named, read in 2025; where a table goes
beyond them, the line says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

CAR_CLASSES = (
    "motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link", "secondary",
    "secondary_link", "tertiary", "tertiary_link", "unclassified", "residential", "living_street",
    "road",
)  # fmt: skip
"""Values of `highway` on which cars go from one place to another; `service` is left out."""
CLOSED_SERVICE = ("parking", "parking_aisle", "private", "emergency_access")
"""Values of `service` that no through traffic uses, even where the class `service` is wanted."""
ACCESS_KEYS = ("motorcar", "motor_vehicle", "vehicle", "access")
"""From the most specific on; the first that a way carries decides. Wiki: "Key:access"."""
CLOSED_ACCESS = ("no", "private")
ONE_WAY = {"yes": 1, "true": 1, "1": 1, "-1": -1, "reverse": -1}
"""`oneway`; every other value, such as `no` or `reversible`, is both ways."""
IMPLIED_ONE_WAY = {"junction": ("roundabout", "circular"), "highway": ("motorway",)}
"""Wiki, "Key:oneway": what is one way without saying so."""

MPH, KNOT = 1.609344, 1.852
WALK_KM_H = 7.0
"""`maxspeed=walk`: German courts read walking pace as 4 to 7 km/h or more; upper end taken."""
ZONE_KM_H: Mapping[str, Mapping[str, float]] = {
    "AT": {"urban": 50, "rural": 100, "trunk": 100, "motorway": 130},
    "BE": {"urban": 50, "motorway": 120},
    "BR": {"urban": 60, "rural": 60, "motorway": 110},
    "CH": {"urban": 50, "rural": 80, "trunk": 100, "motorway": 120},
    "CN": {"urban": 50, "rural": 70, "motorway": 120},
    "CZ": {"urban": 50, "rural": 90, "trunk": 110, "motorway": 130},
    "DE": {"urban": 50, "rural": 100},
    "DK": {"urban": 50, "rural": 80, "motorway": 130},
    "ES": {"urban": 50, "rural": 90, "motorway": 120},
    "FI": {"urban": 50, "rural": 80, "motorway": 120},
    "FR": {"urban": 50, "rural": 80, "trunk": 110, "motorway": 130},
    "GB": {"nsl_restricted": 48.28, "nsl_single": 96.56, "nsl_dual": 112.65, "motorway": 112.65},
    "HU": {"urban": 50, "rural": 90, "trunk": 110, "motorway": 130},
    "IT": {"urban": 50, "rural": 90, "trunk": 110, "motorway": 130},
    "NL": {"urban": 50, "rural": 80, "trunk": 100, "motorway": 130},
    "NO": {"urban": 50, "rural": 80},
    "PL": {"urban": 50, "rural": 90, "motorway": 140},
    "PT": {"urban": 50, "rural": 90, "motorway": 120},
    "RO": {"urban": 50, "rural": 90, "trunk": 100, "motorway": 130},
    "RU": {"urban": 60, "rural": 90, "motorway": 110},
    "SE": {"urban": 50, "rural": 70, "motorway": 110},
    "UA": {"urban": 50, "rural": 90, "trunk": 110, "motorway": 130},
}
"""Limits of `maxspeed=<country>:<zone>`. Wiki, "Speed limits"; China: Implementing Regulations of
the Road Traffic Safety Law, article 45 (one lane each way: 50 in town, 70 outside) and 78 (120)."""
UNSTATED_SPEED = frozenset({"", "none", "signals", "variable", "unknown", "default", "implicit"})
"""Values of `maxspeed` that are right and say no number."""

_NUMBER = re.compile(r"^(\d+(?:\.\d+)?)\s*(km/?h|kmh|kph|mph|knots)?$", re.IGNORECASE)
_ZONE = re.compile(r"^(?:[A-Za-z]{2}:)?zone:?\s*(\d+)$", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(1\d{3}|20\d{2})(?!\d)")
_CENTURY = re.compile(r"^~?(?:early |mid |late )?C(\d{1,2})$", re.IGNORECASE)
_METRES = re.compile(r"^~?(\d+(?:[.,]\d+)?)\s*(m|metres?|meters?|ft|feet|')?$", re.IGNORECASE)
_FOOT_M = 0.3048
NAN = float("nan")


def speed_km_h(value: str) -> float:
    """Return the speed that `maxspeed` states; of several the lowest; NaN: none or not readable.

    Examples
    --------
    >>> speed_km_h("50"), round(speed_km_h("30 mph"), 2), speed_km_h("CN:urban")
    (50.0, 48.28, 50.0)
    >>> speed_km_h("DE:zone:30"), speed_km_h("80;60"), speed_km_h("fast")
    (30.0, 60.0, nan)
    """
    speeds = [_one_speed(part.strip()) for part in re.split("[;,|]", value)]
    known = [speed for speed in speeds if speed == speed]
    return min(known) if known else NAN


def _one_speed(value: str) -> float:
    found = _NUMBER.match(value)
    if found:
        unit = (found[2] or "").lower()
        factor = MPH if unit == "mph" else KNOT if unit == "knots" else 1.0
        speed = float(found[1]) * factor
        return speed if 0 < speed <= 300 else NAN
    if value == "walk" or value.endswith((":walk", ":living_street", ":bicycle_road")):
        return 30.0 if value.endswith("bicycle_road") else WALK_KM_H
    zone = _ZONE.match(value)
    if zone:
        return float(zone[1])
    country, _, name = value.partition(":")
    return float(ZONE_KM_H.get(country.upper(), {}).get(name.lower(), NAN))


def year(value: str) -> float:
    """Return the year that `start_date` names, the middle of a century; NaN where it names none.

    Examples
    --------
    >>> year("1987-05"), year("~1920s"), year("C19"), year("old")
    (1987.0, 1920.0, 1850.0, nan)
    """
    found = _YEAR.search(value)
    if found:
        return float(found[1])
    century = _CENTURY.match(value.strip())
    return float(int(century[1]) * 100 - 50) if century else NAN


def metres(value: str) -> float:
    """Return a height in metres; NaN where it cannot be read.

    Examples
    --------
    >>> metres("12.5"), metres("12,5 m"), round(metres("40 ft"), 2), metres("high")
    (12.5, 12.5, 12.19, nan)
    """
    found = _METRES.match(value.strip())
    if not found:
        return NAN
    size = float(found[1].replace(",", "."))
    return size * _FOOT_M if (found[2] or "").lower() in ("ft", "feet", "'") else size


def number(value: str) -> float:
    """Return a number that is not negative; of several the largest; NaN where it cannot be read.

    Examples
    --------
    >>> number("5"), number("3;4"), number("2.5"), number("many"), number("-1")
    (5.0, 4.0, 2.5, nan, nan)
    """
    found = [float(p) for p in re.split("[;,|/]", value) if re.fullmatch(r"\s*\d+(\.\d+)?\s*", p)]
    return max(found) if found else NAN


NO_BUILDING = ("no", "entrance", "demolished", "razed", "ruins:no")
"""Values of `building` under which nothing stands."""
USE_KEYS: tuple[tuple[str, str], ...] = (("amenity", ""), ("shop", "retail"), ("office", "office"))
"""Where `building=yes` says no use: key that does, and the use (empty: the tag's own value)."""
STRUCTURE_KEYS = ("building:structure", "building:material", "material")
"""In this order: the frame says more than the wall, and the wall more than the surface."""

PLACE_KINDS: tuple[tuple[str, str, str], ...] = (
    ("healthcare", "dialysis", "dialysis"),
    ("amenity", "hospital", "hospital"),
    ("healthcare", "hospital", "hospital"),
    ("healthcare:speciality", "dialysis", "dialysis"),
    ("healthcare:speciality", "nephrology", "dialysis"),
    ("healthcare:speciality", "psychiatry", "mental_health"),
    ("healthcare", "psychotherapist", "mental_health"),
    ("healthcare", "urgent_care", "urgent_care"),
    ("healthcare:speciality", "emergency", "urgent_care"),
    ("healthcare:speciality", "urgent", "urgent_care"),
    ("amenity", "clinic", "clinic"),
    ("healthcare", "clinic", "clinic"),
    ("amenity", "doctors", "primary_care"),
    ("healthcare", "doctor", "primary_care"),
    ("healthcare", "centre", "primary_care"),
    ("healthcare", "community_health_centre", "primary_care"),
    ("amenity", "fire_station", "fire_station"),
    ("emergency", "fire_station", "fire_station"),
    ("emergency", "ambulance_station", "ambulance_station"),
    ("emergency", "control_centre", "command_centre"),
    ("amenity", "school", "shelter"),
    ("amenity", "college", "shelter"),
    ("amenity", "university", "shelter"),
    ("evacuation_center", "yes", "shelter"),
)
"""Key, value, kind of `domain.city.Facilities`; the first row that fits decides. That a school is
a shelter candidate, and nephrology a place of dialysis, is the house's reading, not the wiki's."""
HEALTH_ONLY = ("healthcare:speciality",)
"""Keys that count only on something that is a place of care by `amenity` or `healthcare`."""

CARE_AMENITIES = ("hospital", "clinic", "doctors")
STOP_TAGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("highway", ("bus_stop",)),
    ("public_transport", ("platform", "station")),
    ("railway", ("tram_stop", "station", "halt")),
    ("amenity", ("bus_station", "ferry_terminal")),
)
"""Where people get on. `stop_position` is left out: the platform beside it is the same stop."""

CODE_KEYS = ("gb2260", "ref:gb2260", "ref:CN", "ref:admin", "ref")
"""Keys that carry the code of an administrative unit, in this order. The wiki fixes none."""

NAME_KEYS = ("name:zh", "name")
KEYS_OF: Mapping[str, tuple[str, ...]] = {
    "roads": (
        "highway", "oneway", "junction", "maxspeed", "service", "area", *ACCESS_KEYS,
    ),
    "buildings": (
        "building", "building:use", "building:structure", "building:material", "material",
        "building:levels", "height", "start_date", "building:flats", "type", "amenity", "shop",
        "office",
    ),
    "facilities": (
        "amenity", "healthcare", "healthcare:speciality", "emergency", "beds", "capacity:beds",
        "capacity", "evacuation_center", "type",
    ),
    "stops": ("highway", "public_transport", "railway", "amenity", "type"),
    "zones": ("boundary", "admin_level", "population", "type", *CODE_KEYS),
}  # fmt: skip
"""Keys that each layer needs, besides names."""
