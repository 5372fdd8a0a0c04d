"""Files of rules that came with the program: read whole, or refused with every broken row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from rencheng.adapters.files import read_ours
from rencheng.domain.errors import CorruptDataError, Fault

Table = Mapping[str, Any]
T = TypeVar("T")
BAD = (KeyError, TypeError, ValueError, IndexError)
"""What a row raises that is not as it should be."""


def read_rules(file: Path, schema: str, build: Callable[[Table, list[Fault]], T]) -> T:
    """Return what `build` makes of a file; it adds a fault for each row that it cannot use.

    Raises
    ------
    CorruptDataError
        When the file is missing or broken; every broken row is named.
    """
    faults: list[Fault] = []
    table = read_ours(file)
    try:
        if table.get("schema") != schema:
            faults.append(row_fault("schema", f"{table.get('schema')} instead of {schema}"))
        built = build(table, faults)
    except BAD as error:
        faults.append(row_fault(file.name, f"{type(error).__name__}: {error}"))
    if faults:
        raise CorruptDataError(
            "rules.file",
            f"{file.name} has {len(faults)} faults",
            hint="Mend the rows named, or restore the file from the installation",
            params={"file": file.name, "count": len(faults)},
            faults=faults,
        )
    return built


def row_fault(where: str, problem: str) -> Fault:
    """Return the fault of a row."""
    return Fault(
        where=where,
        key="rules.row",
        problem=problem,
        hint="Compare it with the rows beside it",
        first=(problem,),
    )
