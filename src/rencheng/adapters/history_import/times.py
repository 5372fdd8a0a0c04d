"""Columns of times to microseconds since 1970, a whole column at once where that can be done."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.readings import to_us

I64 = NDArray[np.int64]
UNREAD = np.iinfo(np.int64).min
"""Stands where a time cannot be read."""
_ZONED = r"(Z|[+-]\d\d:?\d\d)$"


def times(column: Any, how: str, zone: str) -> I64:
    """Return a column's times; `UNREAD` where there is none. [µs UTC] (n,)

    Parameters
    ----------
    column
        Arrow array of texts, numbers or times.
    how
        `iso`, `s`, `ms` or a pattern of `strptime`.
    zone
        Time zone of times that name none.
    """
    import pyarrow as pa

    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return _stamps(column.cast(pa.timestamp("us", getattr(column.type, "tz", None))), zone)
    if how in ("s", "ms"):
        return _numbers(column, 1e3 if how == "ms" else 1e6)
    try:
        return _fast(column.cast(pa.string()), how, zone)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return np.array([_slow(one, how, zone) for one in column.to_pylist()], np.int64)


def _fast(column: Any, how: str, zone: str) -> I64:
    import pyarrow as pa
    import pyarrow.compute as pc

    if how != "iso":
        if "%z" in how or "%f" in how:
            raise pa.ArrowNotImplementedError(how)
        return _stamps(pc.strptime(column, format=how, unit="us", error_is_null=False), zone)
    is_zoned = pc.all(pc.match_substring_regex(column, _ZONED)).as_py()
    return _stamps(column.cast(pa.timestamp("us", "UTC" if is_zoned else None)), zone)


def _stamps(column: Any, zone: str) -> I64:
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.type.tz is None:
        column = pc.assume_timezone(
            column, timezone=zone, ambiguous="earliest", nonexistent="latest"
        )
    plain = pc.fill_null(column.cast(pa.int64()), UNREAD)
    return np.asarray(plain.to_numpy(zero_copy_only=False), dtype=np.int64)


def _numbers(column: Any, factor: float) -> I64:
    values = numbers(column)
    good = np.isfinite(values) & (np.abs(values) * factor < 9e18)
    return np.where(good, np.round(np.where(good, values, 0.0) * factor), UNREAD).astype(np.int64)


def _slow(value: Any, how: str, zone: str) -> int:
    try:
        text = str(value).strip()
        time = datetime.fromisoformat(text) if how == "iso" else datetime.strptime(text, how)  # noqa: DTZ007
        if time.tzinfo is None:
            time = time.replace(tzinfo=ZoneInfo(zone))
        return to_us(time)
    except (ValueError, OverflowError):
        return int(UNREAD)


def numbers(column: Any) -> NDArray[np.float64]:
    """Return a column's numbers; NaN where there is none, infinity where a text is no number. (n,)

    The two are told apart: what is not there is no fault.
    """
    import pyarrow as pa

    try:
        plain = column.cast(pa.float64())
        return np.asarray(plain.to_numpy(zero_copy_only=False), dtype=np.float64)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return np.array([_number(one) for one in column.to_pylist()], np.float64)


def _number(value: Any) -> float:
    if value is None or (isinstance(value, str) and not value.strip()):
        return float("nan")
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("inf")
