"""What is seen now corrects what was sampled."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.city import Dependencies
from rencheng.domain.impact import CityState
from rencheng.model.networks.cascade import cascade

F64 = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Evidence below this confidence does not overrule the model. No source: house default.
TRUSTED = 0.5


def with_evidence(
    dependencies: Dependencies,
    state: CityState,
    now_h: float,
    hours: tuple[F64, Callable[[NDArray[np.int64]], F64]],
    backup_h: F64,
) -> F64:
    """Make repair times agree with what is known to work or not.

    Parameters
    ----------
    hours
        Repair times as sampled (samples, nodes), and what returns those that hold where a node is
        known to be out of work now, for some nodes; 0: never out of work. [h]
    now_h
        Hours after the onset to which `state` belongs. [h]

    Returns
    -------
    repair_h
        (samples, nodes)

    Notes
    -----
    A node seen working is out of work in no sample now, nor is what it cannot do without: for
    each group whose backup would have run out, the supplier that is mended first in that sample.
    A node seen out of work stays so until restored: where the sample has no reason for it (the
    node would work), it gets damage of its own. Nodes are treated one by one, samples are not
    weighted by how well they explain all observations together, and a common cause of several
    outages is not inferred; confidence below 0.5 is ignored.
    """
    repair_h, still_h = hours[0].copy(), hours[1]
    is_trusted = state.confidence >= TRUSTED
    is_up = is_trusted & (state.up >= 0.5)
    is_down = is_trusted & (state.up < 0.5)
    row = {node: index for index, node in enumerate(dependencies.node)}
    seen = np.array([row.get(node, -1) for node in state.node], dtype=np.int64)
    up = seen[is_up & (seen >= 0)]
    down = seen[is_down & (seen >= 0)]
    _keep_up(dependencies, repair_h, backup_h, now_h, (up, down))
    if down.size:
        works = cascade(dependencies, repair_h, backup_h, np.array([now_h]))[:, 0, down] == 1
        mended = repair_h[:, down] <= now_h
        forced = np.where(works & mended, still_h(down), repair_h[:, down])
        repair_h[:, down] = forced
    return repair_h


def _keep_up(
    dependencies: Dependencies,
    repair_h: F64,
    backup_h: F64,
    now_h: float,
    seen: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> None:
    """Take damage away, in place, from nodes seen working and from their suppliers."""
    up, down = seen
    needed = np.zeros(repair_h.shape, dtype=bool)
    known_down = np.zeros(repair_h.shape[1], dtype=bool)
    known_down[down] = True
    waiting: list[tuple[int, Flags]] = [(int(n), np.ones(len(repair_h), bool)) for n in up]
    while waiting:
        node, samples = waiting.pop()
        samples = samples & ~needed[:, node]
        if known_down[node] or not samples.any():
            continue
        needed[:, node] |= samples
        column = repair_h[:, node]
        column[samples & (column > now_h)] = 0.0
        for group in range(dependencies.group_start[node], dependencies.group_start[node + 1]):
            first, last = dependencies.supplier_start[group : group + 2]
            suppliers = dependencies.supplier[first:last]
            bound = samples & (backup_h[:, group] <= now_h)
            if not suppliers.size or not bound.any():
                continue
            chosen = suppliers[np.argmin(repair_h[:, suppliers], axis=1)]
            for supplier in np.unique(chosen):
                waiting.append((int(supplier), bound & (chosen == supplier)))
