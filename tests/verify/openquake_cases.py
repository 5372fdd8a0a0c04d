"""OpenQuake's published cases whose hazard is given as a file: read, run, compared file by file.

The engine is AGPL: the data of its wheel are read, its code is never imported. Every file that it
expects of these cases is listed, matched or with the reason why not.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from openquake_files import Expected, Ours, compare, read_csv, read_print
from openquake_rest import LEFT_OUT, chance_apart, costs, left_out
from openquake_tables import Results, Table, volcano

from rencheng.adapters.risk.openquake.model import read_model
from rencheng.adapters.risk.openquake.perils import read_perils

NEEDS = ("openquake-engine==3.26.2",)
DATA = "openquake/qa_tests_data/"
VOLCANO = "multi_risk/case_1"
# Every case of these calculators whose hazard is a file.
CASES = (
    *(f"scenario_risk/case_{n}/" for n in (1, 2, 7, 8, 9, 11)),
    *(f"scenario_damage/case_{n}/" for n in (1, 2, 3, 10, 11, 17, 18)),
    "scenario_damage/gmf_scenario.csv",
    *(f"event_based_damage/case_{n}/" for n in (12, 13, 14)),
    *(f"event_based_risk/{n}/" for n in ("case_02", "case_08", "reinsurance_1")),
    *(f"gmf_ebrisk/case_{n}/" for n in (1, 2, 3, 5, 6)),
    "multi_risk/case_1/",
)
# Cases whose mean damage of each asset is drawn as whole buildings.
DRAWN = ("scenario_damage/case_2", "scenario_damage/case_3")
# Files that must agree, or the judge speaks of a difference.
LEAST = 43


@dataclass(frozen=True)
class Check:
    """One expected file: what of ours it is held against."""

    file: str
    job: str
    keys: tuple[str, ...]
    ours: Callable[[Results], Ours]
    read: Callable[[Path, tuple[str, ...]], Expected] = read_csv
    chance: str = ""
    without: str = ""
    """An option of the job that came after the file was written."""


EVENT = ("event_id", "loss_type")
ASSET = ("asset_id",)
PRINTED = ("event_id", "agg_id", "loss_id")
OLD = ("LossType", "Asset")


def aggregate(*tags: str) -> tuple[tuple[str, ...], Callable[[Results], Table]]:
    return ("loss_type", *tags), lambda r: r.aggregate(tags)


def curves(*tags: str) -> tuple[tuple[str, ...], Callable[[Results], Table]]:
    return (*tags, "return_period", "loss_type"), lambda r: r.curves(tags)


def printed(case: str, job: str, file: str, *tags: str) -> Check:
    return Check(f"{case}/expected/{file}", f"{case}/{job}", PRINTED,
                 lambda r: r.damage_table(tags), read_print)  # fmt: skip


def printed_curves(case: str, job: str, file: str, *tags: str) -> Check:
    return Check(f"{case}/expected/{file}", f"{case}/{job}", ("agg_id", "loss_id", "return_period"),
                 lambda r: r.damage_curves(tags), read_print)  # fmt: skip


def check(case: str, job: str, file: str, how: tuple[tuple[str, ...], Callable[[Results], Table]],
          **more: object) -> Check:  # fmt: skip
    return Check(f"{case}/expected/{file}", f"{case}/{job}", *how, **more)  # type: ignore[arg-type]


BY_EVENT = (EVENT, Results.by_event)
BY_ASSET = (ASSET, Results.by_asset)
READ = (("id",), Results.exposure)
D, E, R, B = "scenario_damage/", "event_based_damage/", "scenario_risk/", "event_based_risk/"
CHECKS = (
    check(f"{R}case_1", "job_risk.ini", "agg.csv", aggregate()),
    check(f"{R}case_1", "job_risk.ini", "risk_by_event.csv", BY_EVENT),
    check(f"{R}case_1", "job_risk.ini", "asset-ins.csv", (OLD, Results.insurance)),
    check(f"{R}case_1", "job_risk.ini", "asset-loss.csv", (OLD, Results.old_assets),
          without="minimum_asset_loss"),
    check(f"{R}case_2", "job_risk.ini", "agg.csv", aggregate()),
    check(f"{R}case_2", "job_risk.ini", "asset-loss.csv", (OLD, Results.old_assets)),
    check(f"{R}case_7", "job.ini", "agglosses.csv", aggregate("site_id")),
    check(f"{R}case_8", "job.ini", "agglosses.csv", aggregate("taxonomy")),
    check(f"{R}case_9", "job.ini", "aggrisk.csv", aggregate()),
    check(f"{R}case_9", "job.ini", "assetcol.csv", READ),
    check(f"{R}case_11", "job.ini", "aggrisk-_443.csv", aggregate()),
    check(f"{R}case_11", "job.ini", "avg_losses-rlz-000_443.csv", BY_ASSET),
    check(f"{R}case_11", "job.ini", "assetcol.csv", READ),
    check(f"{D}case_1", "job_risk.ini", "dmg_by_asset.csv", (ASSET, Results.modal)),
    check(f"{D}case_2", "job_risk.ini", "dmg_by_asset.csv", BY_ASSET),
    check(f"{D}case_3", "job_risk.ini", "dmg_by_asset.csv", BY_ASSET),
    check(f"{D}case_11", "job.ini", "avg_damages1.csv", BY_ASSET),
    check(f"{D}case_11", "job.ini", "risk_by_event_1.csv", BY_EVENT),
    check(f"{D}case_11", "job.ini", "risk_by_event_2.csv", BY_EVENT, chance="LiqProb"),
    check(f"{D}case_17", "job_no_time_event.ini", "aggrisk-_no_time_event.csv", aggregate()),
    check(f"{D}case_17", "job_time_event_day.ini", "aggrisk-_time_event_day.csv", aggregate()),
    check(f"{D}case_17", "job_no_time_event.ini", "avg_damages-rlz-000_no_time_event.csv",
          BY_ASSET),
    check(f"{D}case_17", "job_time_event_day.ini", "avg_damages-rlz-000_time_event_day.csv",
          BY_ASSET),
    check(f"{D}case_18", "job.ini", "aggrisk.csv", aggregate()),
    check(f"{E}case_12", "job_b.ini", "aggrisk-.csv", aggregate()),
    check(f"{E}case_12", "job_c.ini", "aggrisk-taxonomy-policy.csv",
          aggregate("taxonomy", "policy")),
    printed(f"{E}case_12", "job_a.ini", "a_damage_table.txt"),
    printed(f"{E}case_12", "job_b.ini", "b_damage_table.txt", "taxonomy"),
    printed(f"{E}case_12", "job_c.ini", "c_damage_table.txt", "taxonomy", "policy"),
    printed(f"{E}case_12", "job_d.ini", "d_damage_table.txt", "id"),
    check(f"{E}case_13", "job_a.ini", "risk_by_event.csv", BY_EVENT),
    check(f"{E}case_13", "job_a.ini", "aggcurves-.csv", curves()),
    printed(f"{E}case_13", "job_b.ini", "b_damage_table.txt", "taxonomy"),
    printed(f"{E}case_13", "job_c.ini", "c_damage_table.txt", "taxonomy", "policy"),
    printed(f"{E}case_13", "job_d.ini", "d_damage_table.txt", "id"),
    printed_curves(f"{E}case_13", "job_b.ini", "b_damages.txt", "taxonomy"),
    printed_curves(f"{E}case_13", "job_c.ini", "c_damages.txt", "taxonomy", "policy"),
    printed_curves(f"{E}case_13", "job_d.ini", "d_damages.txt", "id"),
    check(f"{E}case_14", "job.ini", "aggcurves-NAME.csv", curves("NAME_1")),
    check(f"{B}case_08", "job.ini", "aggrisk-.csv", aggregate()),
    check(f"{B}case_08", "job.ini", "aggrisk-OCCUPANCY.csv", aggregate("OCCUPANCY")),
    check("gmf_ebrisk/case_6", "job2.ini", "aggrisk.csv", aggregate()),
    check("gmf_ebrisk/case_6", "job.ini", "aggrisk-id.csv", aggregate("id")),
)  # fmt: skip


def unpack(folder: Path) -> Path:
    """Return where the data of the cases lie."""
    target = folder / "openquake"
    if not target.exists():
        with zipfile.ZipFile(next(folder.glob("openquake_engine-*.whl"))) as archive:
            names = [n for n in archive.namelist() if n.startswith(tuple(DATA + c for c in CASES))]
            archive.extractall(target, [n for n in names if not n.endswith(".py")])
    return target / DATA


def results(data: Path, one: Check, known: dict[tuple[str, ...], Results]) -> Results:
    """Return what our engine says of a job; each is run once."""
    key = (one.job, one.chance, one.without)
    if key not in known:
        model = read_model(data / one.job)
        kept = {k: v for k, v in model.job.option.items() if k != one.without}
        model = replace(model, job=replace(model.job, option=kept))
        known[key] = Results(model, chance=one.chance)
    return known[key]


def run(folder: Path) -> dict[str, str]:
    """Return what came of each expected file: blank where it is matched, else why not."""
    data = unpack(folder)
    known: dict[tuple[str, ...], Results] = {}
    found = {}
    for one in CHECKS:
        mine = results(data, one, known)
        try:
            compare(one.read(data / one.file, one.keys), one.ours(mine))
            found[one.file] = ""
        except AssertionError as error:
            found[one.file] = ("" if mine.is_sure else "sampled there; ") + str(error)
    found |= {**perils(data), **costs(data)}
    for file in sorted(data.glob("*/*/expected/*")):
        name = file.relative_to(data).as_posix()
        if name not in found:
            found[name] = left_out(name) or "nobody has said why"
    return found


def perils(data: Path) -> dict[str, str]:
    """Return what came of the case with several perils."""
    found = {}
    for job, file, which, key in (
        ("job.ini", "asset_risk.csv", 0, "asset_id"),
        ("job.ini", "agg_risk.csv", 1, "peril"),
        ("job_2.ini", "asset_risk_2.csv", 0, "asset_id"),
    ):
        tables = volcano(read_perils(data / VOLCANO / job))
        name = f"{VOLCANO}/expected/{file}"
        try:
            compare(read_csv(data / name, (key,)), tables[which])
            found[name] = ""
        except AssertionError as error:
            found[name] = str(error)
    return found


def judge(folder: Path) -> str:
    """Return what was compared; raise AssertionError when a file differs that must not."""
    found = run(folder)
    matched = [file for file, why in found.items() if not why]
    said = [f"{len(matched)} of {len(found)} expected files matched to the printed digits"]
    apart = {case: sampled(folder, case) for case in DRAWN}
    said.append(f"    sampled damage lies within {max(apart.values()):.1f} standard errors of ours")
    for why in dict.fromkeys(found.values()):
        if why:
            files = [file.replace("expected/", "") for file, one in found.items() if one == why]
            said.append(f"    not matched, {why}: {', '.join(files)}")
    excused = [why for why in found.values() if not why or why.startswith("sampled") or left(why)]
    if len(matched) < LEAST or len(excused) < len(found) or max(apart.values()) > 3.0:
        raise AssertionError("\n".join(said))
    return "\n".join(said)


def sampled(folder: Path, case: str) -> float:
    """Return by how many standard errors the sampled damage of a case lies from ours, at most."""
    data = unpack(folder)
    return chance_apart(data, case, Results(read_model(data / case / "job_risk.ini")))


def left(why: str) -> bool:
    """Return whether a reason is one that was given beforehand."""
    return why in LEFT_OUT.values()
