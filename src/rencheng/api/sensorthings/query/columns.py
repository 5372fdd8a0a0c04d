"""Expressions over many observations at once, as arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rencheng.api.sensorthings.query.syntax import (
    COMPARING,
    Binary,
    Call,
    Expression,
    Literal,
    Path,
    Unary,
    all_of,
)
from rencheng.api.sensorthings.query.values import Interval
from rencheng.domain.readings import to_us
from rencheng.domain.sensing import Readings

Flags = NDArray[np.bool_]
EVER = -(2**62), 2**62
"""Before and after every time. [µs]"""
UNSAID = np.iinfo(np.int64).min
"""`result_at` that was not said."""


@dataclass(frozen=True, slots=True)
class Column:
    """One value for each row; unknown where not `known`."""

    kind: str
    """`number`, `time` or `truth`."""
    first: Any
    """Values; of times the begin. [µs]"""
    last: Any
    """Of times the end. [µs]"""
    known: Any


Columns: TypeAlias = Callable[[Readings], Column]


class _RowByRowError(Exception):
    """The expression has to be evaluated row by row."""


def filter_of(where: Expression, now: datetime) -> Callable[[Readings], Flags] | None:
    """Return what says of each row whether it passes; None where rows must be looked at singly.

    Only rows without `details` are right: those with details are for `evaluate`.

    Notes
    -----
    Numbers, times and logic are computed as `evaluate` does row by row, some hundred times as fast;
    a test compares both.
    """
    try:
        column = _column(where, now)
    except _RowByRowError:
        return None

    def passes(rows: Readings) -> Flags:
        found = column(rows)
        if found.kind != "truth":
            return np.zeros(len(rows), dtype=bool)
        return np.broadcast_to(found.first & found.known, (len(rows),))

    return passes


def time_bounds(where: Expression | None, now: datetime) -> tuple[int, int]:
    """Return between which times the phenomena can only begin that pass. [µs, both included]

    Looks at comparisons of `phenomenonTime` with a time that must all hold. What ends before a
    time begins before it too, so that the bounds hold for intervals as well.
    """
    low, high = EVER
    for part in all_of(where):
        if not isinstance(part, Binary) or part.operator not in COMPARING - {"ne"}:
            continue
        operator, left, right = part.operator, part.left, part.right
        if isinstance(right, Path):
            left, right, operator = right, left, _MIRROR[operator]
        moment = now if isinstance(right, Call) and right.name == "now" else None
        if isinstance(right, Literal):
            moment = right.value if isinstance(right.value, datetime) else None
        if moment is None or not isinstance(left, Path) or left.parts != ("phenomenonTime",):
            continue
        at = to_us(moment)
        if operator in ("gt", "ge", "eq"):
            low = max(low, at)
        if operator in ("lt", "le", "eq"):
            high = min(high, at)
    return low, high


_MIRROR = {"eq": "eq", "ne": "ne", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}


def _column(tree: Expression, now: datetime) -> Columns:
    match tree:
        case Literal(value=bool(value)):
            return lambda _: Column("truth", np.bool_(value), None, np.True_)
        case Literal(value=int(value) | float(value)):
            number = float(value)
            return lambda _: Column("number", np.float64(number), None, np.True_)
        case Literal(value=datetime() as value):
            return _moment(value, value)
        case Literal(value=Interval(start, end)):
            return _moment(start, end)
        case Call(name="now"):
            return _moment(now, now)
        case Path(parts=(name,)) if name in _READ:
            return _READ[name]
        case Unary(operator="not", operand=operand):
            inner = _column(operand, now)
            return lambda rows: _denied(inner(rows))
        case Binary(operator=operator, left=left, right=right):
            first, second = _column(left, now), _column(right, now)
            apply = _apply(operator)
            return lambda rows: apply(first(rows), second(rows))
    raise _RowByRowError


def _apply(operator: str) -> Callable[[Column, Column], Column]:
    if operator in ("and", "or"):
        return lambda a, b: _joined(operator, a, b)
    if operator in COMPARING:
        return lambda a, b: _compared(operator, a, b)
    if operator in ("div", "mod"):
        raise _RowByRowError  # whole division depends on the kind of each number
    return lambda a, b: _calculated(operator, a, b)


def _moment(start: datetime, end: datetime) -> Columns:
    column = Column("time", np.int64(to_us(start)), np.int64(to_us(end)), np.True_)
    return lambda _: column


def _result(rows: Readings) -> Column:
    return Column("number", rows.value, None, ~np.isnan(rows.value))


def _phenomenon(rows: Readings) -> Column:
    return Column("time", rows.at, rows.end, np.True_)


def _result_time(rows: Readings) -> Column:
    return Column("time", rows.result_at, rows.result_at, rows.result_at != UNSAID)


_READ: dict[str, Columns] = {
    "result": _result, "phenomenonTime": _phenomenon, "resultTime": _result_time,
}  # fmt: skip


def _denied(a: Column) -> Column:
    if a.kind != "truth":
        return _nothing("truth")
    return Column("truth", ~a.first, None, a.known)


def _nothing(kind: str) -> Column:
    return Column(kind, np.bool_(False) if kind == "truth" else np.float64(0), None, np.False_)


def _joined(operator: str, a: Column, b: Column) -> Column:
    """Join truths; what is no truth is unknown."""
    a, b = (x if x.kind == "truth" else _nothing("truth") for x in (a, b))
    if operator == "or":
        return _denied(_joined("and", _denied(a), _denied(b)))
    is_false = (a.known & ~a.first) | (b.known & ~b.first)
    is_true = (a.known & a.first) & (b.known & b.first)
    return Column("truth", is_true, None, is_true | is_false)


def _compared(operator: str, a: Column, b: Column) -> Column:
    """Compare as `values.compared` does: `eq` and `ne` know the unknown, the others do not.

    Values of different kinds are different, and neither is more than the other.
    """
    both, is_same_kind = a.known & b.known, a.kind == b.kind
    if operator in ("eq", "ne"):
        equal = ~a.known & ~b.known
        if is_same_kind:
            equal = equal | (both & _equal(a, b))
        return Column("truth", equal if operator == "eq" else ~equal, None, np.True_)
    if not is_same_kind:
        return _nothing("truth")
    truth = _times(operator, a, b) if a.kind == "time" else _NUMPY[operator](a.first, b.first)
    return Column("truth", truth, None, both)


def _equal(a: Column, b: Column) -> Any:
    found = a.first == b.first
    return found & (a.last == b.last) if a.kind == "time" else found


_NUMPY: dict[str, Callable[[Any, Any], Any]] = {
    "lt": np.less, "le": np.less_equal, "gt": np.greater,
    "ge": np.greater_equal,
}  # fmt: skip


def _times(operator: str, a: Column, b: Column) -> Any:
    """Compare times as `values.compared` does: before means ended before, or then."""
    if operator in ("gt", "ge"):
        a, b = b, a
    if operator in ("le", "ge"):
        return (a.first <= b.first) & (a.last <= b.last)
    are_moments = (a.first == a.last) & (b.first == b.last)
    return np.where(are_moments, a.first < b.first, a.last <= b.first)


def _calculated(operator: str, a: Column, b: Column) -> Column:
    if a.kind != "number" or b.kind != "number":
        raise _RowByRowError
    known = a.known & b.known
    with np.errstate(all="ignore"):
        found = {"add": np.add, "sub": np.subtract, "mul": np.multiply}[operator](a.first, b.first)
    return Column("number", found, None, known & ~np.isnan(found))
