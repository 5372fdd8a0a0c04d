"""How long each dependency node is out of work by its own damage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from rencheng.domain.city import City
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.impact import Damage, DamageState
from rencheng.domain.recovery import RestorationTable

F64 = NDArray[np.float64]
I8 = NDArray[np.int8]

# Rows of the restoration table for facilities. No source: which occupancy class each kind is.
FACILITY_KIND = {
    "hospital": "hospital",
    "shelter": "shelter",
    "fire_station": "emergency",
    "ambulance_station": "emergency",
    "command_centre": "emergency",
    "warehouse": "warehouse",
}
OTHER_FACILITY = "medical"
CONNECTION = "connection"
# A normal tail is cut here, in standard deviations: beyond it the numbers underflow.
FARTHEST_SD = 30.0


@dataclass(frozen=True, slots=True)
class NodeDamage:
    """Damage by dependency node."""

    state: I8
    """Sampled `DamageState`; not assessed counts as none. (samples, nodes)"""
    kind: NDArray[np.int64]
    """Row of the restoration table. (nodes,)"""

    def of(self, which: NDArray[np.int64]) -> NodeDamage:
        """Return some of the nodes."""
        return NodeDamage(self.state[:, which], self.kind[which])


def node_damage(city: City, damage: Damage, table: RestorationTable) -> NodeDamage:
    """Bring the damage of lifelines and facilities to the nodes of the dependencies.

    Notes
    -----
    Lifelines and facilities without a fragility curve count as undamaged, which is optimistic;
    `Damage.not_assessed` says how many there are.
    """
    row = {node: index for index, node in enumerate(city.dependencies.node)}
    state = np.zeros((damage.lifeline_state.shape[0], len(row)), np.int8)
    kind = np.full(len(row), _kind_row(table, CONNECTION), np.int64)
    kinds = [FACILITY_KIND.get(k, OTHER_FACILITY) for k in city.facilities.kind]
    _check_kinds(table, [*(k for k in city.lifelines.restoration if k), *kinds, CONNECTION])
    for ids, restoration, states in (
        (city.lifelines.id, city.lifelines.restoration, damage.lifeline_state),
        (city.facilities.id, kinds, damage.facility_state),
    ):
        columns = [i for i, name in enumerate(ids) if name in row]
        nodes = [row[ids[i]] for i in columns]
        state[:, nodes] = np.maximum(states[:, columns], 0)
        kind[nodes] = [_kind_row(table, restoration[i] or CONNECTION) for i in columns]
    return NodeDamage(state, kind)


def out_of_work_hours(mean_h: F64, sd_h: F64, drawn: F64, *, after_h: float | F64 = 0.0) -> F64:
    """Draw times from normal distributions cut below `after_h`.

    Parameters
    ----------
    drawn
        Uniform on [0, 1): larger is longer.

    Returns
    -------
    hours
        0 where the mean is 0: such a state does not stop work. [h]

    Notes
    -----
    HAZUS gives restoration as a normal distribution that reaches below zero (the plant of the
    reference at moderate damage: 3.6 ± 3.6 days), which would mean service before the event. The
    part below `after_h` is cut off and the rest renormalised; quantiles are exact. Some of HAZUS'
    distributions cross (tanks: 1.2 ± 0.4 days slight, 3.1 ± 2.7 moderate), so in a single sample
    worse damage can be over sooner; this is left as published.

    Examples
    --------
    >>> float(out_of_work_hours(np.array([0.0]), np.array([0.0]), np.array([0.9]))[0])
    0.0
    >>> round(float(out_of_work_hours(np.array([10.0]), np.array([1.0]), np.array([0.5]))[0]), 2)
    10.0
    """
    stops = mean_h > 0
    spread = np.where(stops, sd_h, 1.0)
    from_sd = np.minimum((after_h - mean_h) / spread, FARTHEST_SD)
    hours = mean_h - spread * ndtri((1.0 - drawn) * ndtr(-from_sd))
    return np.asarray(np.where(stops, np.maximum(hours, after_h), 0.0))


def repair_hours(nodes: NodeDamage, table: RestorationTable, drawn: F64) -> F64:
    """Return when each node is whole again by itself; 0: never out of work. [h] (samples, nodes)

    Crews are unlimited, as HAZUS assumes: every repair starts at once.
    """
    hours = np.zeros(drawn.shape)
    samples, which = np.nonzero(nodes.state)
    kind, state = nodes.kind[which], nodes.state[samples, which]
    hours[samples, which] = out_of_work_hours(
        24.0 * table.mean_d[kind, state], 24.0 * table.sd_d[kind, state], drawn[samples, which]
    )
    return hours


def residual_hours(nodes: NodeDamage, table: RestorationTable, drawn: F64, now_h: float) -> F64:
    """Return repair times of nodes that are known to be out of work now. [h] (samples, nodes)

    What is undamaged in a sample, or damaged so little that it would work, is taken as slightly
    damaged, or as the least state that stops work; times are those that end after now.
    """
    stops = np.argmax(table.mean_d > 0, axis=1)  # least state that stops work, by kind
    state = np.maximum(nodes.state, np.maximum(stops[nodes.kind], DamageState.SLIGHT))
    mean_h = 24.0 * table.mean_d[nodes.kind, state]
    sd_h = 24.0 * table.sd_d[nodes.kind, state]
    return out_of_work_hours(mean_h, sd_h, drawn, after_h=now_h)


def _kind_row(table: RestorationTable, kind: str) -> int:
    return max(table.row(kind), 0)


def _check_kinds(table: RestorationTable, kinds: list[str]) -> None:
    missing = sorted(set(kinds) - set(table.kind))
    if missing:
        raise InvalidInputError(
            "restore.kind",
            f"the restoration table lacks {len(missing)} kinds, first {missing[:3]}",
            hint="Add them to the table, or correct the kind in the city's data",
            params={"count": len(missing), "first": missing[0]},
        )
