"""Damage curves: what an intensity does to one kind of thing, with where the numbers come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import erfc, inf, nan, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.intensity import factor

F64 = NDArray[np.float64]


class CurveKind(StrEnum):
    """What a curve gives."""

    VULNERABILITY = "vulnerability"
    """Intensity → share of the value lost, or of the people affected."""
    FRAGILITY = "fragility"
    """Intensity → P[state ≥ k] for every damage state."""


class Beyond(StrEnum):
    """What a curve says of an intensity outside the range in which it is valid."""

    ZERO = "zero"
    HOLD = "hold"
    """The value at the end of the range."""
    UNKNOWN = "unknown"


class CurveStatus(StrEnum):
    """How far a curve may be trusted."""

    OFFICIAL = "official"
    """Compared with the publication that it names."""
    UNVERIFIED = "unverified"
    """Taken from a second hand; nobody has compared it with the publication."""
    ASSUMPTION = "assumption"
    """Set by judgement."""


class Formula(StrEnum):
    """How the number between the knots, or around the median, is made."""

    PIECEWISE = "piecewise"
    """Straight between the knots."""
    LOGNORMAL = "lognormal"
    """Φ(ln(x / median) / β)."""


NONE: F64 = np.empty(0, dtype=np.float64)
NONE.setflags(write=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """One damage curve; faults of all fields are refused at once when it is made.

    Raises
    ------
    InvalidInputError
        With a fault for every broken rule: an id, source, licence, unit or version missing; a unit
        that the intensity does not have; knots that do not rise; shares outside [0, 1]; a curve
        that falls; states out of order; a field that the kind does not use.
    """

    id: str
    kind: CurveKind
    hazard: str
    """`earthquake`, `flood`, `wind` …"""
    component: str
    """`structure`, `nonstructural`, `contents`, `whole`, `people` …"""
    intensity: str
    """A name of `rencheng.domain.intensity.UNITS`, or `SA(T)`."""
    unit: str
    """Of `x`, `median`, `low` and `high`."""
    asset: str
    """Taxonomy of the thing, as its source names it."""
    region: str
    """Where the numbers were made for; `any`."""
    x: F64 = field(default_factory=lambda: NONE)
    """Knots, rising; empty for a lognormal curve. [unit] (knots,)"""
    mean: F64 = field(default_factory=lambda: NONE)
    """Expected share at the knots; vulnerability only. [1] (knots,)"""
    sd: F64 | None = None
    """Standard deviation of the share at the knots; None: not published. [1] (knots,)"""
    states: tuple[str, ...] = ()
    """Damage states from mild to worst, without "none"; fragility only."""
    median: F64 = field(default_factory=lambda: NONE)
    """Of each state; lognormal fragility only. [unit] (states,)"""
    beta: F64 = field(default_factory=lambda: NONE)
    """Logarithmic standard deviation of each state. [1] (states,)"""
    probability: F64 | None = None
    """P[state ≥ k] at the knots; tabulated fragility only. [1] (states, knots)"""
    collapse: float = nan
    """Share of the worst state that collapses; NaN: not said. [1]"""
    low: float = 0.0
    """The curve is valid from here … [unit]"""
    high: float = inf
    """… to here. [unit]"""
    below: Beyond = Beyond.ZERO
    above: Beyond = Beyond.HOLD
    source: str
    """Publication with table or DOI, and the file that the numbers were read from."""
    licence: str
    status: CurveStatus
    version: str
    name: str = ""
    """What its source calls it."""
    note: str = ""
    """What a reader must know before using it."""

    def __post_init__(self) -> None:
        from rencheng.domain.curve_check import faults_of

        for name in ("x", "mean", "sd", "median", "beta", "probability"):
            given = getattr(self, name)
            if given is not None:
                values = np.array(given, dtype=np.float64)
                values.setflags(write=False)
                object.__setattr__(self, name, values)
        refuse(faults_of(self))

    @property
    def span(self) -> tuple[float, float]:
        """The valid range as events hold it, in single precision.

        From `low`, or the single that is nearest to it where that is less, to `high` or its: an
        intensity that was given as `low` is `low`. [unit]
        """
        with np.errstate(over="ignore"):
            low, high = np.array([self.low, self.high]).astype(np.float32).tolist()
        return min(self.low, low), max(self.high, high) if np.isfinite(high) else self.high

    @property
    def formula(self) -> Formula:
        """How its numbers are made."""
        return Formula.LOGNORMAL if self.median.size else Formula.PIECEWISE

    def value(self, intensity: ArrayLike) -> F64:
        """Return the exact value of the curve; every fast kernel is held against it.

        Parameters
        ----------
        intensity
            In the curve's unit; NaN unknown. [unit] (...,)

        Returns
        -------
        value
            Vulnerability: the expected share (...,). Fragility: P[state ≥ k] (..., states), never
            rising from a state to a worse one: where two lognormals cross, the worse state is held
            to the probability of the milder. NaN where the intensity is, and where the curve says
            that it does not know.

        Examples
        --------
        >>> one = Curve(id="a", kind=CurveKind.VULNERABILITY, hazard="flood", component="whole",
        ...     intensity="water_depth", unit="m", asset="house", region="any",
        ...     x=[0, 1], mean=[0, 0.5], low=0, high=1, source="by hand", licence="CC0-1.0",
        ...     status=CurveStatus.ASSUMPTION, version="1")
        >>> one.value([-1.0, 0.5, 9.0]).tolist()
        [0.0, 0.25, 0.5]
        """
        given = np.asarray(intensity, dtype=np.float64)
        clipped = np.clip(given, self.low, self.high)
        if self.kind is CurveKind.VULNERABILITY:
            return self._outside(given, np.interp(clipped, self.x, self.mean))
        if self.probability is not None:
            rows = [np.interp(clipped, self.x, row) for row in self.probability]
            table = np.stack(rows, axis=-1)
        else:
            table = _phi(self._log_ratio(clipped[..., None], self.median) / self.beta)
        return self._outside(given, np.minimum.accumulate(table, axis=-1))

    def spread(self, intensity: ArrayLike) -> F64:
        """Return the standard deviation of a vulnerability's share; NaN when none is published.

        Outside the valid range the same rule holds as for the value. [1] (...,)
        """
        given = np.asarray(intensity, dtype=np.float64)
        if self.sd is None:
            return np.full(given.shape, nan)
        clipped = np.clip(given, self.low, self.high)
        return self._outside(given, np.interp(clipped, self.x, self.sd))

    def shares(self, intensity: ArrayLike) -> F64:
        """Return P[state] of a fragility, "none" first; sums to 1, or is NaN. (..., states + 1)."""
        reached = self.value(intensity)
        padded = np.concatenate(
            [
                np.ones_like(reached[..., :1]) + 0.0 * reached[..., :1],
                reached,
                np.zeros_like(reached[..., :1]),
            ],
            axis=-1,
        )
        return -np.diff(padded, axis=-1)

    def in_unit(self, unit: str) -> Curve:
        """Return the same curve over an intensity in another unit.

        Raises
        ------
        InvalidInputError
            When the intensity has no such unit.
        """
        if unit == self.unit:
            return self
        from rencheng.domain.curve_check import unit_fault

        refuse(unit_fault(self.id, self.intensity, unit))
        by = factor(self.intensity, self.unit, unit)
        return replace(
            self,
            unit=unit,
            x=self.x * by,
            median=self.median * by,
            low=self.low * by,
            high=self.high * by,
        )

    def explain(self, intensity: float) -> CurveAnswer:
        """Return the number with the formula, the parameters and the source behind it.

        Parameters
        ----------
        intensity
            In the curve's unit. [unit]
        """
        number = float(intensity)
        value = np.atleast_1d(self.value(number))
        low, high = self.span
        if number < low:
            rule: Beyond | None = self.below
        elif number > high:
            rule = self.above
        else:
            rule = None
        return CurveAnswer(
            curve=self,
            intensity=number,
            value=tuple(float(v) for v in value),
            sd=float(self.spread(number)) if self.kind is CurveKind.VULNERABILITY else nan,
            formula=self.formula,
            parameters=self._parameters(float(np.clip(number, self.low, self.high))),
            beyond=rule,
        )

    def _parameters(self, x: float) -> Mapping[str, tuple[float, ...]]:
        if self.formula is Formula.LOGNORMAL:
            return {"median": tuple(self.median.tolist()), "beta": tuple(self.beta.tolist())}
        upper = int(np.clip(np.searchsorted(self.x, x, side="left"), 1, len(self.x) - 1))
        ends = slice(upper - 1, upper + 1)
        found = {"x": tuple(self.x[ends].tolist())}
        if self.probability is None:
            found["mean"] = tuple(self.mean[ends].tolist())
        else:
            rows = zip(self.states, self.probability, strict=True)
            found |= {name: tuple(row[ends].tolist()) for name, row in rows}
        if self.sd is not None:
            found["sd"] = tuple(self.sd[ends].tolist())
        return found

    def _outside(self, given: F64, inside: F64) -> F64:
        answer = np.array(inside, dtype=np.float64)
        low, high = self.span
        for outside, rule in ((given < low, self.below), (given > high, self.above)):
            if rule is not Beyond.HOLD:
                answer[outside] = 0.0 if rule is Beyond.ZERO else nan
        answer[np.isnan(given)] = nan
        return answer

    @staticmethod
    def _log_ratio(x: F64, median: F64) -> F64:
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(x / median), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveAnswer:
    """A number out of a curve, and all that stands behind it."""

    curve: Curve
    intensity: float
    """[unit of the curve]"""
    value: tuple[float, ...]
    """The share, or P[state ≥ k] for the curve's states. NaN unknown."""
    sd: float
    """Standard deviation of the share; NaN where none is published."""
    formula: Formula
    parameters: Mapping[str, tuple[float, ...]]
    """Of the formula: median and beta by state, or the two knots beside the intensity."""
    beyond: Beyond | None
    """The rule that was applied outside the valid range; None inside."""


_erfc = np.frompyfunc(erfc, 1, 1)


def _phi(z: F64) -> F64:
    """Return the normal distribution by the C library's erfc, exact to the last digits."""
    return 0.5 * np.asarray(_erfc(-z / sqrt(2.0)), dtype=np.float64)


def refuse(faults: tuple[Fault, ...]) -> None:
    """Raise an error that carries all faults, when there are any."""
    if faults:
        said = "; ".join(f"{f.where}: {f.problem}" for f in faults)
        raise InvalidInputError(
            "curve.invalid",
            f"A curve has {len(faults)} faults: {said}",
            hint="Mend every fault named; docs/how-to/curves.md says what a curve needs",
            params={"count": len(faults), "where": faults[0].where},
            faults=faults,
        )
