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
import zipfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np

from rencheng.adapters.risk.openquake.classical_job import (
    AFTER,
    BEFORE,
    RATIO,
    run_classical,
    tables_of,
)
from rencheng.adapters.risk.openquake.job import read_job
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk_classical import SUREST, ClassicalLosses
from rencheng.model.risk.classical.branches import over_branches
from rencheng.model.risk.classical.losses import retrofit_worth
from rencheng.model.risk.measures.discounting import Timing

NEEDS = ("openquake-engine==3.26.2",)
CASES = "openquake/qa_tests_data"
CALCULATORS = ("classical_damage", "classical_risk", "classical_bcr")
Numbers = Iterator[tuple[str, float]]
"""What is printed, and ours."""
Ranges = Iterator[tuple[str, float, float]]
"""What is printed, and the ends of ours."""
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
    numbers = sum(compared(root / name, given) for name, given in whole.items())
    refused(root)
    second = {name: within(root / name, given) for name, given in derived(root)}
    left = left_out(root, set(whole) | set(second))
    return (
        f"{len(whole)} files ({numbers} numbers) to the printed digits from their inputs; "
        f"{len(second)} ({sum(second.values())} numbers) within what the rounding of the printed "
        f"outputs allows that they follow from; 2 inputs refused as OpenQuake refuses them{left}"
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


def compared(file: Path, given: Numbers) -> int:
    """Return how many numbers agree to the printed digits."""
    many = 0
    for printed, ours in given:
        digits = len(printed.partition("E")[0].lstrip("-").replace(".", "")) - 1
        # OpenQuake keeps its results in single precision.
        if printed not in {f"{kept:.{digits}E}" for kept in (ours, np.float32(ours))}:
            raise AssertionError(f"{file.parent.parent.name}/{file.name}: {printed}, ours {ours!r}")
        many += 1
    if not many:
        raise AssertionError(f"{file}: nothing was compared")
    return many


def within(file: Path, given: Ranges) -> int:
    """Return how many printed numbers lie where the digits of those they follow from allow."""
    many = 0
    for printed, low, high in given:
        least, most = ends(printed)
        if not (low <= most and least <= high):
            said = f"{printed}, ours {low!r} to {high!r}"
            raise AssertionError(f"{file.parent.parent.name}/{file.name}: {said}")
        many += 1
    if not many:
        raise AssertionError(f"{file}: nothing was compared")
    return many


def last_digit(printed: str) -> float:
    """Return the worth of the last digit of a number with an exponent."""
    digits, _, power = printed.partition("E")
    return float(10.0 ** (int(power) - len(digits.partition(".")[2])))


def rows(file: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV that may begin with a comment."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(lines[1:] if lines[0].startswith("#") else lines))


def frequencies_kept(poe: np.ndarray) -> np.ndarray:
    """Return probabilities whose frequencies were kept in single precision."""
    kept = -np.log1p(-np.minimum(poe, SUREST)).astype(np.float32)
    return np.asarray(-np.expm1(-kept.astype(np.float64)))


def probabilities_kept(poe: np.ndarray) -> np.ndarray:
    """Return probabilities that went to frequencies and back in single precision."""
    one = np.float32(1.0)
    return np.asarray(one - np.exp(np.log(one - poe.astype(np.float32))), dtype=np.float64)


def damage(root: Path, case: int, variant: str) -> Numbers:
    """Damage states, every one of them, by the job as it stands."""
    place = root / f"classical_damage/case_{case}"
    done = run_classical(place / f"job_{variant}.ini", frequencies_kept)
    ids = list(map(str, done.exposure.id))
    for row in rows(place / f"expected/damage_{variant}.csv"):
        for name in (one for one in row if one.startswith("structural-")):
            yield row[name], float(done.columns[name][ids.index(row["asset_id"])])


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
    """Losses before and after a retrofit, and the ratio, losses kept in single precision."""
    path = root / "classical_bcr/case_1/job_risk.ini"
    done, job = run_classical(path, probabilities_kept), read_job(path)
    old, new = (
        done.columns[f"structural-{name}"].astype(np.float32).astype(np.float64)
        for name in (BEFORE, AFTER)
    )
    _, ratio = retrofit_worth(
        old, new, done.exposure.retrofitted["structural"],
        rate=job.number("interest_rate", np.nan),
        life=job.number("asset_life_expectancy", np.nan), timing=Timing.CONTINUOUS,
    )  # fmt: skip
    assert np.allclose(ratio, done.columns[f"structural-{RATIO}"], rtol=1e-6)
    ids = list(map(str, done.exposure.id))
    for row in rows(path.parent / "expected/bcr-structural.csv"):
        for name, ours in ((BEFORE, old), (AFTER, new), (RATIO, ratio)):
            yield row[name], float(ours[ids.index(row["asset_id"])])


def refused(root: Path) -> None:
    """Probabilities above 1 and below 0, which OpenQuake's test wants refused, are refused here."""
    for name in ("prob_above1", "prob_below0"):
        try:
            run_classical(root / f"classical_risk/case_2/job_risk-{name}.ini")
        except InvalidInputError:
            continue
        raise AssertionError(f"{name} was not refused")


def derived(root: Path) -> Iterator[tuple[str, Ranges]]:
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
    yield name, average_of(root / risk.format(5, "loss_curves-mean"), root / name)


def ends(printed: str) -> tuple[float, float]:
    """Return between which numbers one lay that was printed so: half a unit of the last digit."""
    half = 0.5 * last_digit(printed)
    return float(printed) - half, float(printed) + half


def other_time(base: Path, file: Path, years: float, many: float) -> Ranges:
    """Chances of states in a year, asked for another time and number of buildings.

    Of an increasing chance of one state, and of all worse ones, the result moves one way: its ends
    are among those of the numbers printed.
    """
    (one,), (other,) = rows(base), rows(file)
    names = [name for name in one if name.startswith("structural-")]
    corners = []
    for chance in product(*(ends(one[name]) for name in names[1:])):
        once = np.cumsum(chance[::-1])[::-1]  # from the worst, where no digits are lost
        reached = np.append(1.0, -np.expm1(years * np.log1p(-once)))
        corners.append(-np.diff(np.append(reached, 0.0)) * many)
    found = np.array(corners)
    for name, low, high in zip(names, found.min(axis=0), found.max(axis=0), strict=True):
        yield other[name], float(low), float(high)


def mean_states(file: Path) -> Ranges:
    """The mean over two branches of the same weight."""
    (a,), (b,), (mean,) = (
        rows(file.with_name(name))
        for name in (
            "damages-rlzs-AkkarBommer2010().csv", "damages-rlzs-SadighEtAl1997().csv", file.name
        )
    )  # fmt: skip
    for name in (name for name in mean if name.startswith("structural-")):
        (low, high), _ = over_branches([ends(a[name]), ends(b[name])], [0.5, 0.5])
        yield mean[name], float(low), float(high)


def average_of(curves: Path, file: Path) -> Ranges:
    """The expected largest loss within a year, of printed loss curves."""
    low, high = (curves_at(curves, end).expected_largest(1.0)[:, 0] for end in (0, 1))
    names = curves_at(curves, 0).id
    for row in rows(file):
        at = names.index(row["asset_id"])
        yield row["structural"], float(low[at]), float(high[at])


def curves_at(file: Path, end: int) -> ClassicalLosses:
    """Return printed loss curves as a result of ours, at one end of what their digits allow."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    for row in rows(file):
        found.setdefault(row["asset_id"], []).append(
            (float(row["loss_ratio"]), ends(row["poe"])[end], ends(row["loss_value"])[end])
        )
    many, size = len(found), max(map(len, found.values()))
    table = np.full((3, many, size), np.nan)
    for i, steps in enumerate(found.values()):
        table[:, i, : len(steps)] = np.transpose(steps)
    return ClassicalLosses(
        id=tuple(found), components=("structural",), value=np.nanmax(table[2], axis=1)[:, None],
        pair=np.arange(many, dtype=np.int32)[:, None], ratio=table[0],
        rate=-np.log1p(-np.maximum(table[1], 0.0)), known_aal=np.zeros((many, 1)),
        dark=np.zeros((many, 1)), standing=np.zeros(many, dtype=np.uint8), counts={}, currency="",
        year=0, versions={},
    )  # fmt: skip


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
