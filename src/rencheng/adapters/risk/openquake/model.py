"""What a job needs, brought together: assets at their sites, ground motion, curves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.assets.table import nearest
from rencheng.adapters.risk.openquake.consequences import Consequences, read_consequences
from rencheng.adapters.risk.openquake.curves import CurveModel, read_fragility, read_vulnerability
from rencheng.adapters.risk.openquake.exposure import OCCUPANTS, Exposure, read_exposure
from rencheng.adapters.risk.openquake.faults import Found
from rencheng.adapters.risk.openquake.ground_motion import (
    GroundMotion,
    Sites,
    places,
    read_motion,
    read_sites,
)
from rencheng.adapters.risk.openquake.job import (
    REACH_KM,
    Job,
    Mapped,
    inside,
    read_job,
    read_mapping,
)
from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.risk import OUTSIDE, Portfolio

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
SCENARIO = ("scenario_risk", "scenario_damage", "multi_risk")
CATALOGUE = ("event_based_risk", "event_based_damage", "ebrisk")
# Years below this have no rate that a number can hold. Ours.
_INSTANT = 1e-9
_LOSS, _DAMAGE = "_vulnerability_file", "_fragility_file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A job that is ready to be computed."""

    job: Job
    exposure: Exposure
    """Assets within the job's region and within reach of a site."""
    point: I32
    """Site of each asset. (assets,)"""
    motion: GroundMotion
    vulnerability: Mapping[str, CurveModel]
    """By kind of loss."""
    fragility: Mapping[str, CurveModel]
    consequences: Consequences | None
    mapping: Mapped
    """Taxonomy → risk ids with weights; empty: a taxonomy is its risk id."""
    faults: tuple[Fault, ...]
    """What was mended or left out."""

    @property
    def is_scenario(self) -> bool:
        """Whether events are equally likely pictures of one."""
        return self.job.mode in SCENARIO

    @property
    def years(self) -> float:
        """Return the time that all events together stand for; of a scenario their number. [yr]"""
        if self.is_scenario:
            return float(self.motion.events)
        if not np.isnan(self.motion.years):
            return self.motion.years
        sets = self.job.number("ses_per_logic_tree_path", 1.0)
        samples = max(1.0, self.job.number("number_of_logic_tree_samples", 1.0))
        return self.job.number("investigation_time", np.nan) * sets * samples

    @property
    def horizon(self) -> float:
        """Return the time that averages are told for; of a scenario 1. [yr]"""
        if self.is_scenario:
            return 1.0
        stated = self.job.number("investigation_time", 1.0)
        return self.job.number("risk_investigation_time", stated)

    def amount(self, loss_type: str) -> F64:
        """Return what stands to be lost of a kind, refused when nobody knows it. (assets,)"""
        period = self.job.text("time_event")
        if period == "avg":
            period = ""
        found = Found()
        if loss_type == OCCUPANTS and period and period not in self.exposure.people:
            found.add("period", self.job.path.name, period)
        given = self.exposure.amount(loss_type, period)
        if given is None:
            found.add("loss_type", self.job.path.name, loss_type)
        else:
            where = f"{self.job.path.name}, {loss_type}"
            found.add("worth", where, list(self.exposure.id[np.isnan(given)]))
        found.refuse()
        return given if given is not None else np.empty(0)

    def items(self, known: Collection[str]) -> tuple[I64, list[str], F64]:
        """Return asset, risk id and weight of every curve that an asset is asked by.

        Parameters
        ----------
        known
            The risk ids that there are.

        Raises
        ------
        InvalidInputError
            When an asset has no curve.
        """
        asset, names, weight, bare = [], [], [], []
        for i, taxonomy in enumerate(map(str, self.exposure.taxonomy)):
            for name, share in self.mapping.get(taxonomy, [(taxonomy, 1.0)]):
                if name not in known:
                    bare.append(f"{self.exposure.id[i]} ({name})")
                asset.append(i)
                names.append(name)
                weight.append(share)
        found = Found()
        found.add("risk_id", self.job.path.name, bare)
        found.refuse()
        return np.array(asset, dtype=np.int64), names, np.array(weight)

    def portfolio(self, asset: I64, value: F64, curve: Sequence[int]) -> Portfolio:
        """Return some items as what the risk engine computes."""
        currency = next((unit for _, unit in self.exposure.layout.cost.values()), "")
        return Portfolio(
            id=tuple(f"{self.exposure.id[a]}#{k}" for k, a in enumerate(asset)),
            point=self.point[asset],
            curve=np.asarray(curve, dtype=np.int32)[:, None],
            value=value[:, None],
            components=("whole",),
            currency=currency,
            year=0,
        )


def read_model(path: Path) -> Model:
    """Return all that a job needs, from its `job.ini`.

    Parameters
    ----------
    path
        Of a job of OpenQuake whose ground motion is given as a file: `scenario_risk`,
        `scenario_damage`, `event_based_risk`, `event_based_damage`.

    Raises
    ------
    InvalidInputError
        With every fault of the job, or of the first file that has one.

    Notes
    -----
    An asset takes the nearest site within `asset_hazard_distance` (15 km where it is not said);
    those farther away, and those on or beyond the edge of `region`, are left out and named among
    the faults. Samples of the engine (`ignore_covs = false`, `discrete_damage_distribution`) are
    not drawn: losses and damage are the expected ones.
    """
    job = read_job(path)
    found = Found()
    if job.mode not in (*SCENARIO[:2], *CATALOGUE):
        found.add("mode", path.name, job.mode)
    exposed, shaken = job.file("exposure_file"), job.file("gmfs_csv", "gmfs_file")
    for name, file in (("exposure_file", exposed), ("gmfs_file", shaken)):
        if file is None:
            found.add("missing", path.name, name)
    curves = {k: v for k, v in job.files(_LOSS[1:]).items() if "risk" in job.mode}
    states = {k: v for k, v in job.files(_DAMAGE[1:]).items() if "damage" in job.mode}
    if not curves and not states:
        found.add("missing", path.name, _LOSS[1:] if "risk" in job.mode else _DAMAGE[1:])
    found.refuse()
    assert exposed is not None and shaken is not None  # noqa: S101, PT018 - refused above
    motion = read_motion(
        shaken, _sites(job), events=int(job.number("number_of_ground_motion_fields", 0))
    )
    exposure, point, left_out = _placed(read_exposure(exposed), motion, job)
    vulnerability = {kind: read_vulnerability(file) for kind, file in curves.items()}
    fragility = {kind: read_fragility(file) for kind, file in states.items()}
    known = {"taxonomy", "id", "site_id", *exposure.tag}
    found.add("option", f"{path.name}, aggregate_by", sorted({*job.words("aggregate_by")} - known))
    found.refuse()
    mapped = job.file("taxonomy_mapping_csv")
    mended = [f for one in fragility.values() for f in one.faults]
    made = Model(
        job=job,
        exposure=exposure,
        point=point,
        motion=motion,
        vulnerability=vulnerability,
        fragility=fragility,
        consequences=_consequences(job),
        mapping=read_mapping(mapped) if mapped else {},
        faults=(*left_out, *mended),
    )
    if not made.years > _INSTANT or not made.horizon > 0:
        found.add("missing", path.name, ["investigation_time", "risk_investigation_time"])
        found.refuse()
    return made


def _sites(job: Job) -> Sites | None:
    file = job.file("sites_csv", "site_model_file", "sites_file")
    if file:
        return read_sites(file)
    said = job.text("sites")
    return places(said, f"{job.path.name}, sites") if said else None


def _consequences(job: Job) -> Consequences | None:
    said = job.mapping("consequence_file")
    names: list[str] = []
    for value in said.values():
        names += [str(one) for one in value] if isinstance(value, list) else [str(value)]
    return read_consequences([job.path.parent / name for name in names]) if names else None


def _placed(
    exposure: Exposure, motion: GroundMotion, job: Job
) -> tuple[Exposure, I32, tuple[Fault, ...]]:
    """Return the assets that are computed with their sites, and who is left out."""
    found = Found()
    kept = inside(exposure.lonlat, job.text("region"), f"{job.path.name}, region")
    found.add("region", job.path.name, list(exposure.id[~kept]))
    reach_m = 1000.0 * job.by_kind("asset_hazard_distance", "default", REACH_KM)
    point = nearest(motion.sites.lonlat, exposure.lonlat, reach_m)
    far = kept & (point == OUTSIDE)
    found.add("outside", job.path.name, list(exposure.id[far]))
    rows = np.flatnonzero(kept & ~far)
    if not rows.size:
        raise InvalidInputError(
            "openquake.nobody",
            f"{job.path.name}: none of {exposure.id.size} assets is within reach of a site",
            hint="Check the region, the sites and asset_hazard_distance",
            params={"file": job.path.name, "count": int(exposure.id.size)},
            faults=found.faults,
        )
    return exposure.take(rows), point[rows], found.faults
