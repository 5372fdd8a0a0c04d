"""Measures for the buildings of a city: files of the office, and what a run says of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.files import data_folder, read_toml
from rencheng.adapters.job_folders import no_room, write_whole
from rencheng.adapters.risk.city.drawn_measures import drawn_samples, drawn_summary, drawn_worth
from rencheng.adapters.risk.city.hazard import Hazard
from rencheng.adapters.risk.city.stock import CityStock, Shelves
from rencheng.adapters.risk.city.use_tables import OWN_FOLDER, read_costs
from rencheng.adapters.risk.measures.files import fault, meant, read_measures, refuse
from rencheng.adapters.risk.measures.results import MeasureReport, report
from rencheng.adapters.risk.study.faults import refuse as refuse_study
from rencheng.adapters.risk.study.faults import study_faults
from rencheng.domain.city import City
from rencheng.domain.curve import Curve
from rencheng.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    RenchengError,
    TooMuchError,
)
from rencheng.domain.risk_measures import Measure, MeasureSet, Worth
from rencheng.domain.risk_uncertainty import CurveChoice
from rencheng.model.risk.measures.appraisal import appraise
from rencheng.model.risk.measures.transforming import Situation
from rencheng.service.jobs import Trouble
from rencheng.service.risk_measures import (
    LARGEST,
    MeasureFile,
    MeasuresSummary,
    MeasureWish,
    RateRow,
    WorthRow,
)
from rencheng.service.toml import parse_toml

Texts = NDArray[np.object_]
Progress = Callable[[int, int], None]
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
COLUMNS = ("zone", "zone_id", "use", "class", "storeys")
"""Of the buildings, that `where` may name."""
_MOST = 50


class MeasureFiles:
    """Files of measures in a state folder: risk/measures/<id>.toml."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.folder = state / OWN_FOLDER / "measures"

    def all(self) -> list[MeasureFile]:
        """Return all files, faulty ones with their trouble."""
        files = sorted(self.folder.glob("*.toml")) if self.folder.is_dir() else []
        return [_told(file) for file in files if _ID.fullmatch(file.stem)]

    def get(self, key: str) -> MeasureFile:
        """Return a file, or raise `NotFoundError`."""
        return _told(self._file(key))

    def read(self, wish: MeasureWish) -> MeasureSet:
        """Return the measures of a file; `ConflictError` when it is another than was asked for."""
        file = self._file(wish.file)
        if wish.mark and _mark(file.read_bytes()) != wish.mark:
            raise ConflictError(
                "risk.measures_changed",
                f"{file.name} was changed after the run was asked for",
                hint="Look at the file, and ask for the run again",
                params={"file": file.name},
            )
        return read_measures(read_toml(file), file.name)

    def keep(self, key: str, body: bytes) -> MeasureFile:
        """Keep a file; `InvalidInputError` with every fault, and then nothing is kept."""
        if not _ID.fullmatch(key) or len(body) > LARGEST:
            raise InvalidInputError(
                "risk.measures_id",
                f"{key[:60]!r} with {len(body)} bytes cannot be kept",
                hint="Use small letters, digits, - or _ for its name, and at most 512 kB",
                params={"id": key[:60], "limit_kb": LARGEST // 1024},
            )
        if len(self.all()) >= _MOST and not (self.folder / f"{key}.toml").exists():
            raise TooMuchError(
                "risk.many_measures",
                f"{_MOST} files of measures are kept",
                hint="Delete one that is not needed any more",
                params={"most": _MOST},
            )
        read_measures(parse_toml(body, f"{key}.toml"), f"{key}.toml")
        file = self.folder / f"{key}.toml"
        try:
            write_whole(file, lambda stream: stream.write(body))
        except OSError as error:
            raise no_room("risk", file, error) from error
        return self.get(key)

    def remove(self, key: str) -> None:
        """Delete a file; `NotFoundError` where there is none."""
        self._file(key).unlink()

    def template(self, timezone: str) -> str:
        """Return an example in the money of the city's costs."""
        costs = read_costs(self.state, timezone)
        text = (data_folder() / "risk" / "measures.toml").read_text(encoding="utf-8")
        return text.replace("{currency}", costs.currency).replace("{year}", str(costs.year))

    def _file(self, key: str) -> Path:
        file = self.folder / f"{key}.toml"
        if not _ID.fullmatch(key) or not file.is_file():
            raise NotFoundError(
                "risk.no_measures",
                f"there is no file of measures {key[:60]!r}",
                hint="Reload the page",
                params={"id": key[:60]},
            )
        return file


def _mark(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]


def _told(file: Path) -> MeasureFile:
    body = file.read_bytes()
    trouble, found = None, None
    try:
        found = read_measures(read_toml(file), file.name)
    except RenchengError as error:
        trouble = Trouble.of(error)
    return MeasureFile(
        id=file.stem,
        mark=_mark(body),
        names=tuple(one.name for one in found.measures) if found else (),
        currency=found.currency if found else "",
        year=found.year if found else 0,
        size=len(body),
        trouble=trouble,
    )


def must_have_rates(hazard: Hazard) -> None:
    """Refuse an event set without rates: nobody can say what a measure saves in a year."""
    if not hazard.is_annual:
        raise InvalidInputError(
            "risk.measures_rates",
            "the events have no rates, so nothing is saved a year",
            hint="Pick a set with rates, or ask for the run without measures",
        )


def measures_of(  # noqa: PLR0913
    city: City,
    hazard: Hazard,
    shelves: Shelves,
    stock: CityStock,
    given: MeasureSet,
    wish: MeasureWish,
    progress: Progress,
) -> MeasuresSummary:
    """Return what measures save and cost, and which to take under the budget.

    Parameters
    ----------
    city, hazard, shelves, stock
        Of the run.
    given, wish
        The measures; budget and discount rate.
    progress
        Called with runs done and all runs; may raise to stop.

    Raises
    ------
    InvalidInputError
        When costs are in other money than the city's, an input names a curve that is not there or
        is out of range, or a measure concerns nobody or names a column, curve or unit that is not
        there: every fault at once.
    TooMuchError
        When too many measures may stand together on one building.

    Notes
    -----
    The choice is that of the best estimates; with what the file calls uncertain drawn, each measure
    and the choice stand beside their quantiles (`drawn_measures`).
    """
    folio, head = stock.portfolio, hazard.events.head
    if (given.currency, given.year) != (folio.currency, folio.year):
        said = f"{given.currency} {given.year} ≠ {folio.currency} {folio.year}"
        refuse([fault("money", "currency, year", said)])
    curves = _with_others(stock, shelves, given, head.measure, head.unit)
    names = [one.id for one in curves]
    if given.study:
        refuse_study(study_faults(given.study, {one.id: one for one in curves}, ()))
    where = meant(given, _columns(city, given), folio.components, names, head.measure)
    before = Situation(
        source=hazard.events,
        portfolio=folio,
        curves=curves,
        names={name: row for row, name in enumerate(names)},
    )
    share = 1.0 if given.study is None else 0.1
    found = appraise(
        before,
        given.measures,
        where,
        progress=_during(progress, 0.0, share),
        versions={"measures": f"{given.version} ({given.source})"},
    )
    samples = drawn_samples(before, given, where, _during(progress, share, 1.0))
    budget = inf if wish.budget is None else wish.budget
    told = report(found, budget=budget, discount_rate=wish.discount_rate, samples=samples)
    return replace(_summary(told, wish), drawn=drawn_summary(given, told.uncertain))


def _during(progress: Progress, first: float, last: float) -> Progress:
    """Return the progress of a part of the work."""
    return lambda done, total: progress(
        int(1e6 * (first + (last - first) * done / max(1, total))), 1_000_000
    )


def _with_others(
    stock: CityStock, shelves: Shelves, given: MeasureSet, measure: str, unit: str
) -> tuple[Curve, ...]:
    """Return the curves of the buildings, and those of retrofits and choices."""
    curves = list(stock.curves)
    choices = [one for one in (given.study.inputs if given.study else ())
               if isinstance(one, CurveChoice)]  # fmt: skip
    for name in [*(m.curve for m in given.measures), *(n for c in choices for n in c.curves)]:
        if name and name not in [curve.id for curve in curves]:
            other = shelves.curve(name)
            if other is not None and other.intensity == measure:
                curves.append(other.in_unit(unit))
    return tuple(curves)


def _columns(city: City, given: MeasureSet) -> Mapping[str, Texts]:
    """Return the columns of the buildings that measures name."""
    b, zones = city.buildings, city.zones
    named = {name for one in given.measures for name in one.where}
    places = [*map(str, zones.name), ""]
    ids = [*map(str, zones.id), ""]
    made: dict[str, Callable[[], Texts]] = {
        "zone": lambda: np.array(places, dtype=object)[b.zone],
        "zone_id": lambda: np.array(ids, dtype=object)[b.zone],
        "use": lambda: np.array([*b.uses, ""], dtype=object)[b.use],
        "class": lambda: np.array([*b.curves, ""], dtype=object)[b.curve],
        "storeys": lambda: np.asarray(b.storeys).astype(np.int64).astype(str).astype(object),
    }
    return {"id": b.id.astype(object)} | {
        name: column() for name, column in made.items() if name in named
    }


def _summary(told: MeasureReport, wish: MeasureWish) -> MeasuresSummary:
    found, choice = told.appraisal, told.choice
    names = {one.id: one.name for one in found.measures}
    taken = choice.best.ids
    rate_rows = tuple(
        RateRow(
            discount_rate=one.best.discount_rate,
            names=tuple(names[i] for i in one.best.ids),
            npv=one.best.npv,
            bcr=one.best.bcr,
        )
        for one in told.by_rate
    )
    return MeasuresSummary(
        file=wish.file,
        budget=choice.budget,
        discount_rate=wish.discount_rate,
        known_aal=found.known_aal,
        left_aal=choice.left_aal,
        is_partial=found.is_partial,
        rows=tuple(_row(told, one, one.ids[0] in taken) for one in told.alone),
        best=_row(told, choice.best, is_chosen=True),
        greedy=_row(told, choice.greedy, is_chosen=False),
        bound=choice.bound,
        summed_saving=choice.summed_saving,
        by_rate=rate_rows,
        excluded=tuple(
            sorted((min(a, b), max(a, b)) for a, b in (
                [found.measures[k].id for k in pair] for pair in found.excluded
            ))
        ),
        made_unknown=found.darkened,
        versions=dict(found.versions),
    )  # fmt: skip


def _row(told: MeasureReport, one: Worth, is_chosen: bool) -> WorthRow:
    found = told.appraisal
    row = {m.id: k for k, m in enumerate(found.measures)}
    mine: list[Measure] = [found.measures[row[i]] for i in one.ids]
    alone = mine[0] if len(mine) == 1 else None
    return WorthRow(
        ids=one.ids,
        names=tuple(m.name for m in mine),
        kind=str(alone.kind) if alone else "",
        assets=found.touched[row[alone.id]] if alone else 0,
        is_chosen=is_chosen,
        avoided=one.saving.avoided,
        transferred=one.saving.transferred,
        cost=one.cost,
        cost_low=sum(m.cost.quantile(0.05) for m in mine) if mine else nan,
        cost_high=sum(m.cost.quantile(0.95) for m in mine) if mine else nan,
        upkeep=one.upkeep,
        benefit=one.benefit,
        npv=one.npv,
        bcr=one.bcr,
        bcr_low=one.bcr_low,
        bcr_high=one.bcr_high,
        payback=one.payback,
        status=str(alone.status) if alone else "",
        source=alone.source if alone else "",
        drawn=drawn_worth(told.uncertain, one.ids, dict(alone.effect) if alone else {}),
    )
