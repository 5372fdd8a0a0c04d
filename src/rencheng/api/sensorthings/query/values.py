"""Values of the query language: how they are read, written, and compared."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeAlias

from shapely.geometry.base import BaseGeometry

DURATION = re.compile(
    r"(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?(?<![PT])", re.IGNORECASE
)
_EXACT = 1e15
"""From here on a float is no exact count any more."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of time, both ends aware."""

    start: datetime
    end: datetime


Value: TypeAlias = (
    bool
    | int
    | float
    | str
    | datetime
    | date
    | time
    | timedelta
    | Interval
    | BaseGeometry
    | dict[str, Any]
    | list[Any]
    | None
)
"""None: unknown. A dictionary or list is JSON out of `properties` or `parameters`."""
Time: TypeAlias = datetime | Interval


def read_time(text: str) -> Time | None:
    """Return an instant or an interval of ISO 8601; no offset: UTC. None: it is neither.

    Examples
    --------
    >>> read_time("2015-03-01T08:00:00+08:00").isoformat()
    '2015-03-01T00:00:00+00:00'
    >>> read_time("yesterday") is None
    True
    """
    first, slash, second = text.partition("/")
    try:
        start = _instant(first)
        return Interval(start, _instant(second)) if slash else start
    except ValueError:
        return None


def _instant(text: str) -> datetime:
    if len(text) < 16:
        raise ValueError("a date alone")
    found = datetime.fromisoformat(text)
    try:
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError("out of the calendar") from error


def read_duration(text: str) -> timedelta | None:
    """Return a duration such as `P1DT2H30M`; None: it is none.

    Examples
    --------
    >>> read_duration("PT1.5S")
    datetime.timedelta(seconds=1, microseconds=500000)
    """
    found = DURATION.fullmatch(text)
    if found is None:
        return None
    minus, days, hours, minutes, seconds = found.groups()
    try:
        length = timedelta(
            days=int(days or 0), hours=int(hours or 0), minutes=int(minutes or 0),
            seconds=float(seconds or 0),
        )  # fmt: skip
    except OverflowError:
        return None
    return -length if minus else length


def write_time(moment: datetime) -> str:
    """Return an instant in UTC, with milliseconds or microseconds only where there are some.

    Examples
    --------
    >>> write_time(datetime(2015, 3, 1, tzinfo=UTC))
    '2015-03-01T00:00:00Z'
    """
    moment = moment.astimezone(UTC)
    fine = "auto" if moment.microsecond % 1000 else "milliseconds"
    text = moment.isoformat(timespec=fine if moment.microsecond else "seconds")
    return text.removesuffix("+00:00") + "Z"


def written(value: Value) -> str:
    """Return a value as text, numbers as JSON has them: what `result gt '3'` compares."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(as_count(value))
    if isinstance(value, datetime):
        return write_time(value)
    if isinstance(value, Interval):
        return f"{write_time(value.start)}/{write_time(value.end)}"
    return str(value)


def as_count(value: float) -> int | float:
    """Return a whole float as an integer, so that 6.0 reads `6`."""
    is_whole = math.isfinite(value) and value.is_integer() and abs(value) < _EXACT
    return int(value) if is_whole else value


def compared(operator: str, left: Value, right: Value) -> bool | None:
    """Compare two values; None where they cannot be compared.

    Only `eq` and `ne` know `null`: everything else with it is unknown. A number beside a string is
    compared as text, a string beside a time is read as a time, a date is its midnight in UTC.
    An interval is before an instant when it ends before it or then.
    """
    if left is None or right is None:
        if operator == "eq":
            return left is right
        return left is not right if operator == "ne" else None
    pair = _alike(left, right)
    if pair is None:
        return {"eq": False, "ne": True}.get(operator)
    first, second = pair
    if isinstance(first, Interval) or isinstance(second, Interval):
        return _compared_times(operator, _stretch(first), _stretch(second))
    return _compared_plain(operator, first, second)


def _alike(left: Value, right: Value) -> tuple[Any, Any] | None:
    """Return both as values of one kind; None when there is no such kind."""
    if isinstance(left, bool) or isinstance(right, bool):
        return (left, right) if isinstance(left, bool) and isinstance(right, bool) else None
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left, right
    for kind in (datetime, Interval):
        if isinstance(left, kind) or isinstance(right, kind):
            pair = _as_time(left), _as_time(right)
            return None if None in pair else pair
    if isinstance(left, str) or isinstance(right, str):
        if all(isinstance(v, str | int | float | date | time) for v in (left, right)):
            return written(left), written(right)
        return None
    return (left, right) if type(left) is type(right) or _are_shapes(left, right) else None


def _are_shapes(left: Value, right: Value) -> bool:
    return isinstance(left, BaseGeometry) and isinstance(right, BaseGeometry)


def _as_time(value: Value) -> Time | None:
    if isinstance(value, datetime | Interval):
        return value
    if isinstance(value, str):
        return read_time(value)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return None


def _stretch(value: Any) -> Interval:
    return value if isinstance(value, Interval) else Interval(value, value)


def _compared_times(operator: str, a: Interval, b: Interval) -> bool:
    if operator in ("eq", "ne"):
        return (a == b) is (operator == "eq")
    if operator in ("gt", "ge"):
        a, b = b, a
    if operator in ("lt", "gt"):
        return a.end <= b.start
    return a.start <= b.start and a.end <= b.end


def _compared_plain(operator: str, a: Any, b: Any) -> bool | None:
    if isinstance(a, BaseGeometry | dict | list):
        return {"eq": a == b, "ne": a != b}.get(operator)
    match operator:
        case "eq":
            return bool(a == b)
        case "ne":
            return bool(a != b)
        case "lt":
            return bool(a < b)
        case "le":
            return bool(a <= b)
        case "gt":
            return bool(a > b)
    return bool(a >= b)
