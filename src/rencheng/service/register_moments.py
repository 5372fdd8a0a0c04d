"""Times as ISO 8601 has them, to whole microseconds."""

from __future__ import annotations

from datetime import datetime

from rencheng.domain.readings import from_us, to_us


def parsed(text: object) -> tuple[int, int] | None:
    """Return begin and end of an instant or an interval, None when it is neither. [µs UTC]

    A time without a zone is none: nobody knows when it was.

    Examples
    --------
    >>> parsed("1970-01-01T00:00:01Z/1970-01-01T01:00:02+01:00")
    (1000000, 2000000)
    >>> parsed("1970-01-01T00:00:01") is None
    True
    """
    if not isinstance(text, str):
        return None
    begin, slash, end = text.partition("/")
    try:
        first = datetime.fromisoformat(begin.strip())
        last = datetime.fromisoformat(end.strip()) if slash else first
        if first.tzinfo is None or last.tzinfo is None:
            return None
        low, high = to_us(first), to_us(last)
    except (ValueError, OverflowError):
        return None
    return (low, high) if low <= high else None


def when(text: object) -> datetime | None:
    """Return an instant, None when it is none. [UTC]"""
    found = parsed(text)
    is_instant = found is not None and found[0] == found[1]
    return from_us(found[0]) if found and is_instant else None
