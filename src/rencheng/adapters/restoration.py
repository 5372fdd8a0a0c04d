"""Restoration times from the data folder: `data/rules/restoration.toml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from rencheng.adapters.files import data_folder
from rencheng.adapters.rule_files import BAD, read_rules, row_fault
from rencheng.domain.errors import Fault
from rencheng.domain.recovery import MainsRepair, RestorationTable
from rencheng.domain.rules import RuleStatus

SCHEMA = "rencheng/restoration/1"


@cache
def load_restoration(file: Path | None = None) -> RestorationTable:
    """Read how long damaged things stay out of work.

    Parameters
    ----------
    file
        By default the one that comes with the program.

    Raises
    ------
    CorruptDataError
        When the file is missing or broken; every broken row is named.
    """
    file = file or data_folder() / "rules" / "restoration.toml"
    return read_rules(file, SCHEMA, _build)


def _build(table: Mapping[str, Any], faults: list[Fault]) -> RestorationTable:
    kinds: list[str] = []
    days: list[list[tuple[float, float]]] = []
    for number, row in enumerate(table["kinds"]):
        try:
            days.append(_days(row["days"]))
            kinds.append(str(row["kind"]))
            RuleStatus(row["status"])
            str(row["source"])
        except BAD as error:
            faults.append(row_fault(f"kinds[{number}]", f"{type(error).__name__}: {error}"))
    if len(set(kinds)) < len(kinds):
        faults.append(row_fault("kinds", "a kind stands twice"))
    both = np.array([[(0.0, 0.0), *row] for row in days], dtype=float).reshape(-1, 5, 2)
    low, high = (float(h) for h in table["unknown_backup_h"])
    if not 0 < low < high < np.inf:
        faults.append(row_fault("unknown_backup_h", f"{low} to {high} is not a range above zero"))
    mean, sd = _days([table["debris_h"]] * 4)[0]
    return RestorationTable(
        kind=tuple(kinds),
        mean_d=both[..., 0],
        sd_d=both[..., 1],
        status=tuple(RuleStatus(row["status"]) for row in table["kinds"]),
        source=tuple(str(row["source"]) for row in table["kinds"]),
        unknown_backup_h=(low, high),
        debris_h=(mean, sd),
        has_crew_limits=_flag(table, "has_crew_limits"),
        access_limit_min=float(table["access_limit_min"]),
        mains=MainsRepair(**{f.name: float(table["mains"][f.name]) for f in fields(MainsRepair)}),
        version=str(table["version"]),
    )


def _flag(table: Mapping[str, Any], key: str) -> bool:
    if not isinstance(table[key], bool):
        raise ValueError(f"{key} is neither true nor false")
    return bool(table[key])


def _days(given: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    pairs = [(float(mean), float(sd)) for mean, sd in given]
    means = [mean for mean, _ in pairs]
    if len(pairs) != 4 or means != sorted(means) or min(min(p) for p in pairs) < 0:
        raise ValueError(f"{given} is not four rising means with their standard deviations")
    if any((mean == 0) != (sd == 0) for mean, sd in pairs):
        raise ValueError(f"{given}: a mean of zero, and only it, has no spread")
    return pairs
