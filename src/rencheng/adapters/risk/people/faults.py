"""What may be wrong with a table of people: counted, with the first ids and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.faults import FIRST
from rencheng.domain.errors import Fault

SAID = {
    "unread": ("numbers of people are unreadable", "Write numbers; a blank is unknown"),
    "negative": ("numbers of people are negative", "Write zero or more"),
    "many": (
        "assets hold more people than any building",
        "Give persons, not value or area, each in its own column",
    ),
    "share": ("shares lie outside 0 to 1", "Give a share of the people, not a percentage"),
    "group": ("groups are larger than the residents", "Count the group among the residents"),
    "sum": (
        "assets have more children and elderly than residents",
        "Count each person in one group of age",
    ),
    "use": ("uses are unknown", "Write residential, commercial, industrial, school … or RES1 …"),
    "type": ("structural types have no casualty rates", "Write a type of HAZUS, such as C1M"),
    "dwelling": ("kinds of dwelling are unknown", "Write single or multi"),
    "income": ("classes of income are unknown", "Write 1 (lowest) to 5 (highest)"),
    "unknown": ("assets do not say how many people", "Fill in the blanks; nobody is 0"),
    "kind": ("curves are no fragilities", "Name curves that give states of damage"),
}
"""Problem and hint by the last part of the key; other languages: `words/risk_people.toml`."""


def people_fault(key: str, where: str, first: Sequence[object], count: int | None = None) -> Fault:
    """Return a fault of `SAID`."""
    problem, hint = SAID[key]
    many = len(first) if count is None else count
    names = tuple(str(one) for one in first[:FIRST])
    said = f"{many} {problem}: {', '.join(names)}"
    where = f"assets.{where}"
    return Fault(
        where=where, key=f"risk.people.{key}", problem=said, hint=hint, count=many, first=names
    )


def rows_of(
    key: str, where: str, bad: NDArray[Any], names: Sequence[object] | NDArray[Any]
) -> list[Fault]:
    """Return the fault of the rows that are bad, by their names; none when none is."""
    rows = np.flatnonzero(bad)
    if not rows.size:
        return []
    return [people_fault(key, where, [names[i] for i in rows[:FIRST]], int(rows.size))]
