"""Who feeds whom among the damaged lifelines, and who waits for which repair."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rencheng.domain.city import F64, I32, City


def parents_of(city: City, row: I32) -> list[int]:
    """Find for each damaged lifeline the damaged supplier that must work before it helps anybody.

    Parameters
    ----------
    row
        Damaged rows of `Lifelines`. (jobs,)

    Returns
    -------
    parent
        Place in `row`, -1 none. A group of suppliers of the same sector of which one is undamaged
        asks for nothing; of several damaged ones the one that serves most is taken. (jobs,)
    """
    lifelines, needs = city.lifelines, city.dependencies
    node = {name: i for i, name in enumerate(needs.node)}
    job = {lifelines.id[r]: k for k, r in enumerate(row)}
    parent = [-1] * row.size
    for k, r in enumerate(row):
        at = node.get(lifelines.id[r])
        if at is None:
            continue
        for group in range(needs.group_start[at], needs.group_start[at + 1]):
            if needs.service[group] != lifelines.sector[r]:
                continue
            span = slice(needs.supplier_start[group], needs.supplier_start[group + 1])
            names = [needs.node[s] for s in needs.supplier[span]]
            damaged = [job[name] for name in names if name in job]
            if names and len(damaged) == len(names):
                best = max(damaged, key=lambda j: np.nan_to_num(lifelines.serves[row[j]]))
                if not _leads_to(parent, best, k):
                    parent[k] = best
    return parent


def _leads_to(parent: Sequence[int], start: int, goal: int) -> bool:
    """Whether going up from `start` meets `goal`: taking it would close a loop."""
    at = start
    while at >= 0:
        if at == goal:
            return True
        at = parent[at]
    return False


def people_waiting(serves: F64, parent: Sequence[int]) -> F64:
    """Count those who wait for a job but for no later one, so that nobody counts twice.

    Parameters
    ----------
    serves
        Residents downstream; NaN unknown, taken as the median of the known ones. (jobs,)

    Examples
    --------
    >>> people_waiting(np.array([300.0, 100.0, 100.0]), [-1, 0, 0])
    array([100., 100., 100.])
    """
    known = serves[np.isfinite(serves)]
    middle = float(np.median(known)) if known.size else 1.0
    full = np.where(np.isfinite(serves), serves, middle)
    own = full.copy()
    for child, above in enumerate(parent):
        if above >= 0:
            own[above] -= full[child]
    return np.maximum(own, 0.0)
