"""Find values in JSON by paths, and read numbers and times as others write them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rencheng.connectors.shape import Answer
from rencheng.domain.errors import InvalidInputError, SourceUnavailableError

_STEP = re.compile(r"\.?([^.\[\]'\"]+)|\[(\d+)\]|\[(\*)\]|\[['\"]([^'\"]+)['\"]\]")
FORMATS = ("iso", "s", "ms")
"""Times besides patterns of `strptime`: ISO 8601, seconds and milliseconds since 1970."""


def steps(path: str) -> tuple[str | int, ...]:
    """Return the steps of a path such as `$.features[*].properties.mag`.

    Raises
    ------
    InvalidInputError
        When it is none.

    Examples
    --------
    >>> steps("$.features[*]['a.b'][0]")
    ('features', '*', 'a.b', 0)
    """
    rest = path.removeprefix("$")
    found: list[str | int] = []
    at = 0
    while at < len(rest):
        match = _STEP.match(rest, at)
        if match is None:
            raise InvalidInputError(
                "connector.path",
                f"{path!r} is no path",
                hint="Write it as $.a.b[0] or $.a[*]['b c']",
                params={"path": path},
            )
        name, index, star, quoted = match.groups()
        found.append(int(index) if index else (star or quoted or name))
        at = match.end()
    return tuple(found)


def every(document: Any, path: tuple[str | int, ...]) -> Iterator[Any]:
    """Yield everything that a path leads to; nothing where it leads nowhere.

    Examples
    --------
    >>> list(every({"a": [{"b": 1}, {"c": 2}, {"b": 3}]}, steps("$.a[*].b")))
    [1, 3]
    """
    if not path:
        yield document
        return
    step, rest = path[0], path[1:]
    if step == "*":
        values = document.values() if isinstance(document, dict) else document
        if isinstance(document, dict | list):
            for value in values:
                yield from every(value, rest)
    elif isinstance(document, dict) and str(step) in document:
        yield from every(document[str(step)], rest)
    elif isinstance(document, list) and isinstance(step, int) and step < len(document):
        yield from every(document[step], rest)


def first(document: Any, path: tuple[str | int, ...]) -> Any:
    """Return the first thing that a path leads to, None when it leads nowhere."""
    return next(every(document, path), None)


def json_of(answer: Answer) -> Any:
    """Return the document of an answer.

    Raises
    ------
    SourceUnavailableError
        When it is no JSON, as a page that says sorry is.
    """
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise SourceUnavailableError(
            "feed.no_json",
            f"{answer.url} answers no JSON: {error}",
            hint="Open the address in a browser; it may be another one now",
            params={"start": repr(answer.body[:40])},
        ) from error


def time_of(value: Any, how: str = "iso", zone: str = "UTC") -> datetime:
    """Return a time in UTC.

    Parameters
    ----------
    value
        Text or number.
    how
        `iso`, `s`, `ms`, or a pattern of `strptime`.
    zone
        Time zone of texts that name none.

    Raises
    ------
    ValueError
        When it is none.

    Examples
    --------
    >>> time_of("2024-05-01 08:00", "%Y-%m-%d %H:%M", "Asia/Shanghai").isoformat()
    '2024-05-01T00:00:00+00:00'
    """
    if how in ("s", "ms"):
        number = float(value)
        seconds = number / 1000.0 if how == "ms" else number
        if not abs(seconds) < 1e11:
            raise ValueError(f"{value} is no time")
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=round(seconds * 1e6))
    text = str(value).strip()
    time = datetime.fromisoformat(text) if how == "iso" else datetime.strptime(text, how)  # noqa: DTZ007
    if time.tzinfo is None:
        time = time.replace(tzinfo=zone_of(zone))
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text} is beyond the years") from error


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its name; `ValueError` when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"there is no time zone {name!r}") from error


def number_of(value: Any) -> float:
    """Return a finite number; `ValueError` when it is none."""
    if isinstance(value, bool) or value is None:
        raise ValueError(f"{value!r} is no number")
    number = float(value)
    if number - number != 0.0:
        raise ValueError(f"{value!r} is no number")
    return number
