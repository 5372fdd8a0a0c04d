"""What was wrong in a file: counted by kind, with the first rows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import Fault

FIRST = 5
"""Rows that are named for each kind. Chosen."""
KINDS = {
    "row": ("rows with another number of fields", "Look at separators and quotes in these rows"),
    "time": ("times that cannot be read", "Look at `time_format` and `zone` of the map"),
    "value": ("values that are no numbers", "Add what means none to `missing`"),
    "stream": ("names that are no datastream of the city", "Add them to [streams] of the map"),
    "future": ("times in the future", "Look at `time_format` and `zone` of the map"),
}


@dataclass(slots=True)
class Tally:
    """Counts and first rows of faults."""

    counts: dict[str, int] = field(default_factory=dict)
    first: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, row: int, said: str = "") -> None:
        """Count a fault in a row; the first data row is 1."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        shown = self.first.setdefault(kind, [])
        if len(shown) < FIRST:
            shown.append(f"{row} ({said[:40]})" if said else str(row))

    def add_rows(self, kind: str, rows: NDArray[np.int64], said: object = None) -> None:
        """Count faults in many rows; `said` gives what stands there by place."""
        for place, row in enumerate(rows[:FIRST]):
            self.add(kind, int(row), "" if said is None else str(said[place]))  # type: ignore[index]
        more = len(rows) - min(len(rows), FIRST)
        if more:
            self.counts[kind] += more

    def faults(self) -> tuple[Fault, ...]:
        """Return a fault for each kind."""
        return tuple(
            Fault(
                where=kind,
                key=f"history_import.{kind}",
                problem=KINDS[kind][0],
                hint=KINDS[kind][1],
                count=count,
                first=tuple(self.first[kind]),
            )
            for kind, count in self.counts.items()
        )
