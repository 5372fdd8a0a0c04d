"""Who feeds whom among the damaged lifelines, and who waits for which repair."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rencheng.domain.city import F64, I32, City


@dataclass(frozen=True, slots=True)
class Chains:
    """What each damaged lifeline waits for, and who waits for it; one entry for each job."""

    parent: list[int]
    """The damaged supplier that must work first, -1 none. (jobs,)"""
    people: F64
    """Residents for whom this is the last damaged thing on the way; nobody counts twice. (jobs,)"""


@dataclass(slots=True)
class _Network:
    """One way up from each lifeline of a sector."""

    suppliers: list[list[list[int]]]
    """Groups of suppliers in the same sector, all groups needed, any supplier enough."""
    job: dict[int, int]
    """Row in `Lifelines` → place in the jobs."""
    serves: F64
    clear: dict[int, bool] = field(default_factory=dict)

    def is_clear(self, row: int) -> bool:
        """Whether a lifeline works as far as its own sector goes; a loop counts as not clear."""
        if row not in self.clear:
            self.clear[row] = False
            self.clear[row] = row not in self.job and all(
                any(self.is_clear(s) for s in group) for group in self.suppliers[row]
            )
        return self.clear[row]

    def above(self, row: int) -> int:
        """Return the supplier to wait for, -1 none: undamaged ones first, then who serves most."""
        for group in self.suppliers[row]:
            if group and not any(self.is_clear(s) for s in group):
                return min(group, key=lambda s: (s in self.job, -self.serves[s], s))
        return -1

    def first_damaged(self, start: int) -> int:
        """Go up from a row, itself included, to the first damaged lifeline; -1 none."""
        row, seen = start, set()
        while row >= 0 and row not in seen:
            if row in self.job:
                return self.job[row]
            seen.add(row)
            row = self.above(row)
        return -1


def chains(city: City, rows: I32) -> Chains:
    """Find what must be repaired before what, and how many people wait for each job.

    Parameters
    ----------
    rows
        Damaged rows of `Lifelines`. (jobs,)

    Notes
    -----
    People are counted at the ends of a network (lifelines that feed no other of their sector) and
    wait for the first damaged lifeline on their way up. Where any of several suppliers is enough
    and all are damaged, the one that serves most is waited for and the others wait for nobody's
    sake: their people count 0. Unknown numbers are taken as the median of the known ones.
    """
    network = _network(city, rows)
    parent = [-1] * rows.size
    for k, row in enumerate(rows):
        up = network.above(int(row))
        found = network.first_damaged(up) if up >= 0 else -1
        if not _leads_to(parent, found, k):
            parent[k] = found
    people = np.zeros(rows.size)
    feeds = {s for groups in network.suppliers for group in groups for s in group}
    for row in set(range(network.serves.size)) - feeds:
        if (job := network.first_damaged(row)) >= 0:
            people[job] += network.serves[row]
    return Chains(parent, people)


def _network(city: City, rows: I32) -> _Network:
    lifelines, needs = city.lifelines, city.dependencies
    row_of = {name: row for row, name in enumerate(lifelines.id)}
    suppliers: list[list[list[int]]] = [[] for _ in lifelines.id]
    for at, name in enumerate(needs.node):
        row = row_of.get(name)
        if row is None:
            continue
        for group in range(needs.group_start[at], needs.group_start[at + 1]):
            if needs.service[group] == lifelines.sector[row]:
                span = slice(needs.supplier_start[group], needs.supplier_start[group + 1])
                names = [needs.node[s] for s in needs.supplier[span]]
                suppliers[row].append([row_of[n] for n in names if n in row_of])
    known = lifelines.serves[np.isfinite(lifelines.serves)]
    middle = float(np.median(known)) if known.size else 1.0
    serves = np.where(np.isfinite(lifelines.serves), lifelines.serves, middle)
    return _Network(suppliers, {int(row): k for k, row in enumerate(rows)}, serves)


def _leads_to(parent: list[int], start: int, goal: int) -> bool:
    """Whether going up from `start` meets `goal`: taking it would close a loop."""
    at = start
    while at >= 0:
        if at == goal:
            return True
        at = parent[at]
    return False
