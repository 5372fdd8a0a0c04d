"""pelicun's analytic validations 0, 1 and 2, exact and sampled by our own engine.

The package is BSD-3; its data are read, its code is never imported. What its tests assert: 0, the
loss has the median and dispersion of its demand (0.05 and 0.90, tolerance 1e-2); 1, chances of
states equal Φ(ln(D/C)/√(β_D² + β_C²)) (tolerance 1e-2); 2, a workflow of everything together comes
to a table, without any number. For 2 we hold the samples against what follows by hand.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from math import erf, exp, log, prod, sqrt
from pathlib import Path

import numpy as np

from rencheng.domain.curve import Curve, CurveKind, CurveStatus
from rencheng.domain.intensity import factor
from rencheng.domain.risk_component import (
    Component,
    DemandCost,
    Demands,
    Replacement,
    Scatter,
    UnitCost,
)
from rencheng.model.risk.components import component_losses, demand_samples, state_chances

NEEDS = ("pelicun==3.10.0", "simcenter-dlml==3.2")
PLACE = "pelicun/tests/validation"
P58 = "dlml/data/seismic/building/component/FEMA P-58 2nd Edition/consequence_repair.csv"
SAMPLES, SEED = 200_000, 42
TOLERANCE = 1e-2
# FEMA P-58 (2018), volume 1: accelerations without direction are 1.2 times the larger of two.
WITHOUT_DIRECTION = 1.2
Row = dict[str, str]


def judge(folder: Path) -> str:
    """Return what was compared; raise AssertionError when it differs."""
    return "; ".join((loss_function(folder), states(folder), workflow(folder)))


def loss_function(folder: Path) -> str:
    """Validation 0: the loss is the demand in g; the demand is a lognormal of 0.5 m/s² and 0.9."""
    (row,) = table(folder, "v0/data/loss_functions.csv")
    demands = Demands(
        names=("PFA-0-1",),
        median=np.array([0.5 * factor("PFA", "m/s2", "g")]),
        beta=np.array([0.9]),
    )
    one = Component(id="cmp.A", demand=demands.names, demand_cost=cost_of(row))
    loss = component_losses(
        demand_samples(demands, SAMPLES, seed=SEED), demands.names, [one], seed=SEED
    ).total
    median, spread = float(np.median(loss)), float(np.log(loss).std())
    close("v0 median", median, 0.05)
    close("v0 dispersion", spread, 0.90)
    return f"v0: median {median:.4f} (0.05), dispersion {spread:.4f} (0.90)"


def states(folder: Path) -> str:
    """Validation 1: chances of two states under a lognormal drift of 0.015 and 0.6."""
    (row,) = table(folder, "v1/data/damage_db.csv")
    demands = Demands(names=("PID-1-1",), median=np.array([0.015]), beta=np.array([0.6]))
    one = Component(id="cmp.A", demand=demands.names, fragility=fragility_of(row, "drift", "1"))
    capacity = [(float(row[f"LS{k}-Theta_0"]), float(row[f"LS{k}-Theta_1"])) for k in (1, 2)]
    reached = [phi(log(0.015 / median) / sqrt(0.6**2 + beta**2)) for median, beta in capacity]
    want = np.array([1.0 - reached[0], reached[0] - reached[1], reached[1]])
    exact = state_chances(demands, one)
    drawn = component_losses(
        demand_samples(demands, SAMPLES, seed=SEED), demands.names, [one], seed=SEED
    ).chance[0]
    off, apart = np.abs(exact - want).max(), np.abs(drawn - want).max()
    if not off <= 1e-9 or not apart <= TOLERANCE:
        raise AssertionError(f"v1: {want} by hand, exact {exact}, sampled {drawn}")
    return f"v1: exact within {off:.0e}, sampled within {apart:.1e} of the closed form"


def workflow(folder: Path) -> str:
    """Validation 2: components with states and without, collapse, drift that stays."""
    feels = table(folder, "v2/data/demand_data.csv")
    whole = {key(row): float(row["DS1-Theta_0"])
             for row in table(folder, "v2/data/additional_consequences.csv")}  # fmt: skip
    peak = {"SA_1.13-0-1": 1.5, **{f"RID-1-{d}": 0.005 for d in (1, 2)}}  # as the test fixes them
    names = tuple(key(row) for row in feels) + tuple(peak)
    many = len(feels)
    table_of = np.eye(len(names))
    table_of[:many, :many] = 1.0
    demands = Demands(
        names=names,
        median=np.array([float(row["Theta_0"]) for row in feels] + list(peak.values())),
        beta=np.array([float(row["Theta_1"]) for row in feels] + [0.0] * len(peak)),
        correlation=table_of,
    )
    components = stock(folder)
    price = whole["replacement-Cost"]
    found = component_losses(
        demand_samples(demands, SAMPLES, seed=SEED), names, components, seed=SEED,
        replacement=Replacement(cost=price, when=("collapse", "stays-1", "stays-2")),
    )  # fmt: skip
    stays = phi(log(0.005 / 0.01) / 0.3)
    kept = prod((1.0 - 0.5, 1.0 - stays, 1.0 - stays))
    broken = phi(log(1.2 * 0.45 / 0.40) / sqrt(0.4**2 + 0.5**2))
    mean = 1.2 * 0.45 * exp(0.4**2 / 2)  # of the larger of two equal demands
    want = {
        "chiller": kept * broken * sum(
            p * float(c.amount[0]) * (exp(c.spread**2 / 2) if c.scatter is Scatter.LOGNORMAL else 1)
            for p, c in zip(components[0].parts[0], components[0].cost, strict=True)
        ),
        "testing.component": kept * mean * 100_000 / 5 * exp(0.3**2 / 2),
        "testing.component.2": kept * 2 * mean * 10 / 5,
    }  # fmt: skip
    for name, ours in want.items():
        drawn = found.loss[:, found.ids.index(name)]
        near(f"v2 {name}", drawn, ours)
    near("v2 replaced", found.is_replaced.astype(float), 1.0 - kept)
    near("v2 total", found.total, sum(want.values()) + (1.0 - kept) * price)
    return (
        f"v2: replaced {found.is_replaced.mean():.4f} ({1 - kept:.4f} by hand), mean cost "
        f"{found.total.mean():,.0f} ({sum(want.values()) + (1 - kept) * price:,.0f} by hand), each "
        "component within 4 standard errors (its own test asserts no number)"
    )


def stock(folder: Path) -> list[Component]:
    """Return the components of validation 2; the irreparable one has no capacity of its own."""
    damage = {row["ID"]: row for row in table(folder, "v2/data/additional_damage_db.csv")}
    costs = {key(row): row for row in table(folder, "v2/data/additional_loss_functions.csv")}
    listed = {key(row): row for row in table(folder, "v2/data/CMP_marginals.csv")}
    chiller = damage["D.30.31.013i"]
    parts = tuple(float(part) for part in chiller["LS1-DamageStateWeights"].split("|"))
    return [
        Component(
            id="chiller", demand=("PFA-1-1", "PFA-1-2"), factor=WITHOUT_DIRECTION, parts=(parts,),
            fragility=fragility_of(chiller, "PFA", "g"), cost=p58(folder, "D.30.31.013i-Cost"),
        ),
        *(
            Component(
                id=name, demand=("PFA-1-1", "PFA-1-2"), factor=WITHOUT_DIRECTION,
                quantity=float(listed[name]["Theta_0"]), blocks=int(listed[name]["Blocks"] or 1),
                demand_cost=cost_of(costs[f"{name}-Cost"]),
            )
            for name in ("testing.component", "testing.component.2")
        ),
        Component(
            id="collapse", demand=("SA_1.13-0-1",),
            fragility=fragility_of(damage["collapse"], "SA(1.13)", "g"),
        ),
        *(
            Component(
                id=f"stays-{d}", demand=(f"RID-1-{d}",),
                fragility=fragility_of(damage["excessiveRID"], "drift", "1"),
            )
            for d in (1, 2)
        ),
    ]  # fmt: skip


def table(folder: Path, name: str) -> list[Row]:
    """Return the rows of a file of the package."""
    with zipfile.ZipFile(next(folder.glob("pelicun-*.whl"))) as archive:
        text = archive.read(f"{PLACE}/{name}").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def key(row: Row) -> str:
    """Return the first column, whatever it is called."""
    return next(iter(row.values()))


def p58(folder: Path, name: str) -> tuple[UnitCost, ...]:
    """Return the costs of a component of FEMA P-58, state by state."""
    with zipfile.ZipFile(next(folder.glob("simcenter_dlml-*.whl"))) as archive:
        rows = csv.DictReader(io.StringIO(archive.read(P58).decode("utf-8")))
        row = next(one for one in rows if one["ID"] == name)
    found = []
    for k in (k for k in range(1, 16) if row.get(f"DS{k}-Theta_0")):
        amount, _, quantity = row[f"DS{k}-Theta_0"].partition("|")
        found.append(
            UnitCost(
                amount=numbers(amount), quantity=numbers(quantity or "1"),
                scatter=Scatter(row[f"DS{k}-Family"]), spread=float(row[f"DS{k}-Theta_1"]),
            )
        )  # fmt: skip
    return tuple(found)


def cost_of(row: Row) -> DemandCost:
    """Return a loss function."""
    amount, _, x = row["LossFunction-Theta_0"].partition("|")
    family = row["LossFunction-Family"]
    return DemandCost(
        x=numbers(x), amount=numbers(amount), scatter=Scatter(family or "none"),
        spread=float(row["LossFunction-Theta_1"] or 0),
    )  # fmt: skip


def fragility_of(row: Row, measure: str, unit: str) -> Curve:
    """Return the lognormal limit states of a row."""
    steps = [k for k in range(1, 5) if row.get(f"LS{k}-Theta_1")]
    return Curve(
        id=row["ID"], kind=CurveKind.FRAGILITY, hazard="earthquake", component="nonstructural",
        intensity=measure, unit=unit, asset=row["ID"], region="any",
        states=tuple(f"ds{k}" for k in steps),
        median=np.array([float(row[f"LS{k}-Theta_0"]) for k in steps]),
        beta=np.array([float(row[f"LS{k}-Theta_1"]) for k in steps]),
        source="pelicun 3.10.0, tests/validation", licence="BSD-3-Clause",
        status=CurveStatus.UNVERIFIED, version="3.10.0",
    )  # fmt: skip


def numbers(text: str) -> np.ndarray:
    """Return numbers parted by commas."""
    return np.array([float(part) for part in re.split(r"\s*,\s*", text.strip())])


def phi(z: float) -> float:
    """Return the normal distribution."""
    return 0.5 * (1.0 + erf(z / sqrt(2.0)))


def close(name: str, ours: float, want: float) -> None:
    """Refuse what lies beyond the tolerance of the source's own test."""
    if not abs(ours - want) <= TOLERANCE:
        raise AssertionError(f"{name}: {ours}, wanted {want}")


def near(name: str, drawn: np.ndarray, want: float) -> None:
    """Refuse a mean that lies more than four standard errors off."""
    error = float(drawn.std()) / sqrt(drawn.size)
    if not abs(float(drawn.mean()) - want) <= 4.0 * error:
        raise AssertionError(f"{name}: {drawn.mean()}, wanted {want}, standard error {error}")
