"""Which dependency nodes work when, given what is damaged and how long backups last."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.city import Dependencies
from rencheng.domain.errors import InvalidInputError

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

VERSION = "cascade-1"
# Hours after the onset at which services are reported: dense while backups run out, then by days.
# No source: our choice.
TIME_H: F64 = np.array(
    [0, 0.5, 1, 2, 3, 4, 6, 8, 12, 18, 24, 36, 48, 60, 72, 96, 120, 144, 168]
    + [216, 264, 336, 408, 480, 552, 624, 720],
    dtype=np.float64,
)


def cascade(
    dependencies: Dependencies, repair_h: F64, backup_h: F64, time_h: F64
) -> NDArray[np.uint8]:
    """Follow outages through dependencies and backups until repairs bring service back.

    Parameters
    ----------
    repair_h
        Time at which the node itself is whole again; 0 or NaN: never broken, infinity: never
        mended. All that breaks breaks at time 0. [h] (samples, nodes)
    backup_h
        How long the node lasts without the group, finite. [h] (samples, groups)
    time_h
        Times to report, ascending from 0 on. [h] (times,)

    Returns
    -------
    works
        1 where the node works. (samples, times, nodes)

    Raises
    ------
    InvalidInputError
        When shapes disagree, or a backup time is negative, infinite or unknown.

    Notes
    -----
    A node works when it is whole itself and none of its groups is exhausted. A group is lost
    while none of its suppliers works and is exhausted once it has been lost for as long as its
    backup lasts; backups are full at the onset and full again the moment supply returns. A group
    without any supplier is not modelled and counts as held.

    Between events the state is the greatest fixpoint of these rules: nodes that need each other
    work as long as all of them are whole, and come back together once the last is mended. Real
    black starts need a source outside the loop and time; neither is modelled, so restarts of
    loops are optimistic. Events (repairs, backups running out) are followed at their exact times;
    `time_h` only says when to look. A repair and an exhaustion at the same instant: the repair
    comes first. Cost grows with the number of changes of state, not with times. Equal to the
    slow twin in the tests on random graphs with loops.

    Examples
    --------
    A pump on one feeder, with a generator for four hours; the feeder is mended after ten:

    >>> needs = Dependencies(node=("feeder", "pump"), group_start=np.array([0, 0, 1], np.int32),
    ...     service=("power",), backup_low_h=np.array([4.0]), backup_high_h=np.array([4.0]),
    ...     supplier_start=np.array([0, 1], np.int32), supplier=np.array([0], np.int32))
    >>> works = cascade(needs, np.array([[10.0, 0.0]]), np.array([[4.0]]),
    ...                 np.array([0.0, 3.0, 4.0, 9.0, 10.0]))
    >>> works[0, :, 1].tolist()
    [1, 1, 0, 0, 1]
    """
    samples, nodes = _check(dependencies, repair_h, backup_h)
    from rencheng.model.networks import cascade_kernel

    graph = _graph(dependencies)
    works = np.empty((samples, time_h.size, nodes), np.uint8)
    cascade_kernel.run(
        np.nan_to_num(np.ascontiguousarray(repair_h, dtype=np.float64), nan=0.0, posinf=np.inf),
        np.ascontiguousarray(backup_h, dtype=np.float64),
        graph,
        np.diff(dependencies.supplier_start).astype(np.int64),
        np.ascontiguousarray(time_h, dtype=np.float64),
        works,
    )
    return works


def backup_hours(
    dependencies: Dependencies, unknown_h: tuple[float, float], *, samples: int, seed: int
) -> F64:
    """Draw how long each node lasts without each group, uniformly between its bounds.

    Parameters
    ----------
    unknown_h
        Bounds where the city knows none: an unknown backup is neither zero nor endless. A single
        missing bound keeps the known one. [h]

    Returns
    -------
    backup_h
        (samples, groups)

    Examples
    --------
    >>> needs = Dependencies(node=("a",), group_start=np.array([0, 2], np.int32),
    ...     service=("power", "water"), backup_low_h=np.array([3.0, np.nan]),
    ...     backup_high_h=np.array([3.0, np.nan]),
    ...     supplier_start=np.array([0, 0, 0], np.int32), supplier=np.array([], np.int32))
    >>> drawn = backup_hours(needs, (1.0, 24.0), samples=50, seed=1)
    >>> bool((drawn[:, 0] == 3.0).all()), bool((drawn[:, 1] >= 1.0).all())
    (True, True)
    """
    low, high = dependencies.backup_low_h, dependencies.backup_high_h
    low = np.where(np.isfinite(low), low, np.fmin(unknown_h[0], np.where(high < 0, 0, high)))
    high = np.where(np.isfinite(high), high, np.maximum(unknown_h[1], low))
    share = np.random.default_rng([seed, 71]).random((samples, low.size))
    return low + share * (high - low)


def _graph(dependencies: Dependencies) -> tuple[I64, I64, I64, I64]:
    """Turn "who needs whom" round into "who supplies what"."""
    nodes = len(dependencies.node)
    groups = dependencies.supplier_start.size - 1
    group_of = np.repeat(np.arange(groups), np.diff(dependencies.supplier_start))
    order = np.argsort(dependencies.supplier, kind="stable")
    start = np.searchsorted(dependencies.supplier[order], np.arange(nodes + 1))
    owner = np.repeat(np.arange(nodes), np.diff(dependencies.group_start))
    return (
        start.astype(np.int64),
        group_of[order].astype(np.int64),
        owner.astype(np.int64),
        dependencies.group_start.astype(np.int64),
    )


def _check(dependencies: Dependencies, repair_h: F64, backup_h: F64) -> tuple[int, int]:
    """Refuse what the kernel could not survive."""
    nodes, groups = len(dependencies.node), len(dependencies.service)
    samples = repair_h.shape[0]
    if repair_h.shape != (samples, nodes) or backup_h.shape != (samples, groups):
        raise InvalidInputError(
            "cascade.shape",
            f"repair times are {repair_h.shape} and backups {backup_h.shape}; "
            f"expected (samples, {nodes}) and (samples, {groups})",
            hint="Draw both for the same city and the same number of samples",
            params={"nodes": nodes, "groups": groups},
        )
    bad = int(np.count_nonzero(~(np.isfinite(backup_h) & (backup_h >= 0))))
    if bad:
        raise InvalidInputError(
            "cascade.backup",
            f"{bad} of {backup_h.size} backup times are negative, infinite or unknown",
            hint="Draw unknown ones from a distribution; zero means no backup",
            params={"count": bad},
        )
    return samples, nodes
