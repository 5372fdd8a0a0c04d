"""Scenario files: `data/scenarios/<id>/scenario.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rencheng.adapters.files import data_folder, read_ours
from rencheng.domain.errors import CorruptDataError, Fault, NotFoundError
from rencheng.domain.hazard import BulletinKind
from rencheng.service.replay import Scenario

_SCHEMA = "rencheng/scenario/1"
EVIDENCE = {"S": "stated by the source", "D": "derived from the source", "A": "assumed"}
_SECTIONS = ("streams", "tide", "faults", "reports", "survey")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioBulletin:
    """A bulletin of the public timeline, with the evidence for it."""

    id: str
    kind: BulletinKind
    issuer: str
    issued: datetime
    lon: float
    lat: float
    depth_km: float
    magnitude: float
    magnitude_sd: float
    text: str
    evidence: str
    """Key of `EVIDENCE`."""
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioFile:
    """A scenario as written: what is public, and what the synthetic streams are drawn from."""

    scenario: Scenario
    seed: int
    bulletins: tuple[ScenarioBulletin, ...]
    sections: Mapping[str, Mapping[str, Any]]
    """`streams`, `tide`, `faults`, `reports`, `survey`."""


class ScenarioFolder:
    """The scenarios that come with the program; `service.replay.Scenarios`."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def list(self) -> list[Scenario]:
        """Return all scenarios, by id."""
        files = sorted(self._root().glob("*/scenario.toml"))
        return [read_scenario(file).scenario for file in files]

    def get(self, scenario: str) -> Scenario:
        """Return one scenario, or raise `NotFoundError`."""
        return self.file(scenario).scenario

    def file(self, scenario: str) -> ScenarioFile:
        """Return one scenario with everything in its file."""
        for file in sorted(self._root().glob("*/scenario.toml")):
            if file.parent.name == scenario:
                return read_scenario(file)
        raise NotFoundError(
            "replay.scenario",
            f"there is no scenario {scenario!r}",
            hint="Choose one of the list of scenarios",
            params={"scenario": scenario},
        )

    def _root(self) -> Path:
        return self._folder or data_folder() / "scenarios"


def read_scenario(file: Path) -> ScenarioFile:
    """Read a scenario file.

    Raises
    ------
    CorruptDataError
        When it cannot be read or breaks a rule; all faults are named at once.
    """
    faults: list[Fault] = []
    table = read_ours(file)
    if table.get("schema") != _SCHEMA:
        faults.append(_fault("schema", f"schema is not {_SCHEMA}"))
    faults += [_fault(name, "section is missing") for name in _SECTIONS if name not in table]
    scenario = None
    bulletins: list[ScenarioBulletin] = []
    try:
        scenario = _scenario(table)
    except (KeyError, TypeError, ValueError) as error:
        faults.append(_fault("scenario", f"{type(error).__name__}: {error}"))
    for index, row in enumerate(table.get("bulletin", ())):
        try:
            bulletins.append(_bulletin(row, table["origin"]))
        except (KeyError, TypeError, ValueError) as error:
            faults.append(_fault(f"bulletin[{index}]", f"{type(error).__name__}: {error}"))
    if faults or scenario is None:
        raise _corrupt(file, faults)
    return ScenarioFile(
        scenario=scenario,
        seed=int(table["seed"]),
        bulletins=tuple(sorted(bulletins, key=lambda b: b.issued)),
        sections={name: table[name] for name in _SECTIONS},
    )


def _scenario(table: Mapping[str, Any]) -> Scenario:
    start, origin, end = table["start"], table["origin"], table["end"]
    if not start < origin < end:
        raise ValueError("start, origin and end are not in order")
    return Scenario(
        id=table["id"],
        name_zh=table["name_zh"],
        name_en=table["name_en"],
        city=table["city"],
        event=table["event"],
        start=start,
        origin=origin,
        end=end,
        sources=tuple(table["sources"]),
        synthetic_streams=len(table["synthetic"]),
    )


def _bulletin(row: Mapping[str, Any], origin: datetime) -> ScenarioBulletin:
    if row["evidence"] not in EVIDENCE:
        raise ValueError(f"evidence {row['evidence']!r} is none of {', '.join(EVIDENCE)}")
    fields = {k: v for k, v in row.items() if k not in ("after_s", "kind")}
    issued = origin + timedelta(seconds=float(row["after_s"]))
    return ScenarioBulletin(**fields, kind=BulletinKind(row["kind"]), issued=issued)


def _fault(where: str, problem: str) -> Fault:
    return Fault(where=where, key="replay.row", problem=problem, hint="Mend this row")


def _corrupt(file: Path, faults: list[Fault]) -> CorruptDataError:
    name = f"{file.parent.name}/{file.name}"
    return CorruptDataError(
        "replay.file",
        f"{name} has {len(faults)} faults",
        hint="Mend them all, or restore the file from the installation",
        params={"file": name, "count": len(faults)},
        faults=faults,
    )
