"""Alarms of the warnings of others that are in force over the city: looked at in every turn."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from rencheng.domain.alarm import Finding, Level
from rencheng.domain.city import F64, City
from rencheng.domain.provenance import Text
from rencheng.domain.warning import ForeignWarning, WarningArea
from rencheng.domain.watch import Input, WatchRule
from rencheng.service import alarms
from rencheng.service.foreign import LOOKED_AT
from rencheng.service.house import House
from rencheng.service.local_time import local_time
from rencheng.service.rule_changes import clear_gone
from rencheng.service.rule_words import about_rule

_EARTH_KM = 6371.0


def review_warnings(house: House, run: str, city: City, at: datetime) -> None:
    """Raise one alarm for each warning of others in force over the city; clear what is over.

    A message that replaces another continues its alarm, with the level and the words of the last.
    """
    rules = [rule for rule in house.watch.of(Input.BULLETIN) if rule.severities]
    if not rules:
        return
    with house.work() as work:
        known = work.warnings.list(run, limit=LOOKED_AT)
        is_open = {alarm.rule for alarm in work.alarms.list(run, where={"is_open": "true"})}
    before = {one.superseded_by: one.id for one in known if one.superseded_by}
    holding = [one for one in known if one.is_in_force(at) and is_over(city, one)]
    for rule in rules:
        found = [
            _finding(city, rule, one, level, _root(one.id, before))
            for one in holding
            if (level := level_of(rule, one)) is not None
        ]
        if found or rule.id in is_open:
            alarms.review(house, run, found, rules={rule.id})
    clear_gone(house, run, rules)


def level_of(rule: WatchRule, warning: ForeignWarning) -> Level | None:
    """Return the level at which a warning raises the alarm of a rule; None: it raises none.

    A colour that the message states itself wins; else the rule says what its severities mean.
    """
    if warning.colour is not None:
        return warning.colour
    levels = dict(rule.severities)
    known = [levels[info.severity] for info in warning.infos if info.severity in levels]
    return min(known, default=None)


def is_over(city: City, warning: ForeignWarning) -> bool:
    """Return whether a warning holds somewhere in the city.

    A warning without any shape, such as one whose areas are codes alone, counts: what cannot be
    read must not silence it. Of shapes, one counts that holds the centre of a zone, or that has a
    corner or its centre within the box around the city.
    """
    areas = [area for info in warning.infos for area in info.areas]
    shaped = [area for area in areas if area.polygons or area.circles]
    return not shaped or any(_touches(city, area) for area in shaped)


def _touches(city: City, area: WarningArea) -> bool:
    centres = city.zones.centre
    for ring in area.polygons:
        corners = np.array(ring)
        if _in_box(city, corners) or bool(_inside(centres, corners).any()):
            return True
    for lon, lat, radius in area.circles:
        middle = np.array([[lon, lat]])
        if _in_box(city, middle) or bool((_distance_km(centres, middle) <= radius).any()):
            return True
    return False


def _in_box(city: City, points: F64) -> bool:
    west, south, east, north = city.bbox
    lon, lat = points[:, 0], points[:, 1]
    return bool(((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)).any())


def _inside(points: F64, ring: F64) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which points lie within a closed ring, by counting crossings. (points,)"""
    x, y = points[:, :1], points[:, 1:]
    x1, y1 = ring[:-1, 0], ring[:-1, 1]
    x2, y2 = ring[1:, 0], ring[1:, 1]
    is_crossed = (y1 > y) != (y2 > y)
    rise = np.where(y2 == y1, 1.0, y2 - y1)
    found: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
        is_crossed & (x < x1 + (y - y1) * (x2 - x1) / rise)
    ).sum(axis=1) % 2 == 1
    return found


def _distance_km(points: F64, other: F64) -> F64:
    """Return the distance of points from one point on a sphere. [km] (points,)"""
    (lon1, lat1), (lon2, lat2) = np.radians(points.T), np.radians(other[0])
    half = (
        np.sin((lat2 - lat1) / 2) ** 2
        + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    )
    found: F64 = 2 * _EARTH_KM * np.arcsin(np.minimum(1.0, np.sqrt(half)))
    return found


def _root(key: str, before: dict[str, str]) -> str:
    """Return the first message of the row that a message continues."""
    seen = {key}
    while (earlier := before.get(key, "")) and earlier not in seen:
        seen.add(earlier)
        key = earlier
    return key


def _finding(
    city: City, rule: WatchRule, warning: ForeignWarning, level: Level, about: str
) -> Finding:
    by_language = {info.language[:2].casefold(): info for info in reversed(warning.infos)}
    first = warning.infos[0] if warning.infos else None
    chinese, english = by_language.get("zh", first), by_language.get("en", first)
    params = about_rule(city, rule, about) | {
        "event_zh": chinese.event if chinese else "",
        "event_en": english.event if english else "",
        "issuer_zh": (chinese and chinese.sender_name) or warning.sender,
        "issuer_en": (english and english.sender_name) or warning.sender,
        "until": local_time(city, warning.ends),
    }
    return Finding(
        rule=rule.id,
        rule_version=rule.version,
        object=about,
        level=level,
        text=Text("alarm.watch.warning", params),
    )
