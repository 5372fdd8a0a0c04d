"""The cascade's oracle: at every event the fixpoint is computed again from nothing."""

from __future__ import annotations

import numpy as np

from rencheng.domain.city import Dependencies


def _fixpoint(table: Dependencies, whole: np.ndarray, exhausted: np.ndarray) -> np.ndarray:
    up = whole.copy()
    while True:
        after = whole.copy()
        for node in range(len(table.node)):
            for group in range(table.group_start[node], table.group_start[node + 1]):
                if exhausted[group] and not _supplied(table, up, group):
                    after[node] = False
        if (after == up).all():
            return up
        up = after


def _supplied(table: Dependencies, up: np.ndarray, group: int) -> bool:
    suppliers = table.supplier[table.supplier_start[group] : table.supplier_start[group + 1]]
    return suppliers.size == 0 or bool(up[suppliers].any())


def slow_cascade(
    table: Dependencies, repair_h: np.ndarray, backup_h: np.ndarray, time_h: np.ndarray
) -> np.ndarray:
    works = np.zeros((repair_h.shape[0], time_h.size, repair_h.shape[1]), np.uint8)
    for sample in range(repair_h.shape[0]):
        repair, backup = np.nan_to_num(repair_h[sample], posinf=np.inf), backup_h[sample]
        lost = np.full(backup.size, np.inf)
        events = sorted({0.0, *repair[np.isfinite(repair)].tolist()})
        history: list[tuple[float, np.ndarray]] = []
        while events:
            now = events.pop(0)
            whole = (repair == 0) | (repair <= now)
            up = _fixpoint(table, whole, (now >= lost + backup) | (backup == 0))
            history.append((now, up))
            for group in range(backup.size):
                if _supplied(table, up, group):
                    lost[group] = np.inf
                elif np.isinf(lost[group]):
                    lost[group] = now
                    events.append(now + backup[group])
            events = sorted({e for e in events if e > now})
        for step, time in enumerate(time_h):
            works[sample, step] = [u for t, u in history if t <= time][-1]
    return works
