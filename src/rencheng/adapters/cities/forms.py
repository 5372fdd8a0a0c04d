"""Fill a form: turn a table of a file into a dataclass, and name every fault of it at once."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from rencheng.domain.errors import Fault


def fill(kind: Any, value: Any, where: str = "") -> tuple[Any, list[Fault]]:
    """Return the value as `kind`, and what is wrong with it; None in place of it if anything is.

    Parameters
    ----------
    kind
        A dataclass, or a type that its fields may have.
    value
        Plain tables, lists, numbers and strings, as TOML or JSON gives them.
    where
        Name of the field, such as `sources[2]`.

    Examples
    --------
    >>> fill(tuple[float, float], [1, "x"], "coast.north")[1][0].where
    'coast.north'
    """
    kind = _without_none(kind)
    if is_dataclass(kind):
        return _table(kind, value, where)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is tuple and inner[1:] == (...,) and is_dataclass(inner[0]):
        return _rows(inner[0], value, where)
    if origin is dict and is_dataclass(inner[1]) and isinstance(value, Mapping):
        found = {key: fill(inner[1], one, f"{where}.{key}") for key, one in value.items()}
        faults = [fault for _, some in found.values() for fault in some]
        return (None if faults else {key: one for key, (one, _) in found.items()}), faults
    try:
        return msgspec.convert(value, kind), []
    except msgspec.ValidationError as error:
        return None, [_fault("city.field_value", where, str(error), (_said(kind), _short(value)))]


def _rows(kind: Any, value: Any, where: str) -> tuple[Any, list[Fault]]:
    if not isinstance(value, list):
        return None, [_fault("city.field_value", where, "not a list", ("[[…]]", _short(value)))]
    rows = [fill(kind, one, f"{where}[{number}]") for number, one in enumerate(value)]
    faults = [fault for _, some in rows for fault in some]
    return (None if faults else tuple(one for one, _ in rows)), faults


def _table(kind: Any, value: Any, where: str) -> tuple[Any, list[Fault]]:
    if not isinstance(value, Mapping):
        return None, [_fault("city.field_value", where, "not a table", ("[…]", _short(value)))]
    dot = f"{where}." if where else ""
    hints, known = _hints(kind), {one.name: one for one in fields(kind)}
    faults: list[Fault] = []
    for key in value.keys() - known.keys():
        near = difflib.get_close_matches(key, known, n=1) or sorted(known)[:3]
        faults.append(_fault("city.field_unknown", f"{dot}{key}", "no such field", tuple(near)))
    ready: dict[str, Any] = {}
    for name, one in known.items():
        if name in value:
            ready[name], some = fill(hints[name], value[name], f"{dot}{name}")
            faults += some
        elif one.default is MISSING and one.default_factory is MISSING:
            faults.append(_fault("city.field_missing", f"{dot}{name}", "missing", ()))
    return (None if faults else kind(**ready)), faults


def _fault(key: str, where: str, problem: str, first: tuple[str, ...]) -> Fault:
    return Fault(
        where=where,
        key=key,
        problem=f"{where}: {problem}",
        hint=f"expected {', '.join(first)}" if first else "state it",
        first=first,
    )


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in (Union, UnionType):
        rest = [one for one in get_args(kind) if one is not NoneType]
        return rest[0] if len(rest) == 1 else kind
    return kind


def _said(kind: Any) -> str:
    return str(getattr(kind, "__name__", "")) if isinstance(kind, type) else str(kind)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


@lru_cache(maxsize=64)
def _hints(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)
