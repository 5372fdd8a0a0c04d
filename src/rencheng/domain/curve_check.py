"""What every damage curve must keep, told as faults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import Fault
from rencheng.domain.intensity import units_of

if TYPE_CHECKING:
    from rencheng.domain.curve import Curve

F64 = NDArray[np.float64]
SAID = ("id", "hazard", "component", "asset", "region", "source", "licence", "version")
# Rounding of printed tables must not look like a fall or a total above one. No published source.
ROUNDING = 1e-9
_HINTS = {
    "blank": "Fill it in; a number without a source is not a curve",
    "intensity": "Name an intensity measure from docs/how-to/curves.md",
    "unit": "Give the unit that the numbers are in, one of those the intensity has",
    "not_finite": "Give a finite number in every place",
    "short": "Give at least two knots, and as many numbers as knots",
    "order": "Sort the knots; each must lie above the one before",
    "share": "Give shares between 0 and 1, not percent",
    "falls": "More intensity never does less damage; compare with the source",
    "states": "Name each state once, from mild to worst, with a number for each",
    "not_positive": "Give positive numbers",
    "state_order": "A worse state never comes before a milder one; compare with the source",
    "unused": "Leave it out, or change the kind of the curve",
    "range": "Give low below high, inside the knots, and not below zero for a lognormal curve",
}


def faults_of(curve: Curve) -> tuple[Fault, ...]:
    """Return every rule that a curve breaks; empty when it keeps them all."""
    found = list(_said(curve))
    found += unit_fault(curve.id, curve.intensity, curve.unit)
    found += _shape(curve)
    if not found:
        found += _range(curve)
    return tuple(found)


def unit_fault(identity: str, intensity: str, unit: str) -> tuple[Fault, ...]:
    """Return the fault of an intensity that is not known, or that has no such unit."""
    units = units_of(intensity)
    if not units:
        return (
            _fault(identity, "intensity", "intensity", f"{intensity!r} is not known", [intensity]),
        )
    if unit not in units:
        said = f"{unit!r} is none of {', '.join(units)}"
        return (_fault(identity, "unit", "unit", said, [f"{unit} ≠ {' | '.join(units)}"]),)
    return ()


def _said(curve: Curve) -> Iterator[Fault]:
    for name in SAID:
        if not str(getattr(curve, name)).strip():
            yield _fault(curve.id, name, "blank", "is empty")


def _shape(curve: Curve) -> Iterator[Fault]:
    from rencheng.domain.curve import CurveKind

    lognormal = bool(curve.median.size or curve.beta.size)
    tabulated = curve.probability is not None
    if curve.kind is CurveKind.VULNERABILITY:
        yield from _unused(curve, ("states", "median", "beta", "probability", "collapse"))
        yield from _vulnerability(curve)
        return
    yield from _unused(curve, ("mean", "sd"))
    yield from _states(curve)
    if lognormal and not tabulated:
        yield from _unused(curve, ("x",))
        yield from _lognormal(curve)
    elif tabulated:
        yield from _unused(curve, ("median", "beta"))
        yield from _tabulated(curve)
    else:
        yield _fault(
            curve.id, "median", "short", "neither medians nor probabilities are given", ["0"]
        )
    if not np.isnan(curve.collapse) and not 0 <= curve.collapse <= 1:
        yield _fault(curve.id, "collapse", "share", f"{curve.collapse:g}")


def _unused(curve: Curve, names: Iterable[str]) -> Iterator[Fault]:
    for name in names:
        value = getattr(curve, name)
        if name == "collapse":
            is_given = not np.isnan(value)
        else:
            is_given = value is not None and len(value) > 0
        if is_given:
            yield _fault(curve.id, name, "unused", f"a {curve.kind} of this form has none", [name])


def _knots(curve: Curve) -> Iterator[Fault]:
    x = curve.x
    if x.ndim != 1 or len(x) < 2:
        yield _fault(curve.id, "x", "short", f"{x.size} knots", [str(x.size)])
    elif not np.isfinite(x).all():
        yield _many(curve.id, "x", "not_finite", ~np.isfinite(x), x)
    elif (np.diff(x) <= 0).any():
        yield _many(curve.id, "x", "order", np.append(False, np.diff(x) <= 0), x)


def _vulnerability(curve: Curve) -> Iterator[Fault]:
    yield from _knots(curve)
    yield from _share_row(curve, "mean", curve.mean, is_rising=True)
    if curve.sd is not None:
        yield from _share_row(curve, "sd", curve.sd, is_rising=False)


def _tabulated(curve: Curve) -> Iterator[Fault]:
    yield from _knots(curve)
    table = curve.probability
    assert table is not None  # noqa: S101 - the caller has looked
    if table.ndim != 2 or len(table) != len(curve.states):
        said = f"{table.shape} numbers for {len(curve.states)} states"
        yield _fault(
            curve.id, "probability", "states", said, [f"{len(table)} ≠ {len(curve.states)}"]
        )
        return
    for state, row in zip(curve.states, table, strict=True):
        yield from _share_row(curve, f"probability.{state}", row, is_rising=True)
    with np.errstate(invalid="ignore"):
        rises = np.asarray((np.diff(table, axis=0) > ROUNDING).any(axis=0))
    if rises.any() and table.shape[1] == len(curve.x):
        yield _many(curve.id, "probability", "state_order", rises, curve.x, of="x")


def _share_row(curve: Curve, name: str, row: F64, *, is_rising: bool) -> Iterator[Fault]:
    if row.ndim != 1 or len(row) != len(curve.x):
        said = f"{row.size} numbers for {len(curve.x)} knots"
        yield _fault(curve.id, name, "short", said, [f"{row.size} ≠ {len(curve.x)}"])
        return
    if not np.isfinite(row).all():
        yield _many(curve.id, name, "not_finite", ~np.isfinite(row), row)
        return
    outside = (row < 0) | (row > 1 + ROUNDING)
    if outside.any():
        yield _many(curve.id, name, "share", outside, row)
    falls = np.append(False, np.diff(row) < -ROUNDING)
    if is_rising and falls.any():
        yield _many(curve.id, name, "falls", falls, row)


def _states(curve: Curve) -> Iterator[Fault]:
    if not curve.states:
        yield _fault(curve.id, "states", "states", "no state is named", ["0"])
    double = sorted({s for s in curve.states if curve.states.count(s) > 1})
    if double:
        yield _fault(curve.id, "states", "states", f"{', '.join(double)} stands twice", double)
    if "none" in curve.states or not all(str(s).strip() for s in curve.states):
        yield _fault(
            curve.id, "states", "states", "a state is blank or called none", [repr(curve.states)]
        )


def _lognormal(curve: Curve) -> Iterator[Fault]:
    for name in ("median", "beta"):
        row = getattr(curve, name)
        if row.shape != (len(curve.states),):
            said = f"{row.size} numbers for {len(curve.states)} states"
            yield _fault(curve.id, name, "states", said, [f"{row.size} ≠ {len(curve.states)}"])
        elif not (np.isfinite(row) & (row > 0)).all():
            yield _many(curve.id, name, "not_positive", ~(np.isfinite(row) & (row > 0)), row)
    if curve.median.ndim == 1 and (np.diff(curve.median) < 0).any():
        falls = np.append(False, np.diff(curve.median) < 0)
        yield _many(curve.id, "median", "state_order", falls, curve.median)


def _range(curve: Curve) -> Iterator[Fault]:
    low, high = curve.low, curve.high
    first, last = (curve.x[0], curve.x[-1]) if curve.x.size else (0.0, np.inf)
    if not first <= low < high <= last:
        yield _fault(
            curve.id, "low, high", "range", f"{low:g} to {high:g}", [f"{low:g} … {high:g}"]
        )


def _many(
    identity: str, name: str, key: str, bad: NDArray[np.bool_], row: F64, *, of: str = ""
) -> Fault:
    places = np.flatnonzero(bad)
    first = [f"{of or name}[{i}] = {row[i]:g}" for i in places[:3]]
    return _fault(identity, name, key, ", ".join(first), first, count=len(places))


def _fault(
    identity: str, name: str, key: str, said: str, first: Iterable[str] = (), *, count: int = 1
) -> Fault:
    return Fault(
        where=f"{identity or '?'}.{name}",
        key=f"curve.{key}",
        problem=said,
        hint=_HINTS[key],
        count=count,
        first=tuple(first) or (said,),
    )
