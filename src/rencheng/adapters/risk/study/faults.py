"""What may be wrong with a study of uncertainty."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from difflib import get_close_matches

import numpy as np

from rencheng.domain import risk_uncertainty as ru
from rencheng.domain.curve import Curve
from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.model.risk.draws import SEEDS, is_seed
from rencheng.model.risk.lines import knots_of

FIRST = 3
WIDEST = 3.0
"""Logarithmic deviation beyond which a number is taken for per cent. Ours."""
_SUM = 1e-6
SAID = {
    "schema": ("files name another schema", 'Write schema = "rencheng/risk-study/1"'),
    "key": ("keys are unknown", "Remove them, or mend their names"),
    "kind": ("kinds of input are unknown", "Name one that the how-to lists"),
    "missing": ("values are missing", "Give them"),
    "type": ("values are of another type", "Write them as the how-to does"),
    "name": ("names stand twice or are blank", "Give every input a name of its own"),
    "range": ("numbers are out of range", "Give logarithmic deviations as 0.2, not as 20"),
    "weights": ("weights do not fit", "Give one for each, none negative, 1 together"),
    "curve": ("curves are not among those given", "Give them, or mend their names"),
    "twice": ("things are decided by two inputs", "Keep one of the inputs"),
    "no_sd": ("curves have no standard deviation", "Leave their classes out"),
    "no_beta": ("curves scatter more than a beta can", "Leave their classes out"),
    "members": ("members are not the event sets given", "Give a set for each member and no other"),
    "family": ("distributions are unknown", "Name gamma or lognormal"),
    "unused": ("classes are of no asset", "Mend their names, or leave the input out"),
    "assets": ("groups do not fit the assets", "Give one group for each asset"),
}
"""Problem and hint by the last part of the key; languages: `words/risk_uncertainty.toml`."""


def fault(key: str, where: str, first: Sequence[object]) -> Fault:
    """Return a fault of `SAID`."""
    problem, hint = SAID[key]
    names = tuple(str(one) for one in first[:FIRST])
    return Fault(
        where=where,
        key=f"risk_uncertainty.{key}",
        problem=f"{len(first)} {problem}: {', '.join(names)}",
        hint=hint,
        count=len(first),
        first=names,
    )


def refuse(faults: Sequence[Fault]) -> None:
    """Raise an error that carries all faults, when there are any."""
    if faults:
        raise InvalidInputError(
            "risk_uncertainty.input",
            f"the study has {len(faults)} kinds of faults: {faults[0].where}: {faults[0].problem}",
            hint="Mend every fault named; nothing was computed",
            params={"count": len(faults), "first": faults[0].where},
            faults=faults,
        )


def study_faults(
    study: ru.Study, curves: Mapping[str, Curve], members: Collection[str]
) -> list[Fault]:
    """Return everything that is wrong with a study of these curves and event sets."""
    faults = []
    names = [one.name for one in study.inputs]
    double = sorted({n for n in names if names.count(n) > 1 or not n.strip()})
    faults += [fault("name", "input.name", [n or "—" for n in double])] if double else []
    wrong = [f"return_periods: {t:g}" for t in study.return_periods if not 0.0 < t < np.inf]
    wrong += [f"samples = {study.samples}"] if not 1 <= study.samples <= SEEDS else []
    wrong += [f"seed = {study.seed}"] if not is_seed(study.seed) else []
    faults += [fault("range", "study", wrong)] if wrong else []
    for one in study.inputs:
        faults += _of_input(one, curves)
    faults += _twice(study, curves)
    sets = [one for one in study.inputs if isinstance(one, ru.Ensemble)]
    wanted = set(sets[0].members) if sets else set()
    if wanted != set(members):
        where = f"input {sets[0].name}" if sets else "events"
        faults.append(fault("members", where, sorted(wanted ^ set(members))))
    return faults


def _of_input(one: ru.UncertainInput, curves: Mapping[str, Curve]) -> Iterator[Fault]:
    where = f"input {one.name}"
    wrong = [f"{name} = {value:g}" for name, value in _numbers(one) if not _fits(one, name, value)]
    if wrong:
        yield fault("range", where, wrong)
    if isinstance(one, ru.CurveChoice | ru.Ensemble):
        of = one.curves if isinstance(one, ru.CurveChoice) else one.members
        weights = np.array(one.weights, dtype=np.float64)
        good = weights.size == len(of) == len(set(of)) > 0 and bool((weights >= 0.0).all())
        if not good or abs(float(weights.sum()) - 1.0) > _SUM:
            yield fault("weights", where, [f"{n}: {w:g}" for n, w in zip(of, weights, strict=False)]
                        or ["—"])  # fmt: skip
    named = (one.of, *one.curves) if isinstance(one, ru.CurveChoice) else _classes(one)
    unknown = [meant(name, curves) for name in dict.fromkeys(named) if name not in curves]
    if unknown:
        yield fault("curve", where, unknown)


def unused_faults(study: ru.Study, used: Collection[str]) -> Iterator[Fault]:
    """Yield inputs that name a class of no asset: they would change nothing and say so nowhere."""
    for one in study.inputs:
        of = (one.of,) if isinstance(one, ru.CurveChoice) else _classes(one)
        idle = [meant(name, used) for name in of if name not in used]
        if idle:
            yield fault("unused", f"input {one.name}", idle)


def meant(name: str, known: Collection[str]) -> str:
    """Return a name with the one that may have been meant.

    Examples
    --------
    >>> meant("comon", ("name", "common")), meant("xyz", ("name",))
    ('comon → common?', 'xyz')
    """
    near = get_close_matches(name, list(known), 1)
    return f"{name} → {near[0]}?" if near and near[0] != name else name


def _numbers(one: ru.UncertainInput) -> Iterator[tuple[str, float]]:
    for field in fields(one):
        value = getattr(one, field.name)
        if isinstance(value, int | float):
            yield field.name, float(value)


def _fits(one: ru.UncertainInput, name: str, value: float) -> bool:
    if isinstance(one, ru.MissingShare):
        return 0.0 <= value < 1.0 and one.low <= one.high
    if name == "correlation":
        return 0.0 <= value <= 1.0
    return 0.0 < value < np.inf if name == "median" else 0.0 <= value <= WIDEST


def _classes(one: ru.UncertainInput) -> tuple[str, ...]:
    return tuple(getattr(one, "classes", ()))


def _twice(study: ru.Study, curves: Mapping[str, Curve]) -> Iterator[Fault]:
    """Yield what two inputs decide, and curves of which no quantile can be drawn."""
    chosen = [one for one in study.inputs if isinstance(one, ru.CurveChoice)]
    drawn = [one for one in study.inputs if isinstance(one, ru.CurveQuantile)]
    sets = [one for one in study.inputs if isinstance(one, ru.Ensemble)]
    of = [one.of for one in chosen]
    classes = [name for one in drawn for name in one.classes or curves]
    for where, names in (("choice", of), ("quantile", classes)):
        double = [n for n in dict.fromkeys(names) if names.count(n) > 1]
        if double:
            yield fault("twice", where, double)
    if len(sets) > 1:
        yield fault("twice", "ensemble", [one.name for one in sets])
    options = {one.of: one.curves for one in chosen}
    every = [n for name in dict.fromkeys(classes) for n in options.get(name, (name,))]
    held = [n for n in dict.fromkeys(every) if n in curves]
    bare = [n for n in held if curves[n].sd is None]
    if bare:
        yield fault("no_sd", "quantile", bare)
    wide = [n for n in held if curves[n].sd is not None and not has_beta(curves[n])]
    if wide:
        yield fault("no_beta", "quantile", wide)


def has_beta(curve: Curve) -> bool:
    """Whether there is a beta distribution with the curve's mean and deviation at every knot."""
    knots = knots_of(curve)
    room = knots.mean * (1.0 - knots.mean)
    return bool(((knots.sd == 0.0) | (knots.sd**2 < room)).all())
