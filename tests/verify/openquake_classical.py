"""OpenQuake's published cases of classical damage, classical risk and benefit-cost.

The package is AGPL-3: its data are read, its code is never imported. Cases whose hazard is given as
a file are computed from their inputs, and every number is held against the digits that are printed.
Of cases whose hazard OpenQuake computes from sources, those outputs that follow from another
printed output are computed from that one: the same hazard for another time or number of buildings,
the mean over branches, the average of a loss curve. What is left is listed with the reason.

How OpenQuake rounds hazard on the way is our reading of its digits (`frequencies_kept`,
`probabilities_kept`): in full precision two chances differ by one in the seventh digit, and the
losses of classical_bcr by 3.5e-6.
"""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from rencheng.adapters.risk.openquake.classical_job import run_classical, tables_of
from rencheng.adapters.risk.openquake.curves import CurveModel, read_vulnerability
from rencheng.adapters.risk.openquake.exposure import Exposure, read_exposure
from rencheng.adapters.risk.openquake.hazard_curves import read_hazard_curves
from rencheng.adapters.risk.openquake.job import Job, read_job
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk import Portfolio
from rencheng.domain.risk_classical import SUREST, ClassicalLosses, HazardCurves, ShareSpread
from rencheng.model.risk.classical.losses import (
    classical_losses,
    over_branches,
    ratios_between_means,
    retrofit_worth,
)
from rencheng.model.risk.classical.states import around_levels
from rencheng.model.risk.measures.discounting import Timing

NEEDS = ("openquake-engine==3.26.2",)
CASES = "openquake/qa_tests_data"
CALCULATORS = ("classical_damage", "classical_risk", "classical_bcr")
SPREADS = {"LN": ShareSpread.LOGNORMAL, "BT": ShareSpread.BETA}
Numbers = Iterator[tuple[str, float]]
LEFT = "hazard from sources and ground-motion models, which no file gives"
OLD = "older figures of the same case (0.486046); the CSV beside it is the current one"


def judge(folder: Path) -> str:
    """Return what was compared; raise AssertionError when a printed digit differs."""
    root = unpack(folder)
    whole = {
        **{f"classical_damage/case_{n}/expected/damage_{v}.csv": damage(root, n, v)
           for n in (1, 2) for v in ("continuous", "discrete", "interpolation")},
        "classical_risk/case_1/expected/avg_losses-mean.csv": averages(root, "case_1/job.ini"),
        "classical_risk/case_2/expected/avg_losses-mean.csv": averages(root, "case_2/job_risk.ini"),
        "classical_risk/case_2/expected/loss_curves.csv": loss_curve(root),
        "classical_risk/case_2/expected/loss_maps.csv": loss_map(root),
        "classical_bcr/case_1/expected/bcr-structural.csv": benefit_cost(root),
    }  # fmt: skip
    numbers = sum(compared(root / name, given, 0.0) for name, given in whole.items())
    refused(root)
    second = {name: compared(root / name, given, 3.0) for name, given in derived(root)}
    left = left_out(root, set(whole) | set(second))
    return (
        f"{len(whole)} files ({numbers} numbers) to the printed digits from their inputs; "
        f"{len(second)} ({sum(second.values())} numbers) within 3 of the last digit from other "
        f"printed outputs; 2 inputs refused as OpenQuake refuses them{left}"
    )


def unpack(folder: Path) -> Path:
    """Return the folder with the cases."""
    root = folder / "openquake_classical"
    with zipfile.ZipFile(next(folder.glob("openquake_engine-*.whl"))) as archive:
        for name in archive.namelist():
            part = name.removeprefix(f"{CASES}/")
            if part.startswith(CALCULATORS) and not name.endswith((".py", "/")):
                (root / part).parent.mkdir(parents=True, exist_ok=True)
                (root / part).write_bytes(archive.read(name))
    return root


def compared(file: Path, given: Numbers, last_digits: float) -> int:
    """Return how many numbers agree; each within some of the last digit that is printed."""
    many = 0
    for printed, ours in given:
        digits = len(printed.partition("E")[0].lstrip("-").replace(".", "")) - 1
        if last_digits:
            unit = 10.0 ** (int(printed.partition("E")[2]) - digits)
            agrees = abs(ours - float(printed)) <= last_digits * unit
        else:
            # OpenQuake keeps its results in single precision.
            agrees = printed in {f"{kept:.{digits}E}" for kept in (ours, np.float32(ours))}
        if not agrees:
            raise AssertionError(f"{file.parent.parent.name}/{file.name}: {printed}, ours {ours!r}")
        many += 1
    if not many:
        raise AssertionError(f"{file}: nothing was compared")
    return many


def rows(file: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV that may begin with a comment."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(lines[1:] if lines[0].startswith("#") else lines))


def hazard_of(job: Job, measure: str) -> HazardCurves:
    """Return the hazard of a job for a measure; the names of files hold brackets, no blanks."""
    kept = probabilities_kept if job.mode == "classical_bcr" else frequencies_kept
    names = (job.text("hazard_curves_csv") or job.text("hazard_curves_file")).split()
    for name in names:
        read = read_hazard_curves(job.path.parent / name)
        if read.measure == measure:
            return replace(read, poe=kept(read.poe))
    raise AssertionError(f"{job.path}: no hazard curve of {measure}")


def frequencies_kept(poe: np.ndarray) -> np.ndarray:
    """Return probabilities whose frequencies were kept in single precision."""
    kept = -np.log1p(-np.minimum(poe, SUREST)).astype(np.float32)
    return np.asarray(-np.expm1(-kept.astype(np.float64)))


def probabilities_kept(poe: np.ndarray) -> np.ndarray:
    """Return probabilities that went to frequencies and back in single precision."""
    one = np.float32(1.0)
    return np.asarray(one - np.exp(np.log(one - poe.astype(np.float32))), dtype=np.float64)


def folio(exposure: Exposure, hazard: HazardCurves, model: CurveModel) -> Portfolio:
    """Return the assets, each at its own hazard curve."""
    apart = np.linalg.norm(exposure.lonlat[:, None] - hazard.place[None], axis=2)
    names = list(model.curves)
    worth = exposure.value.get("structural", np.ones(exposure.id.size))
    return Portfolio(
        id=tuple(map(str, exposure.id)),
        point=apart.argmin(axis=1).astype(np.int32),
        curve=np.array([[names.index(t)] for t in exposure.taxonomy], dtype=np.int32),
        value=worth[:, None],
        components=("structural",),
        currency="USD",
        year=2024,
    )


def damage(root: Path, case: int, variant: str) -> Numbers:
    """Damage states, every one of them, by the job as it stands."""
    place = root / f"classical_damage/case_{case}"
    done = run_classical(place / f"job_{variant}.ini", frequencies_kept)
    ids = list(map(str, done.exposure.id))
    for row in rows(place / f"expected/damage_{variant}.csv"):
        for name in (one for one in row if one.startswith("structural-")):
            yield row[name], float(done.columns[name][ids.index(row["asset_id"])])


def losses(
    root: Path, path: str, kind: str = "vulnerability"
) -> tuple[Job, ClassicalLosses, float]:
    """Return a job, its losses and the time that they are asked for."""
    job = read_job(root / path)
    file = f"structural_{kind}_file"
    model = read_vulnerability(job.path.parent / job.text(file))
    hazard = hazard_of(job, next(iter(model.curves.values())).intensity)
    (spread,) = {SPREADS[one] for one in model.distributions.values()}
    found = classical_losses(
        hazard,
        folio(read_exposure(job.path.parent / job.text("exposure_file")), hazard, model),
        list(model.curves.values()),
        spread=spread,
        steps=around_levels,
        ratios=ratios_between_means(int(job.number("lrem_steps_per_interval", 1))),
    )
    return job, found, job.number("risk_investigation_time", hazard.years)


def averages(root: Path, path: str) -> Numbers:
    """Average losses: the expected largest loss within the time of the risk."""
    job = root / "classical_risk" / path
    done = run_classical(job, frequencies_kept)
    ids = list(map(str, done.exposure.id))
    for row in rows(job.parent / "expected/avg_losses-mean.csv"):
        yield row["structural"], float(done.columns["structural"][ids.index(row["asset_id"])])


def loss_curve(root: Path) -> Numbers:
    """Every step of a loss curve."""
    job = root / "classical_risk/case_2/job_risk.ini"
    ours = tables_of(run_classical(job, frequencies_kept))["curves"]
    for k, row in enumerate(rows(job.parent / "expected/loss_curves.csv")):
        for name, column in (("loss_value", "loss"), ("loss_ratio", "share"), ("poe", "chance")):
            yield row[name], float(ours[column][k])


def loss_map(root: Path) -> Numbers:
    """The loss at a probability."""
    job = root / "classical_risk/case_2/job_risk.ini"
    ours = run_classical(job, frequencies_kept).columns
    for row in rows(job.parent / "expected/loss_maps.csv"):
        yield row["structural~poe-0.01"], float(ours["structural~poe-0.01"][0])


def benefit_cost(root: Path) -> Numbers:
    """Losses before and after a retrofit, and the ratio; the cost stands in the exposure alone."""
    job, before, years = losses(root, "classical_bcr/case_1/job_risk.ini")
    _, after, _ = losses(root, "classical_bcr/case_1/job_risk.ini", "vulnerability_retrofitted")
    text = (job.path.parent / job.text("exposure_file")).read_text(encoding="utf-8")
    cost = np.array([float(v) for v in re.findall(r'retrofitted="([\d.]+)"', text)])
    old, new = (
        one.expected_largest(years)[:, 0].astype(np.float32).astype(np.float64)
        for one in (before, after)
    )
    _, ratio = retrofit_worth(
        old, new, cost, rate=job.number("interest_rate", np.nan),
        life=job.number("asset_life_expectancy", np.nan), timing=Timing.CONTINUOUS,
    )  # fmt: skip
    for row in rows(job.path.parent / "expected/bcr-structural.csv"):
        at = before.id.index(row["asset_id"])
        for name, ours in (("annual_loss_orig", old), ("annual_loss_retro", new), ("bcr", ratio)):
            yield row[name], float(ours[at])


def refused(root: Path) -> None:
    """Probabilities above 1 and below 0, which OpenQuake's test wants refused, are refused here."""
    for name in ("prob_above1", "prob_below0"):
        job = read_job(root / f"classical_risk/case_2/job_risk-{name}.ini")
        try:
            hazard_of(job, "PGA")
        except InvalidInputError:
            continue
        raise AssertionError(f"{name} was not refused")


def derived(root: Path) -> Iterator[tuple[str, Numbers]]:
    """Outputs that follow from other printed outputs of the same hazard."""
    states, risk = (
        "classical_damage/case_{}/expected/{}.csv",
        "classical_risk/case_{}/expected/{}.csv",
    )
    base = root / states.format("2b", "damages")
    for case, years, many in (("4b", 75.0, 1.0), ("4c", 75.0, 1.0), ("5a", 1.0, 5.0)):
        name = states.format(case, "damages")
        yield name, other_time(base, root / name, years, many)
    name = states.format("8a", "damages-stats")
    yield name, mean_states(root / name)
    name = risk.format(5, "avg_losses-mean")
    found = read_curves(root / risk.format(5, "loss_curves-mean"), 1.0)
    yield name, average_of(found, root / name)


def other_time(base: Path, file: Path, years: float, many: float) -> Numbers:
    """Chances of states in a year, asked for another time and number of buildings."""
    (one,), (other,) = rows(base), rows(file)
    names = [name for name in one if name.startswith("structural-")]
    chance = np.array([float(one[name]) for name in names])
    once = np.cumsum(chance[:0:-1])[::-1]  # from the worst, where no digits are lost
    reached = np.append(1.0, -np.expm1(years * np.log1p(-once)))
    for name, ours in zip(names, -np.diff(np.append(reached, 0.0)) * many, strict=True):
        yield other[name], float(ours)


def mean_states(file: Path) -> Numbers:
    """The mean over two branches of the same weight."""
    (a,), (b,), (mean,) = (
        rows(file.with_name(name))
        for name in (
            "damages-rlzs-AkkarBommer2010().csv", "damages-rlzs-SadighEtAl1997().csv", file.name
        )
    )  # fmt: skip
    names = [name for name in mean if name.startswith("structural-")]
    ours, _ = over_branches([[float(one[n]) for n in names] for one in (a, b)], [0.5, 0.5])
    yield from ((mean[name], float(value)) for name, value in zip(names, ours, strict=True))


def read_curves(file: Path, years: float) -> ClassicalLosses:
    """Return printed loss curves as a result of ours."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    for row in rows(file):
        found.setdefault(row["asset_id"], []).append(
            (float(row["loss_ratio"]), float(row["poe"]), float(row["loss_value"]))
        )
    many, size = len(found), max(map(len, found.values()))
    table = np.full((3, many, size), np.nan)
    for i, steps in enumerate(found.values()):
        table[:, i, : len(steps)] = np.transpose(steps)
    return ClassicalLosses(
        id=tuple(found), components=("structural",), value=np.nanmax(table[2], axis=1)[:, None],
        pair=np.arange(many, dtype=np.int32)[:, None], ratio=table[0],
        rate=-np.log1p(-table[1]) / years, known_aal=np.zeros((many, 1)), dark=np.zeros((many, 1)),
        standing=np.zeros(many, dtype=np.uint8), counts={}, currency="", year=0, versions={},
    )  # fmt: skip


def average_of(found: ClassicalLosses, file: Path) -> Numbers:
    """The expected largest loss within a year."""
    ours = found.expected_largest(1.0)[:, 0]
    for row in rows(file):
        yield row["structural"], float(ours[found.id.index(row["asset_id"])])


def left_out(root: Path, done: set[str]) -> str:
    """Return the expected files that are left, with the reason."""
    every = {str(f.relative_to(root)) for f in root.rglob("expected/*") if f.is_file()} - done
    old = {name for name in every if name.endswith(".xml")}
    short = [name.replace("/expected/", "/") for name in sorted(every - old)]
    return "".join(
        f"\n    not matched, {why}: {', '.join(names)}"
        for why, names in ((LEFT, short), (OLD, [n.replace("/expected/", "/") for n in old]))
        if names
    )
