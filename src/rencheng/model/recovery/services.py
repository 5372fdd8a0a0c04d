"""Service levels from now to the horizon."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.city import City
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.impact import Access, CityState, Damage, Services
from rencheng.domain.recovery import Onset, RestorationTable
from rencheng.model.networks.cascade import TIME_H, backup_hours, cascade
from rencheng.model.recovery.crews import with_crews
from rencheng.model.recovery.evidence import with_evidence
from rencheng.model.recovery.levels import (
    Level,
    access_level,
    cut_off,
    health,
    zone_service,
)
from rencheng.model.recovery.mains import water_served
from rencheng.model.recovery.nodes import (
    NodeDamage,
    node_damage,
    out_of_work_hours,
    repair_hours,
    residual_hours,
)

F64 = NDArray[np.float64]

VERSION = "recovery-1"


def restore(
    city: City,
    damage: Damage,
    access: Access,
    state: CityState | None,
    table: RestorationTable,
    *,
    seed: int,
    horizon_h: float = 720.0,
    onset: Onset | None = None,
) -> Services:
    """Forecast what share of their services residents get, hour by hour, with its uncertainty.

    Parameters
    ----------
    state
        The city now; overrules what was sampled. None: nothing is known.
    onset
        Origin time, from which `state.at` counts, and shaking, from which water mains break.
        None: `state` belongs to the origin time, and mains count as whole.

    Returns
    -------
    services
        Rows `power`, `water`, `telecom`, `health`, `access`. NaN: the city has no nodes for the
        service. `zone_level` of `health` is NaN: hospitals serve the city, not a zone.

    Raises
    ------
    InvalidInputError
        When damage and shaking have different samples, or the table lacks a kind in use.

    Notes
    -----
    Repair times are HAZUS' restoration functions, cut at zero; a damaged node is wholly out of
    work until its time, where HAZUS means a share of function. Crews are unlimited except for
    water mains, unless `table.has_crew_limits`; nobody waits for roads or for spare parts.
    Everything without a fragility curve counts as undamaged. Outages then run through the
    dependencies with their backups (`networks.cascade`). Streets under debris open after
    `table.debris_h`. Not verified against an observed recovery.
    """
    samples = damage.lifeline_state.shape[0]
    if onset is not None and onset.shaking.sa1_g.shape[0] != samples:
        raise InvalidInputError(
            "restore.samples",
            f"damage has {samples} samples, shaking {onset.shaking.sa1_g.shape[0]}",
            hint="Pass the results of one and the same run",
            params={"damage": samples, "shaking": onset.shaking.sa1_g.shape[0]},
        )
    time_h = np.append(TIME_H[horizon_h > TIME_H], horizon_h)
    nodes = node_damage(city, damage, table)
    repair_h, clear_h = _times_to_repair(city, nodes, access, table, seed=seed)
    backup_h = backup_hours(city.dependencies, table.unknown_backup_h, samples=samples, seed=seed)
    if state is not None:
        now_h = _hours_since(onset, state)
        drawn = np.random.default_rng([seed, 75]).random(repair_h.shape)

        def still_h(which: NDArray[np.int64]) -> F64:
            return residual_hours(nodes.of(which), table, drawn[:, which], now_h)

        repair_h = with_evidence(city.dependencies, state, now_h, (repair_h, still_h), backup_h)
    works = cascade(city.dependencies, repair_h, backup_h, time_h)
    served = None
    if onset is not None:
        served = water_served(city, onset.shaking, table.mains, time_h, seed=seed)
    limit_s = 60.0 * table.access_limit_min
    levels = {
        "power": zone_service(city, works, "power"),
        "water": zone_service(city, works, "water", served),
        "telecom": zone_service(city, works, "telecom"),
        "health": health(city, works),
        "access": access_level(city, works, access, clear_h, time_h, limit_s),
    }
    return _services(city, levels, works, time_h)


def _times_to_repair(
    city: City, nodes: NodeDamage, access: Access, table: RestorationTable, *, seed: int
) -> tuple[F64, F64]:
    """Return when each node is whole by itself, and when each zone's streets are clear. [h]"""
    rng = np.random.default_rng([seed, 74])
    repair_h = repair_hours(nodes, table, rng.random(nodes.state.shape))
    if table.has_crew_limits:
        repair_h = with_crews(city, repair_h)
    samples, zones = nodes.state.shape[0], city.zones.id.size
    mean_h, sd_h = (np.full((samples, zones), value) for value in table.debris_h)
    clear_h = out_of_work_hours(mean_h, sd_h, rng.random((samples, zones)))
    cut = cut_off(access, samples)
    row = {node: index for index, node in enumerate(city.dependencies.node)}
    for zone, number in enumerate(city.zones.id):
        gate = row.get(f"zone:{number}:access", -1)
        if gate >= 0:
            repair_h[:, gate] = np.where(cut[:, zone], clear_h[:, zone], 0.0)
    return repair_h, clear_h


def _hours_since(onset: Onset | None, state: CityState) -> float:
    if onset is None:
        return 0.0
    return max(0.0, (state.at - onset.origin_time).total_seconds() / 3600.0)


def _services(
    city: City, levels: dict[str, Level], works: NDArray[np.uint8], time_h: F64
) -> Services:
    return Services(
        time_h=time_h,
        names=tuple(levels),
        level=np.stack([level.city for level in levels.values()]),
        zone_level=np.stack([level.zone for level in levels.values()]),
        asset_up=works.mean(axis=0, dtype=np.float32).T,
        node=city.dependencies.node,
    )
