"""Classical jobs of OpenQuake whose hazard curves are given as files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.assets.table import nearest
from rencheng.adapters.risk.openquake.curves import CurveModel, read_fragility, read_vulnerability
from rencheng.adapters.risk.openquake.exposure import Exposure, read_exposure
from rencheng.adapters.risk.openquake.faults import Found
from rencheng.adapters.risk.openquake.hazard_curves import read_hazard_curves
from rencheng.adapters.risk.openquake.job import (
    REACH_KM,
    Job,
    Mapped,
    inside,
    read_job,
    read_mapping,
)
from rencheng.domain.curve import Curve
from rencheng.domain.errors import Fault
from rencheng.domain.risk import OUTSIDE, Portfolio
from rencheng.domain.risk_classical import (
    ClassicalLosses,
    HazardCurves,
    Occurrence,
    ShareSpread,
)
from rencheng.model.risk.classical.losses import (
    classical_losses,
    ratios_between_means,
    retrofit_worth,
)
from rencheng.model.risk.classical.states import (
    Steps,
    around_levels,
    at_levels,
    classical_states,
    fine_knots,
)
from rencheng.model.risk.measures.discounting import Timing

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
LOSSES, DAMAGE, WORTH = "classical_risk", "classical_damage", "classical_bcr"
MODES = (LOSSES, DAMAGE, WORTH)
BEFORE, AFTER, RATIO = "annual_loss_orig", "annual_loss_retro", "bcr"
"""What OpenQuake calls the columns of a retrofit."""
SPREADS = {"LN": ShareSpread.LOGNORMAL, "BT": ShareSpread.BETA}
Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassicalJob:
    """Results of a classical job."""

    exposure: Exposure
    columns: Columns
    """By kind of loss, state or probability; NaN where no hazard curve is near. (assets,) each"""
    losses: Mapping[str, ClassicalLosses]
    """Loss curves by kind of loss and measure; their ids are `asset#item`."""
    years: float
    """What averages and chances are told for. [yr]"""
    faults: tuple[Fault, ...]


def run_classical(path: Path, hazard_as: Callable[[F64], F64] | None = None) -> ClassicalJob:
    """Return what a job of OpenQuake (`MODES`) comes to.

    Parameters
    ----------
    path
        Its `job.ini`; `hazard_curves_csv` names a file of hazard curves for each measure.
    hazard_as
        What becomes of the probabilities before they are used, such as rounding.

    Raises
    ------
    InvalidInputError
        With every fault of the job, or of the first file that has one.

    Notes
    -----
    By OpenQuake's own rules (`at_levels`, `around_levels`), so that its figures come out; they are
    coarse where levels are far apart, and leave out what exceeds the last one. Average losses are
    the expected largest loss within `risk_investigation_time`. A taxonomy that is mapped to several
    curves gets their weighted sum, of losses at a probability too. Shares given as masses (PM) are
    taken as they stand. `classical_bcr` gives losses before and after the retrofit, the cost of
    which is the exposure's `retrofitted`, and the benefit–cost ratio with interest compounded
    continuously. Left out: statistics over branches (`over_branches` has them), insurance.
    """
    job, found = read_job(path), Found()
    if job.mode not in MODES:
        found.add("mode", path.name, job.mode)
    exposed = job.file("exposure_file")
    names = (job.text("hazard_curves_csv") or job.text("hazard_curves_file")).split()
    ending = "fragility_file" if job.mode == DAMAGE else "vulnerability_file"
    files = job.files(ending)
    needed = {"exposure_file": exposed, "hazard_curves_csv": names, ending: files}
    found.add("option", path.name, [option for option, given in needed.items() if not given])
    found.refuse()
    assert exposed is not None  # noqa: S101 - refused above
    hazards = {
        one.measure: one for one in map(read_hazard_curves, (path.parent / n for n in names))
    }
    if hazard_as:
        hazards = {m: replace(one, poe=hazard_as(one.poe)) for m, one in hazards.items()}
    mapped = job.file("taxonomy_mapping_csv")
    items = _Items(job, read_exposure(exposed), read_mapping(mapped) if mapped else {})
    years = job.number("risk_investigation_time", next(iter(hazards.values())).years)
    columns: Columns = {}
    losses: dict[str, ClassicalLosses] = {}
    for kind, what, model in _models(job, files):
        for measure, asset, weight, names_of in items.of(model, hazards):
            met = hazards[measure]
            folio = items.portfolio(kind, met, asset, list(model.curves), names_of)
            if job.mode == DAMAGE:
                made = _states(job, met, folio, model, years)
            else:
                losses[" ".join(filter(None, (kind, what, measure)))] = one = _losses(
                    job, met, folio, model
                )
                made = _averages(job, one, years)
            for name, column in made.items():
                called = f"{kind}{name}{what and '-'}{what}"
                total = columns.setdefault(called, np.zeros(items.exposure.id.size))
                times = items.exposure.number[asset] if job.mode == DAMAGE else 1.0
                np.add.at(total, asset, column * weight * times)
    if job.mode == WORTH:
        columns |= _ratios(job, items.exposure, columns, list(files))
    return ClassicalJob(
        exposure=items.exposure, columns=columns, losses=losses, years=years, faults=items.faults
    )  # fmt: skip


def _models(job: Job, files: Mapping[str, Path]) -> list[tuple[str, str, CurveModel]]:
    """Return the models of a job, each with its kind and what they are before and after."""
    if job.mode == DAMAGE:
        return [(kind, "", read_fragility(file)) for kind, file in files.items()]
    if job.mode == LOSSES:
        return [(kind, "", read_vulnerability(file)) for kind, file in files.items()]
    better, found = job.files("vulnerability_retrofitted_file"), Found()
    lost = [f"{kind}_vulnerability_retrofitted_file" for kind in files if kind not in better]
    lost += [name for name in ("interest_rate", "asset_life_expectancy") if not job.text(name)]
    found.add("missing", job.path.name, lost)
    found.refuse()
    return [
        (kind, what, read_vulnerability(file))
        for kind in files
        for what, file in ((BEFORE, files[kind]), (AFTER, better[kind]))
    ]


def _ratios(job: Job, exposure: Exposure, columns: Columns, kinds: list[str]) -> Columns:
    """Return benefit over cost of each asset, by kind of loss."""
    found = Found()
    found.add("retrofitted", job.path.name, [k for k in kinds if k not in exposure.retrofitted])
    found.refuse()
    rate, life = (job.number(n, np.nan) for n in ("interest_rate", "asset_life_expectancy"))
    return {
        f"{kind}-{RATIO}": retrofit_worth(
            columns[f"{kind}-{BEFORE}"],
            columns[f"{kind}-{AFTER}"],
            exposure.retrofitted[kind],
            rate=rate,
            life=life,
            timing=Timing.CONTINUOUS,
        )[1]
        for kind in kinds
    }


def tables_of(done: ClassicalJob) -> dict[str, Columns]:
    """Return a classical job as the tables of a report; loss curves under `curves`."""
    given, columns = done.exposure, done.columns
    sums = {name: column for name, column in columns.items() if not name.endswith(f"-{RATIO}")}
    parts: dict[str, list[NDArray[Any]]] = {}
    for name, one in done.losses.items():
        known = np.flatnonzero(one.pair[:, 0] >= 0)
        pair = one.pair[known, 0]
        ratio, chance = one.ratio[pair], one.probability(done.years)[pair]
        held = ~np.isnan(ratio)
        ids = np.array([one.id[k].rpartition("#")[0] for k in known], dtype=object)
        rows: Columns = {
            "asset_id": np.repeat(ids, held.sum(axis=1)),
            "what": np.full(int(held.sum()), name, dtype=object),
            "share": ratio[held],
            "loss": (ratio * one.value[known])[held],
            "chance": chance[held],
        }
        for column, values in rows.items():
            parts.setdefault(column, []).append(values)
    return {
        "events": {},
        "assets": {
            "id": given.id,
            "lon": given.lonlat[:, 0],
            "lat": given.lonlat[:, 1],
            "taxonomy": given.taxonomy,
            **given.tag,
            **columns,
        },
        "totals": {
            "what": np.array(list(sums), dtype=object),
            "amount": np.array([float(column.sum()) for column in sums.values()]),
        },
        "by_tag": {},
        "curves": {column: np.concatenate(values) for column, values in parts.items()},
    }


class _Items:
    """Curves that each asset is asked by."""

    def __init__(self, job: Job, exposure: Exposure, mapping: Mapped) -> None:
        self._found = Found()
        kept = inside(exposure.lonlat, job.text("region"), f"{job.path.name}, region")
        self._found.add("region", job.path.name, list(exposure.id[~kept]))
        self.exposure = exposure.take(np.flatnonzero(kept))
        self.job, self.mapping = job, mapping

    @property
    def faults(self) -> tuple[Fault, ...]:
        return tuple(self._found.faults)

    def of(
        self, model: CurveModel, hazards: Mapping[str, HazardCurves]
    ) -> list[tuple[str, I64, F64, list[str]]]:
        """Return measure, asset, weight and curve of every item, by measure."""
        found, rows = Found(), []
        for i, taxonomy in enumerate(map(str, self.exposure.taxonomy)):
            for name, share in self.mapping.get(taxonomy, [(taxonomy, 1.0)]):
                curve = model.curves.get(name)
                if curve is None:
                    found.add("risk_id", self.job.path.name, f"{self.exposure.id[i]} ({name})")
                elif curve.intensity not in hazards:
                    found.add("no_measure", self.job.path.name, curve.intensity)
                else:
                    rows.append((curve.intensity, i, share, name))
        found.refuse()
        return [
            (
                measure,
                np.array([r[1] for r in rows if r[0] == measure], dtype=np.int64),
                np.array([r[2] for r in rows if r[0] == measure]),
                [r[3] for r in rows if r[0] == measure],
            )
            for measure in dict.fromkeys(r[0] for r in rows)
        ]

    def portfolio(
        self, kind: str, hazard: HazardCurves, asset: I64, known: list[str], names: list[str]
    ) -> Portfolio:
        """Return the items at their nearest hazard curves; those too far are named."""
        reach_m = 1000.0 * self.job.number("asset_hazard_distance", REACH_KM)
        point = nearest(hazard.place, self.exposure.lonlat[asset], reach_m)
        far = asset[point == OUTSIDE]
        self._found.add("outside", self.job.path.name, list(self.exposure.id[far]))
        worth = self.exposure.amount(kind) if self.job.mode != DAMAGE else None
        if worth is None and self.job.mode != DAMAGE:
            found = Found()
            found.add("loss_type", self.job.path.name, kind)
            found.refuse()
        value = np.ones(asset.size) if worth is None else worth[asset]
        return Portfolio(
            id=tuple(f"{self.exposure.id[a]}#{k}" for k, a in enumerate(asset)),
            point=point,
            curve=np.array([[known.index(name)] for name in names], dtype=np.int32),
            value=value[:, None],
            components=(kind,),
            currency=next((unit for _, unit in self.exposure.layout.cost.values()), ""),
            year=0,
        )


def _states(
    job: Job, hazard: HazardCurves, folio: Portfolio, model: CurveModel, years: float
) -> dict[str, F64]:
    many = int(job.number("steps_per_interval", 1))

    def rule(met: HazardCurves, curve: Curve) -> Occurrence:
        finer = many > 1 and curve.x.size > 0
        return at_levels(fine_knots(curve.x, many) if finer else None)(met, curve)

    steps: Steps = rule
    got = classical_states(hazard, folio, list(model.curves.values()), steps=steps)
    chance = got.probability(years)
    names = ("no_damage", *got.states[1:])
    return {f"-{name}": chance[:, k] for k, name in enumerate(names)}


def _losses(job: Job, hazard: HazardCurves, folio: Portfolio, model: CurveModel) -> ClassicalLosses:
    given = {one for one in model.distributions.values() if one in SPREADS}
    kinds = sorted({SPREADS[one] for one in given}) or [ShareSpread.NONE]
    if len(kinds) > 1:
        found = Found()
        found.add("option", job.path.name, "dist: " + ", ".join(kinds))
        found.refuse()
    return classical_losses(
        hazard,
        folio,
        list(model.curves.values()),
        spread=kinds[0],
        masses=model.masses,
        steps=around_levels,
        ratios=ratios_between_means(int(job.number("lrem_steps_per_interval", 1))),
    )


def _averages(job: Job, got: ClassicalLosses, years: float) -> dict[str, F64]:
    is_worth = job.mode == WORTH
    asked = [] if is_worth else [float(word) for word in job.words("conditional_loss_poes")]
    return {"": got.expected_largest(years)[:, 0]} | {
        f"~poe-{poe:g}": got.loss_at(poe, years)[:, 0] for poe in asked
    }
