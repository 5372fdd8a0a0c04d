"""Who is told of an alarm that nobody looks at: the office's own file, or the one that we bring."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rencheng.adapters.files import data_folder, read_ours
from rencheng.domain.alarm import Escalation, EscalationStep, Level
from rencheng.domain.errors import CorruptDataError, Fault, InvalidInputError
from rencheng.domain.identity import ROLES

FILE = "escalation.toml"
SCHEMA = "rencheng/escalation/1"


def load_escalation(state: Path | None = None) -> Escalation:
    """Read the steps: from `escalation.toml` in the state folder, else from the data folder.

    Raises
    ------
    CorruptDataError
        When the file cannot be read, is no TOML or has another schema.
    InvalidInputError
        When rows are wrong; all are named.
    """
    own = state / FILE if state else None
    file = own if own and own.is_file() else data_folder() / "rules" / FILE
    document = read_ours(file)
    if document.get("schema") != SCHEMA:
        raise CorruptDataError(
            "escalation.schema",
            f"{file} has the schema {document.get('schema')!r}, not {SCHEMA!r}",
            hint="Mend the file, or take it away to use the one that the program brings",
            params={"file": str(file), "schema": SCHEMA},
        )
    return _read(document, file)


def _read(document: Mapping[str, Any], file: Path) -> Escalation:
    faults: list[Fault] = []
    steps = []
    for number, row in enumerate(document.get("step", ()), start=1):
        try:
            steps.append(_step(row))
        except (KeyError, TypeError, ValueError) as error:
            faults.append(_fault(f"step[{number}]", f"{type(error).__name__}: {error}"))
    first = tuple(document.get("first", ()))
    if strange := sorted(str(role) for role in first if role not in ROLES):
        faults.append(_fault("first", f"unknown roles {', '.join(strange)}"))
    hours = document.get("longest_shelf_h", 8.0)
    if not isinstance(hours, int | float) or not 0 < hours <= 24 * 31:
        faults.append(_fault("longest_shelf_h", "not between 0 and 744 hours"))
    times = [step.after_s for step in steps]
    if times != sorted(set(times)):
        faults.append(_fault("step", "the steps do not follow each other in time"))
    if faults:
        raise InvalidInputError(
            "escalation.faults",
            f"{file.name} has {len(faults)} faults: {'; '.join(one.problem for one in faults)}",
            hint="Mend them all and start again",
            params={"file": file.name, "count": len(faults)},
            faults=faults,
        )
    return Escalation(
        version=str(document.get("version", "")),
        first=first,
        steps=tuple(steps),
        longest_shelf_s=float(hours) * 3600.0,
    )


def _step(row: Mapping[str, Any]) -> EscalationStep:
    minutes, roles = float(row["after_min"]), tuple(row["roles"])
    if not 0 < minutes <= 24 * 60:
        raise ValueError(f"after_min {minutes} is not between 0 and 1440")
    strange = [str(role) for role in roles if role not in ROLES]
    if strange or not roles:
        raise ValueError(f"unknown roles {', '.join(strange)}" if strange else "no roles")
    return EscalationStep(
        after_s=minutes * 60.0, roles=roles, least=Level(row.get("least_level", 4))
    )


def _fault(where: str, problem: str) -> Fault:
    return Fault(where=where, key="escalation.row", problem=problem, hint="Mend this row")
