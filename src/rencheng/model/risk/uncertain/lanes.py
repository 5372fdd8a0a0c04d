"""A study and its samples as the factors, choices and keys that the compiled loops take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rencheng.domain import risk_uncertainty as ru
from rencheng.domain.risk import EventHead
from rencheng.model.risk.draws import keys
from rencheng.model.risk.uncertain.design import keys_of, normals

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]
Own = tuple[F64, U64]
"""Standard deviations (inputs, classes) and keys (inputs, samples) of own parts."""

_EDGE = 2.0**-53


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """Samples side by side."""

    worth: F64
    """Factor on an asset's loss. (classes, samples)"""
    total: F64
    """Factor on totals beyond that. (classes, samples)"""
    often: F64
    """Factor on rates. (samples,)"""
    own: Own
    """Of the worth."""
    axis: F64
    """Factor on the intensity that a class sees. (classes, samples)"""
    axis_own: Own
    between: Own
    """Of events; one standard deviation each. (inputs, 1)"""
    within: Own
    score: F64
    """Shared normal score of the share lost. (classes, samples)"""
    correlation: F64
    """(classes,)"""
    score_of: I32
    """Row of `score_key`; -1: the curve's mean holds. (classes,)"""
    score_key: U64
    start: I32
    """Where each class begins in `row`. (classes + 1,)"""
    row: I32
    """Curves that a class may have."""
    choice: I32
    """Which of them. (classes, samples)"""
    member: I32
    """Which event set. (samples,)"""
    is_straight: bool
    """Whether no sample changes an intensity, or a quantile of what is lost."""

    @property
    def with_quantile(self) -> set[int]:
        """Return the curves that are asked for quantiles."""
        many = np.diff(self.start)
        return set(self.row[np.repeat(self.score_of >= 0, many)].tolist())

    def at(self, which: I64) -> Lanes:
        """Return some of the samples."""

        def of(pair: Own) -> Own:
            return pair[0], np.ascontiguousarray(pair[1][:, which])

        def pick(table: F64) -> F64:
            return np.ascontiguousarray(table[:, which])

        return Lanes(
            worth=pick(self.worth), total=pick(self.total), often=self.often[which],
            own=of(self.own), axis=pick(self.axis), axis_own=of(self.axis_own),
            between=of(self.between), within=of(self.within), score=pick(self.score),
            correlation=self.correlation, score_of=self.score_of,
            score_key=np.ascontiguousarray(self.score_key[:, which]), start=self.start,
            row=self.row, choice=np.ascontiguousarray(self.choice[:, which]),
            member=self.member[which], is_straight=self.is_straight,
        )  # fmt: skip

    def on_event(self, head: EventHead) -> F64:
        """Return the factor on the intensity of each event; empty when there is none."""
        sd, key = self.between
        if not sd.size:
            return np.zeros((0, 0))
        things = keys(head.names)
        log = np.zeros((things.size, self.often.size))
        for each, key_row in zip(sd[:, 0], key, strict=True):
            log += each * normals(key_row, things)
        return np.exp(log)


def lanes(study: ru.Study, design: ru.Design, classes: Sequence[str]) -> Lanes:
    """Return the samples of a study.

    Parameters
    ----------
    study
        Checked before.
    design
        With a column for each input, in any order.
    classes
        Names of the curves, in the order of the portfolio's rows.
    """
    work = _Work(classes, design.uniform.shape[0])
    for one in study.inputs:
        u = design.uniform[:, design.names.index(one.name)]
        work.take(one, np.clip(u, _EDGE, 1.0 - _EDGE))
    return work.lanes()


class _Work:
    """Factors as they are gathered, input by input."""

    def __init__(self, classes: Sequence[str], samples: int) -> None:
        size = (len(classes), samples)
        self.rows = {name: i for i, name in enumerate(classes)}
        self.worth, self.total, self.axis = np.ones(size), np.ones(size), np.ones(size)
        self.often = np.ones(samples)
        self.kinds: list[tuple[Sequence[int], NDArray[np.intp]]] = [
            ((i,), np.zeros(samples, dtype=np.intp)) for i in range(len(classes))
        ]
        self.member = np.zeros(samples, dtype=np.int32)
        self.score, self.correlation = np.zeros(size), np.zeros(len(classes))
        self.score_of = np.full(len(classes), -1, dtype=np.int32)
        self.own: dict[str, list[tuple[F64, U64]]] = {
            "worth": [], "axis": [], "between": [], "within": [], "score": []
        }  # fmt: skip

    def take(self, one: ru.UncertainInput, u: F64) -> None:
        """Add an input with its number in each sample."""
        match one:
            case ru.ValueFactor():
                self.worth[self._of(one.classes)] *= _lognormal(u, one.median, one.common)
                self._keep("worth", self._sd(one.classes, one.own), one.name, u)
            case ru.LossFactor():
                self.worth[self._of(one.classes)] *= _lognormal(u, one.median, one.common)
            case ru.MissingShare():
                self.total[self._of(one.classes)] /= 1.0 - (one.low + (one.high - one.low) * u)
            case ru.CurveFactor():
                self.axis[self._of(one.classes)] /= _lognormal(u, one.median, one.common)
                self._keep("axis", self._sd(one.classes, one.own), one.name, u)
            case ru.CurveChoice():
                self.kinds[self.rows[one.of]] = (
                    [self.rows[name] for name in one.curves], _chosen(u, one.weights)
                )  # fmt: skip
            case ru.CurveQuantile():
                mine = self._of(one.classes)
                self.score[mine], self.correlation[mine] = _score(u), one.correlation
                self.score_of[mine] = len(self.own["score"])
                self.own["score"].append((np.zeros(0), keys_of(one.name, u)))
            case ru.IntensityFactor():
                self.axis *= _lognormal(u, one.median, one.common)
                self._keep("between", np.array([one.between]), one.name + ":between", u)
                self._keep("within", np.array([one.within]), one.name + ":within", u)
            case ru.RateFactor():
                self.often *= _frequency(u, one)
            case ru.Ensemble():
                self.member = _chosen(u, one.weights).astype(np.int32)

    def lanes(self) -> Lanes:
        """Return what was gathered."""
        sizes = [len(rows) for rows, _ in self.kinds]
        rows = [row for rows, _ in self.kinds for row in rows]
        bends = self.own["axis"] or self.own["between"] or self.own["within"] or self.own["score"]
        return Lanes(
            worth=self.worth,
            total=self.total,
            often=self.often,
            own=self._pair("worth"),
            axis=self.axis,
            axis_own=self._pair("axis"),
            between=self._pair("between"),
            within=self._pair("within"),
            score=self.score,
            correlation=self.correlation,
            score_of=self.score_of,
            score_key=self._pair("score")[1],
            start=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32),
            row=np.array(rows, dtype=np.int32),
            choice=np.array([which for _, which in self.kinds], dtype=np.int32).reshape(
                self.worth.shape
            ),
            member=self.member,
            is_straight=not bends and bool((self.axis == 1.0).all()),
        )

    def _of(self, classes: Sequence[str]) -> list[int]:
        return [self.rows[name] for name in classes or self.rows]

    def _sd(self, classes: Sequence[str], own: float) -> F64:
        sd = np.zeros(len(self.rows))
        sd[self._of(classes)] = own
        return sd

    def _keep(self, part: str, sd: F64, name: str, u: F64) -> None:
        if (sd > 0.0).any():
            self.own[part].append((sd, keys_of(name, u)))

    def _pair(self, part: str) -> Own:
        kept = self.own[part]
        if not kept:
            return np.zeros((0, 0)), np.zeros((0, self.often.size), dtype=np.uint64)
        return np.array([sd for sd, _ in kept]), np.array([key for _, key in kept])


def _score(u: F64) -> F64:
    from scipy.special import ndtri

    return np.asarray(ndtri(u), dtype=np.float64)


def _lognormal(u: F64, median: float, sd: float) -> F64:
    return median * np.exp(sd * _score(u))


def _chosen(u: F64, weights: Sequence[float]) -> NDArray[np.intp]:
    """Return which weight each number falls into."""
    upto = np.cumsum(weights)[:-1] / np.sum(weights)
    return np.searchsorted(upto, u, side="right")


def _frequency(u: F64, one: ru.RateFactor) -> F64:
    if one.cv == 0.0:
        return np.ones_like(u)
    if one.family is ru.Family.LOGNORMAL:
        variance = np.log1p(one.cv**2)
        return _lognormal(u, float(np.exp(-variance / 2.0)), float(np.sqrt(variance)))
    from scipy.special import gammaincinv

    shape = one.cv**-2
    return np.asarray(gammaincinv(shape, u) / shape, dtype=np.float64)
