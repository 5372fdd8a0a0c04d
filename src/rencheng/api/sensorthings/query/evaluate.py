"""Expressions turned into functions of one thing at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from rencheng.api.sensorthings.query.functions import FUNCTIONS
from rencheng.api.sensorthings.query.syntax import (
    COMPARING,
    Binary,
    Call,
    Expression,
    Literal,
    OneOf,
    Path,
    Unary,
)
from rencheng.api.sensorthings.query.values import Value, compared

T = TypeVar("T")
Read = Callable[[T], Value]


def reader_of(expression: Expression, resolve: Callable[[Path], Read[T]], now: datetime) -> Read[T]:
    """Return the function that gives an expression's value for one thing.

    Parameters
    ----------
    expression
        What to evaluate.
    resolve
        Gives the function that reads a property of one thing; refuses a path that leads nowhere.
    now
        Value of `now()`. [UTC]

    Notes
    -----
    Logic has three values: what is not known is neither true nor false, and a filter keeps only
    what is true.
    """
    match expression:
        case Literal(value=value):
            return lambda _: value
        case Path():
            return resolve(expression)
        case Call(name="now"):
            return lambda _: now
        case Call(name=name, arguments=arguments):
            function = FUNCTIONS[name]
            readers = [reader_of(part, resolve, now) for part in arguments]
            return lambda thing: function(*(read(thing) for read in readers))
        case Unary(operator=operator, operand=operand):
            inner = reader_of(operand, resolve, now)
            apply = _denied if operator == "not" else _negative
            return lambda thing: apply(inner(thing))
        case OneOf(value=value, choices=choices):
            own = reader_of(value, resolve, now)
            others = [reader_of(choice, resolve, now) for choice in choices]
            return lambda thing: _is_one(own(thing), [read(thing) for read in others])
        case Binary():
            return _binary(expression, resolve, now)


def _binary(expression: Binary, resolve: Callable[[Path], Read[T]], now: datetime) -> Read[T]:
    operator = expression.operator
    left = reader_of(expression.left, resolve, now)
    right = reader_of(expression.right, resolve, now)
    if operator == "and":
        return lambda thing: _both(left(thing), lambda: right(thing))
    if operator == "or":
        return lambda thing: _either(left(thing), lambda: right(thing))
    if operator in COMPARING:
        return lambda thing: compared(operator, left(thing), right(thing))
    return lambda thing: calculated(operator, left(thing), right(thing))


def _both(left: Value, right: Callable[[], Value]) -> Value:
    if left is False:
        return False
    other = right()
    if other is False:
        return False
    return True if left is True and other is True else None


def _either(left: Value, right: Callable[[], Value]) -> Value:
    if left is True:
        return True
    other = right()
    if other is True:
        return True
    return False if left is False and other is False else None


def _denied(value: Value) -> Value:
    return not value if isinstance(value, bool) else None


def _negative(value: Value) -> Value:
    if isinstance(value, int | float | timedelta) and not isinstance(value, bool):
        return -value
    return None


def _is_one(value: Value, choices: list[Value]) -> Value:
    found = [compared("eq", value, choice) for choice in choices]
    return True if any(found) else (None if value is None else False)


def calculated(operator: str, left: Value, right: Value) -> Value:
    """Return what an arithmetic operator makes of two values; None where it makes nothing.

    Division of two integers is whole, towards zero, and the remainder has the sign of what is
    divided, as OData says. Division by zero is unknown.
    """
    if isinstance(left, bool) or isinstance(right, bool):
        return None
    try:
        if isinstance(left, int | float) and isinstance(right, int | float):
            found = _number(operator, left, right)
            return None if found != found else found  # noqa: PLR0124 - NaN is unknown
        return _shifted(operator, left, right)
    except (OverflowError, ValueError):
        return None


def _number(operator: str, left: float, right: float) -> Value:
    match operator:
        case "add":
            return left + right
        case "sub":
            return left - right
        case "mul":
            return left * right
    if right == 0:
        return None
    if isinstance(left, int) and isinstance(right, int):
        whole = abs(left) // abs(right)
        whole = whole if (left < 0) is (right < 0) else -whole
        return whole if operator == "div" else left - whole * right
    return left / right if operator == "div" else math.fmod(left, right)


def _shifted(operator: str, left: Any, right: Any) -> Value:
    """Add durations to times and durations, take them off, or take a time from another."""
    if operator == "add" and isinstance(left, timedelta):
        left, right = right, left
    if operator not in ("add", "sub") or not isinstance(left, date | timedelta):
        return None
    if isinstance(right, timedelta):
        return left + right if operator == "add" else left - right
    is_pair = operator == "sub" and type(left) is type(right)
    return left - right if is_pair else None
