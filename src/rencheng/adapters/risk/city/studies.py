"""What may be uncertain in a run of a city, as the study file of its hazard states it."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path

from rencheng.adapters.files import data_folder
from rencheng.adapters.risk.city.stock import AS_RECORDED
from rencheng.adapters.risk.city.use_tables import OWN_FOLDER, OWN_REGION
from rencheng.adapters.risk.study.faults import refuse, study_faults
from rencheng.adapters.risk.study.files import KINDS, StudyFile, read_study
from rencheng.domain import risk_uncertainty as ru
from rencheng.domain.errors import InvalidInputError, RenchengError
from rencheng.service.jobs import Trouble
from rencheng.service.risk_study import Side, StudyInput, StudyMenu, StudyWish

SIDES: Mapping[type, Side] = {
    ru.IntensityFactor: Side.HAZARD,
    ru.RateFactor: Side.HAZARD,
    ru.ValueFactor: Side.EXPOSURE,
    ru.MissingShare: Side.EXPOSURE,
    ru.Ensemble: Side.CHOICE,
    ru.CurveChoice: Side.CHOICE,
    ru.CurveFactor: Side.PARAMETERS,
    ru.CurveQuantile: Side.PARAMETERS,
    ru.LossFactor: Side.MODEL,
}
_KIND = {made: name for name, made in KINDS.items()}
USUAL = (AS_RECORDED, OWN_REGION)
"""Alternatives that change nothing."""


def study_path(state: Path, hazard: str) -> Path:
    """Return the study file of a hazard, the office's before ours."""
    name = f"study-{hazard}.toml"
    own = state / OWN_FOLDER / name
    return own if own.exists() else data_folder() / "risk" / name


def menu_of(state: Path, hazard: str) -> StudyMenu:
    """Return what a run of a hazard may vary; a file with faults is told as its trouble."""
    file = study_path(state, hazard)
    trouble, study = None, ru.Study(inputs=())
    try:
        study = _read(file)
    except (RenchengError, OSError) as error:
        problem = error if isinstance(error, RenchengError) else _missing(file)
        trouble = Trouble.of(problem)
    return StudyMenu(
        hazard=hazard,
        file=f"{file.parent.name}/{file.name}",
        samples=study.samples,
        inputs=tuple(map(told, study.inputs)),
        has_sensitivity=importlib.util.find_spec("SALib") is not None,
        trouble=trouble,
    )


def chosen(state: Path, hazard: str, wish: StudyWish, seed: int, *, is_annual: bool) -> ru.Study:
    """Return the study that a run asks for: the inputs named, of those that play a part.

    Raises
    ------
    InvalidInputError
        With every fault of the file; when an input is not in it, or none is left.
    """
    file = study_path(state, hazard)
    try:
        whole = _read(file)
    except OSError as error:
        raise _missing(file) from error
    lacking = sorted(set(wish.inputs) - set(whole.names))
    kept = tuple(
        one for one in whole.inputs
        if one.name in wish.inputs and (is_annual or not isinstance(one, ru.RateFactor))
    )  # fmt: skip
    if lacking or not kept:
        raise InvalidInputError(
            "risk.study_inputs",
            f"{file.name} has no inputs {', '.join(lacking) or 'of those asked for'}",
            hint="Reload the page, and choose inputs that the file has",
            params={"file": file.name, "inputs": ", ".join(lacking) or "—"},
        )
    periods = whole.return_periods if is_annual else ()
    return replace(
        whole, inputs=kept, samples=wish.samples, seed=seed, return_periods=tuple(periods)
    )


def told(one: ru.UncertainInput) -> StudyInput:
    """Return an input as a page shows it."""
    numbers = {
        f.name: float(getattr(one, f.name))
        for f in fields(one)
        if f.type == "float" and float(getattr(one, f.name)) != f.default
    }
    of: Mapping[str, float] = {}
    if isinstance(one, ru.Ensemble):
        of = dict(zip(one.members, one.weights, strict=False))
    elif isinstance(one, ru.CurveChoice):
        of = dict(zip(one.curves, one.weights, strict=False))
    return StudyInput(
        name=one.name, kind=_KIND[type(one)], side=SIDES[type(one)], numbers=numbers, of=of,
        is_annual=isinstance(one, ru.RateFactor),
    )  # fmt: skip


def _read(file: Path) -> ru.Study:
    """Return a file's study; the console gives curves by use, so the file names none."""
    found: StudyFile = read_study(file)
    sets = [one for one in found.study.inputs if isinstance(one, ru.Ensemble)]
    members = sets[0].members if sets else ()
    refuse([*found.faults, *study_faults(found.study, {}, members)])
    return found.study


def _missing(file: Path) -> InvalidInputError:
    return InvalidInputError(
        "risk.no_study",
        f"there is no study file {file.name}",
        hint="Put one into the folder risk of the state folder",
        params={"file": file.name},
    )
