"""Notes on a city: findings with the first ids and places, taken cheaply from large tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from rencheng.adapters.cities.files.faults import Faults
from rencheng.domain.city import F64, Flags
from rencheng.domain.errors import Param
from rencheng.domain.finding import DataFinding, Severity

_FIRST = 5


class Notes:
    """Collects findings of several layers."""

    def __init__(self) -> None:
        self._layers: dict[str, Faults] = {}

    @property
    def findings(self) -> tuple[DataFinding, ...]:
        """Everything noted so far."""
        return tuple(one for faults in self._layers.values() for one in faults.findings)

    def ids(
        self,
        layer: str,
        key: str,
        severity: Severity,
        ids: Iterable[object],
        places: Any = None,
        **params: Param,
    ) -> None:
        """Note things by their ids; nothing when there are none."""
        self._of(layer).add(key, severity, list(ids), places, count=None, **params)

    def fact(
        self, layer: str, key: str, severity: Severity, count: int = 1, **params: Param
    ) -> None:
        """Note something that no single thing has; nothing when `count` is 0."""
        self._of(layer).add(key, severity, [], count=count, **params)

    def rows(
        self,
        layer: str,
        key: str,
        severity: Severity,
        rows: Flags,
        names: Sequence[Any] | np.ndarray,
        xy: F64 | None = None,
        **params: Param,
    ) -> None:
        """Note the rows of a table that are true, with the names and places of the first.

        Parameters
        ----------
        rows
            (things,)
        xy
            Lon, lat of all of them. [deg] (things, 2)
        """
        count = int(np.count_nonzero(rows))
        if count == 0:
            return
        at: list[int] = np.flatnonzero(rows)[:_FIRST].tolist()
        self._of(layer).add(
            key, severity, [names[row] for row in at], None if xy is None else xy[at],
            count=count, **params,
        )  # fmt: skip

    def _of(self, layer: str) -> Faults:
        return self._layers.setdefault(layer, Faults(layer))
