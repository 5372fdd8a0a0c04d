"""The functions of the query language (OGC 18-088, 9.3.3.5.2).

A function of something unknown is unknown, and so is one of a value that it cannot take.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from rencheng.api.sensorthings.query.values import Interval, Value

EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Function:
    """What a function takes and does."""

    kinds: tuple[type | tuple[type, ...], ...]
    """Kind of each argument."""
    apply: Callable[..., Value]
    optional: int = 0
    """How many arguments at the end may be missing."""

    @property
    def counts(self) -> range:
        """Return how many arguments there may be."""
        return range(len(self.kinds) - self.optional, len(self.kinds) + 1)

    def __call__(self, *arguments: Value) -> Value:
        """Return the result; None when an argument is unknown or of another kind."""
        if BaseGeometry in self.kinds:
            arguments = tuple(_shape(one) if isinstance(one, dict) else one for one in arguments)
        for argument, kind in zip(arguments, self.kinds, strict=False):
            if not isinstance(argument, kind) or isinstance(argument, bool):
                return None
        try:
            return self.apply(*arguments)
        except (ValueError, OverflowError, ShapelyError):
            return None


def _shape(geojson: dict[str, Any]) -> BaseGeometry | None:
    """Return the geometry of GeoJSON, bare or of a feature; None where it is none."""
    bare = geojson.get("geometry", geojson)
    try:
        return shape(bare)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, ShapelyError):
        return None


def _rounded(value: float) -> Value:
    """Round halves away from zero, as OData says."""
    if not math.isfinite(value):
        return value
    size = math.floor(abs(value) + 0.5)
    return -size if value < 0 else size


def _moment(value: Any) -> Any:
    """Return an instant, of an interval its start."""
    return value.start if isinstance(value, Interval) else value


def _part(name: str) -> Function:
    def part(value: Any) -> Value:
        found = getattr(_moment(value), name, None)
        return found if isinstance(found, int) else None

    return Function(((datetime, Interval, date, time),), part)


def _fraction(value: Any) -> Value:
    found = _moment(value)
    return found.microsecond / 1e6 if isinstance(found, datetime | time) else None


def _date(value: Any) -> Value:
    found = _moment(value)
    return found.date() if isinstance(found, datetime) else found


def _clock(value: Any) -> Value:
    return _moment(value).time()


def _substring(text: str, start: int, length: int | None = None) -> Value:
    start = max(start, 0)
    return text[start:] if length is None else text[start : start + max(length, 0)]


def _relation(name: str) -> Function:
    def related(a: BaseGeometry, b: BaseGeometry) -> Value:
        return bool(getattr(a, name)(b))

    return Function((BaseGeometry, BaseGeometry), related)


def _offset(_moment_in_utc: Any) -> Value:
    """Return 0: times are kept in UTC, whatever offset they came with."""
    return 0


_NUMBER = (int, float)
_TIME = (datetime, Interval)
FUNCTIONS: dict[str, Function] = {
    # Strings
    "substringof": Function((str, str), lambda needle, text: needle in text),
    "contains": Function((str, str), lambda text, needle: needle in text),
    "startswith": Function((str, str), lambda text, start: text.startswith(start)),
    "endswith": Function((str, str), lambda text, end: text.endswith(end)),
    "length": Function((str,), len),
    "indexof": Function((str, str), lambda text, needle: text.find(needle)),
    "substring": Function((str, int, int), _substring, optional=1),
    "tolower": Function((str,), lambda text: text.lower()),
    "toupper": Function((str,), lambda text: text.upper()),
    "trim": Function((str,), lambda text: text.strip()),
    "concat": Function((str, str), lambda first, second: first + second),
    # Numbers
    "round": Function((_NUMBER,), _rounded),
    "floor": Function((_NUMBER,), math.floor),
    "ceiling": Function((_NUMBER,), math.ceil),
    # Times
    "year": _part("year"),
    "month": _part("month"),
    "day": _part("day"),
    "hour": _part("hour"),
    "minute": _part("minute"),
    "second": _part("second"),
    "fractionalseconds": Function(((datetime, Interval, time),), _fraction),
    "date": Function(((datetime, Interval, date),), _date),
    "time": Function((_TIME,), _clock),
    "totaloffsetminutes": Function((_TIME,), _offset),
    "mindatetime": Function((), lambda: EARLIEST),
    "maxdatetime": Function((), lambda: LATEST),
    "now": Function((), lambda: None),  # its value is put in when the query is read
    "totalseconds": Function((timedelta,), lambda length: length.total_seconds()),
    # Places; distances and lengths in the unit of the coordinates, degrees
    "geo.distance": Function((BaseGeometry, BaseGeometry), lambda a, b: float(a.distance(b))),
    "geo.length": Function((BaseGeometry,), lambda line: float(line.length)),
    "geo.intersects": _relation("intersects"),
    "st_equals": _relation("equals"),
    "st_disjoint": _relation("disjoint"),
    "st_touches": _relation("touches"),
    "st_within": _relation("within"),
    "st_overlaps": _relation("overlaps"),
    "st_crosses": _relation("crosses"),
    "st_intersects": _relation("intersects"),
    "st_contains": _relation("contains"),
    "st_relate": Function(
        (BaseGeometry, BaseGeometry, str), lambda a, b, pattern: bool(a.relate_pattern(b, pattern))
    ),
}
