"""Several perils of one job (`multi_risk`): each as points with an intensity, or as polygons."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.assets.table import nearest
from rencheng.adapters.risk.openquake.consequences import read_consequences
from rencheng.adapters.risk.openquake.curves import CurveModel, read_fragility
from rencheng.adapters.risk.openquake.exposure import Exposure, read_exposure
from rencheng.adapters.risk.openquake.faults import Found
from rencheng.adapters.risk.openquake.files import read_bytes, table
from rencheng.adapters.risk.openquake.ground_motion import GroundMotion, Sites
from rencheng.adapters.risk.openquake.job import REACH_KM, Job, inside, read_job
from rencheng.adapters.risk.openquake.measures import measure_of
from rencheng.adapters.risk.openquake.model import Model
from rencheng.domain.curve import Curve, CurveKind, CurveStatus

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
REACHED = "reached"
WET = "ASH_WET"


def read_perils(path: Path) -> dict[str, Model]:
    """Return a model for every peril of a job, by its name.

    Parameters
    ----------
    path
        Of a job with `multi_peril_file`: CSV with `lon`, `lat`, `intensity`, or with a polygon in
        `geom` inside of which the intensity is 1. Ash (`ASH`) becomes `ASH_DRY` and, times
        `ash_wet_amplification_factor`, `ASH_WET`, both asked of the fragility; a flow (`LAVA`,
        `LAHAR`, `PYRO`) destroys the share of an asset that its intensity says.

    Raises
    ------
    InvalidInputError
        With every fault of the job, or of the first file that has one.

    Notes
    -----
    An asset takes the nearest point that the peril reaches within `asset_hazard_distance`, which
    may be a mapping by peril; points of no intensity play no part, as with OpenQuake. Perils are
    not combined: what one has destroyed may be destroyed by another again.
    """
    job = read_job(path)
    found = Found()
    files = {name: job.path.parent / str(file) for name, file in job.mapping(_FILE).items()}
    exposed, fragile = job.file("exposure_file"), job.file("structural_fragility_file")
    wanted = {"exposure_file": exposed, _FILE: files, "structural_fragility_file": fragile}
    found.add("missing", path.name, [name for name, file in wanted.items() if not file])
    found.refuse()
    assert exposed is not None and fragile is not None  # noqa: S101, PT018 - refused above
    exposure = read_exposure(exposed)
    kept = inside(exposure.lonlat, job.text("region"), f"{path.name}, region")
    exposure = exposure.take(np.flatnonzero(kept))
    fragility = read_fragility(fragile)
    said = [job.path.parent / str(name) for name in job.mapping("consequence_file").values()]
    damage = read_consequences(said) if said else None
    models = {}
    for name, file in files.items():
        motion, point = _peril(name, file, exposure, job)
        model = Model(
            job=job,
            exposure=exposure,
            point=point,
            motion=motion,
            vulnerability={},
            fragility={},
            consequences=None,
            mapping={},
            faults=fragility.faults,
        )
        if name != "ASH":
            models[name] = _flow(model)
            continue
        ash = replace(model, fragility={"structural": fragility}, consequences=damage)
        wet = job.number("ash_wet_amplification_factor", 1.0)
        heavier = {imt: (x * wet).astype(np.float32) for imt, x in motion.imt.items()}
        models["ASH_DRY"] = ash
        models[WET] = replace(ash, motion=replace(motion, imt=heavier))
    return models


_FILE = "multi_peril_file"


def _peril(name: str, file: Path, exposure: Exposure, job: Job) -> tuple[GroundMotion, I32]:
    """Return a peril as one event, and the point of each asset."""
    found = Found()
    found.add("measure", job.path.name, [] if measure_of(name)[0] else [name])
    read = table(read_bytes(file, found), file.name, found)
    found.refuse()
    if "geom" in read:
        within = _within(read.columns["geom"], exposure.lonlat, file.name, found)
        found.refuse()
        lonlat, x = exposure.lonlat[within], np.ones(int(within.sum()))
        point = np.full(within.size, -1, dtype=np.int32)
        point[within] = np.arange(x.size)
    else:
        found.add("columns", file.name, [n for n in ("lon", "lat", "intensity") if n not in read])
        found.refuse()
        lonlat = np.column_stack([read.numbers(n, found) for n in ("lon", "lat")])
        x = read.numbers("intensity", found)
        bad = np.flatnonzero(~(x >= 0) | np.isinf(x))
        found.add("negative", file.name, [f"line {i + 2}" for i in bad])
        found.refuse()
        lonlat, x = lonlat[x != 0.0], x[x != 0.0]
        point = nearest(
            lonlat, exposure.lonlat, 1000.0 * job.by_kind("asset_hazard_distance", name, REACH_KM)
        )
    motion = GroundMotion(
        sites=Sites(id=np.arange(x.size).astype(str).astype(object), lonlat=lonlat),
        events=1,
        site=np.arange(x.size),
        event=np.zeros(x.size, dtype=np.int64),
        imt={name: x.astype(np.float32)},
        source=file.name,
        chance={},
    )
    return motion, point


def _within(texts: NDArray[Any], lonlat: F64, where: str, found: Found) -> NDArray[np.bool_]:
    """Return which places lie in one of some polygons. (n,)"""
    import shapely

    shapes = shapely.from_wkt(texts.tolist(), on_invalid="ignore")
    found.add("place", where, [f"line {i + 2}" for i, s in enumerate(shapes) if s is None])
    spots = shapely.points(lonlat)
    parts = [shapely.contains(shape, spots) for shape in shapes if shape is not None]
    return np.asarray(np.any([np.zeros(len(lonlat), bool), *parts], axis=0))


def _flow(model: Model) -> Model:
    """Return the model of a peril that destroys what it reaches."""
    (name,) = model.motion.imt
    curve = Curve(
        id=REACHED,
        kind=CurveKind.VULNERABILITY,
        hazard="volcano",
        component="whole",
        intensity="reach",
        unit="1",
        asset="any",
        region="any",
        x=np.array([0.0, 1.0]),
        mean=np.array([0.0, 1.0]),
        low=0.0,
        high=1.0,
        source="What the flow reaches is lost, by the definition of the job's peril",
        licence="CC0-1.0",
        status=CurveStatus.ASSUMPTION,
        version="1",
    )
    taxonomies = dict.fromkeys(map(str, model.exposure.taxonomy))
    every = CurveModel(loss_type=name, curves={REACHED: curve}, distributions={})
    period = model.job.text("time_event")
    kinds = [*model.exposure.layout.cost, *(["occupants"] if period else []), "number"]
    return replace(
        model,
        vulnerability=dict.fromkeys(kinds, every),
        mapping={one: [(REACHED, 1.0)] for one in taxonomies},
    )
