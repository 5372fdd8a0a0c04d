"""Repairs that wait for a crew."""

from __future__ import annotations

from heapq import heapify, heapreplace

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.city import City
from rencheng.domain.resource import TeamKind

F64 = NDArray[np.float64]

CREWS = {"power": TeamKind.REPAIR_POWER, "water": TeamKind.REPAIR_WATER}


def with_crews(city: City, repair_h: F64) -> F64:
    """Return when repairs end if each takes one of its sector's teams for its whole time.

    Parameters
    ----------
    repair_h
        Work on each node, 0 where there is none. [h] (samples, nodes)

    Returns
    -------
    ended_h
        Never before `repair_h`. [h] (samples, nodes)

    Notes
    -----
    Teams take the damaged assets of their sector in the order of residents served, each the next
    one when it is free; no travel, no shifts, no help from outside. Sectors without a named team
    (telecom, or a city that knows none) are not limited. Water mains have workers of their own
    (`mains.water_served`).
    """
    row = {node: index for index, node in enumerate(city.dependencies.node)}
    ended = repair_h.copy()
    for sector, kind in CREWS.items():
        teams = sum(team.kind is kind for team in city.teams)
        ours = [
            i
            for i, (asset, of) in enumerate(
                zip(city.lifelines.id, city.lifelines.sector, strict=True)
            )
            if of == sector and asset in row
        ]
        ours.sort(key=lambda i: -np.nan_to_num(city.lifelines.serves[i]))
        nodes = np.array([row[city.lifelines.id[i]] for i in ours], dtype=np.int64)
        if teams and nodes.size > teams:
            for sample in range(repair_h.shape[0]):
                ended[sample, nodes] = _queue(repair_h[sample, nodes], teams)
    return ended


def _queue(work_h: F64, teams: int) -> F64:
    """Return when each job ends; jobs in order, each to the team that is free first.

    Examples
    --------
    >>> _queue(np.array([5.0, 0.0, 2.0, 4.0]), 2).tolist()
    [5.0, 0.0, 2.0, 6.0]
    """
    free = [0.0] * teams
    heapify(free)
    ended = np.zeros_like(work_h)
    for job in np.flatnonzero(work_h > 0):
        ended[job] = free[0] + work_h[job]
        heapreplace(free, float(ended[job]))
    return ended
