"""Expected files of OpenQuake that are recomputed from other printed ones, and those left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from openquake_files import Ours, compare, read_csv
from openquake_tables import Results

from rencheng.model.risk.periods import amplified, loss_by_period

COSTS = "gmf_ebrisk/case_6"
SAMPLED = "sampled there from curves with scatter; ours are the expected values"
SOURCES = "of the case's other jobs, whose hazard comes from sources and ground-motion models"
# Expected files that nothing of ours is held against, by how their path begins.
LEFT_OUT = {
    "scenario_risk/case_1/expected/gmf": "the ground motion itself, not what it does",
    "scenario_risk/case_1/expected/sites": "the sites themselves",
    "scenario_damage/case_11/expected/mean_perils": "the mean of the input, not what it does",
    "event_based_risk/case_02/expected/avg_losses.txt": SAMPLED,
    "event_based_risk/case_02/expected/mean_avg_losses.txt": SAMPLED,
    "event_based_risk/case_02/expected/": SOURCES,
    "event_based_risk/reinsurance_1/expected/": "claims are sampled there (scatter 1e-4); "
    "contracts are judged apart, from the claims as printed",
    "gmf_ebrisk/case_6/expected/": SAMPLED,
}


def left_out(file: str) -> str:
    """Return why nothing is held against a file; blank when nobody said."""
    return next((why for begin, why in LEFT_OUT.items() if file.startswith(begin)), "")


def costs(data: Path) -> dict[str, str]:
    """Return what came of the files on dearer rebuilding, from the losses printed of each event."""
    folder = f"{COSTS}/expected"
    events = read_csv(data / folder / "risk_by_event.csv", ("event_id", "loss_type"))
    steps = read_csv(data / COSTS / "pla_model.csv", ("return_period",)).rows
    period, factor = (np.array([float(r[n]) for r in steps]) for n in steps[0])
    loss = np.array([float(row["loss"]) for row in events.rows])
    years = 1000.0  # investigation_time of its job
    raised = amplified(loss, years, period, factor)
    asked = [100.0, 200.0, 500.0, 1000.0]
    reached = {
        n: loss_by_period(x, years, asked) for n, x in (("loss", loss), ("pla_loss", raised))
    }
    curve: Ours = {
        (f"{p:.0f}", "structural"): {n: float(x[i]) for n, x in reached.items()}
        for i, p in enumerate(asked)
    }
    total: Ours = {("structural",): {"loss": float(loss.sum()), "pla_loss": float(raised.sum())}}
    each: Ours = {
        (row["event_id"], "structural"): {"loss": float(a), "pla_loss": float(b)}
        for row, a, b in zip(events.rows, loss, raised, strict=True)
    }
    by_period = ("return_period", "loss_type")
    found = {}
    for name, keys, ours in (
        ("risk_by_event.csv", ("event_id", "loss_type"), each),
        ("aggcurves.csv", by_period, curve),
        ("aggcurves-pla.csv", by_period, curve),
        ("aggrisk-pla.csv", ("loss_type",), total),
    ):
        try:
            compare(read_csv(data / folder / name, keys), ours)
            found[f"{folder}/{name}"] = ""
        except AssertionError as error:
            found[f"{folder}/{name}"] = str(error)
    return found


def chance_apart(data: Path, case: str, result: Results) -> float:
    """Return by how many standard errors sampled mean damage lies from ours, at most.

    The engine draws whole buildings, each by itself: a mean over events has the variance
    Σ n p (1 - p) / events².
    """
    events = float(result.model.motion.events)
    worst = 0.0
    for row in read_csv(data / case / "expected/dmg_by_asset.csv", ("asset_id",)).rows:
        asset = list(map(str, result.model.exposure.id)).index(row["asset_id"])
        number = result.model.exposure.number[asset]
        for state, one in result.kinds["structural"].items():
            mine = one.amount[one.asset == asset]
            error = np.sqrt(np.sum(mine * (1.0 - mine / number))) / events
            apart = abs(float(row[f"structural-{state}"]) - mine.sum() / events) / error
            worst = max(worst, float(apart))
    return worst
