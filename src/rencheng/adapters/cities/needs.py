"""Who needs whom: the dependency graph, with suppliers before those that they supply."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rencheng.adapters.cities.networks import Supply
from rencheng.domain.city import Dependencies, Facilities, Lifelines
from rencheng.domain.errors import InvalidInputError

Group = tuple[str, float, float, tuple[str, ...]]
"""Service, shortest and longest backup [h], suppliers."""

# What each kind of facility needs: service and key of its backup in the recipe.
FACILITY_NEEDS: dict[str, tuple[str, ...]] = {
    "hospital": ("power", "water", "telecom", "access"),
    "urgent_care": ("power", "water"),
    "primary_care": ("power", "water"),
    "clinic": ("power", "water"),
    "dialysis": ("power", "water"),
    "mental_health": ("power", "water"),
    "shelter": ("water",),
    "fire_station": ("power", "telecom"),
    "command_centre": ("power", "telecom"),
    "warehouse": (),
}
_BACKUP_OF = {
    "urgent_care": "clinic", "primary_care": "clinic", "dialysis": "clinic",
    "mental_health": "clinic", "fire_station": "station", "command_centre": "command",
}  # fmt: skip


@dataclass(slots=True)
class Needs:
    """The graph while it is being drawn."""

    backups: dict[str, tuple[float, float]]
    groups: dict[str, list[Group]] = field(default_factory=dict)

    def node(self, name: str) -> list[Group]:
        """Add a node and return its groups."""
        return self.groups.setdefault(name, [])

    def need(self, name: str, service: str, suppliers: tuple[str, ...], backup: str = "") -> None:
        """Say that a node needs any one of the suppliers, after the backup of that key."""
        if backup and backup not in self.backups:
            raise InvalidInputError(
                "city.no_backup",
                f"the recipe has no backup {backup!r}",
                hint="Add it to [backups] as [shortest, longest] hours",
                params={"backup": backup},
            )
        low, high = self.backups[backup] if backup else (0.0, 0.0)
        self.node(name).append((service, low, high, suppliers))


def make_dependencies(
    zone_ids: np.ndarray,
    lifelines: Lifelines,
    facilities: Facilities,
    supply: Supply,
    backups: dict[str, tuple[float, float]],
) -> Dependencies:
    """Draw the dependency graph of the city. It has no cycles.

    Left out: what networks need of telecom (remote control), staff, fuel beyond `access`. Road
    access of a zone is a node without suppliers; its state comes from the road model.
    """
    needs = Needs(backups)
    names = lifelines.id
    for zone in zone_ids:
        needs.node(_zone(zone, "access"))
    for row in _order(lifelines):
        _lifeline(needs, row, lifelines, supply, zone_ids)
    for row, name in enumerate(facilities.id):
        kind, z = facilities.kind[row], int(facilities.zone[row])
        needs.node(name)
        for service in FACILITY_NEEDS.get(kind, ()):
            backup = f"{_BACKUP_OF.get(kind, kind)}_{service}"
            needs.need(name, service, (_source(service, z, zone_ids, names, supply),), backup)
    for z, zone in enumerate(zone_ids):
        feeder = names[supply.feeder[z]]
        needs.need(_zone(zone, "power"), "power", (feeder,))
        needs.need(_zone(zone, "water"), "water", (names[supply.tank[z]],))
        needs.need(_zone(zone, "telecom"), "telecom", (names[supply.exchange[z]],))
        needs.need(_zone(zone, "telecom"), "power", (feeder,), "zone_telecom_power")
    return pack(needs.groups)


def _lifeline(
    needs: Needs, row: int, lifelines: Lifelines, supply: Supply, zone_ids: np.ndarray
) -> None:
    """Add what a network node needs: its own sector above it, and power where it pumps or talks."""
    name, kind, zone = lifelines.id[row], lifelines.kind[row], int(lifelines.zone[row])
    needs.node(name)
    above = tuple(lifelines.id[r] for r in supply.above.get(row, ()))
    if above:
        backup = f"{kind}_water" if lifelines.sector[row] == "water" else ""
        needs.need(name, lifelines.sector[row], above, backup)
    if kind in ("treatment", "well", "pump", "exchange"):
        feeder = lifelines.id[supply.feeder[zone]]
        needs.need(name, "power", (feeder,), f"{kind}_power")
    if kind == "treatment":
        needs.need(name, "access", (_zone(zone_ids[zone], "access"),), "treatment_access")


def _order(lifelines: Lifelines) -> list[int]:
    """Return the rows with suppliers first: by network, and within it from source to user."""
    rank = {"generation": 0, "substation": 1, "feeder": 2, "exchange": 3}
    rank |= {"treatment": 4, "well": 4, "pump": 5, "tank": 6}
    return sorted(range(len(lifelines.id)), key=lambda r: (rank[lifelines.kind[r]], r))


def _source(
    service: str, zone: int, zone_ids: np.ndarray, names: tuple[str, ...], supply: Supply
) -> str:
    if service == "access":
        return _zone(zone_ids[zone], "access")
    of_zone = {"power": supply.feeder, "water": supply.tank, "telecom": supply.exchange}[service]
    return names[int(of_zone[zone])]


def _zone(zone: int, service: str) -> str:
    return f"zone:{int(zone)}:{service}"


def pack(groups: dict[str, list[Group]]) -> Dependencies:
    """Return the graph as columns."""
    node = tuple(groups)
    row = {name: i for i, name in enumerate(node)}
    flat = [group for name in node for group in groups[name]]
    return Dependencies(
        node=node,
        group_start=np.cumsum([0] + [len(groups[n]) for n in node]).astype(np.int32),
        service=tuple(g[0] for g in flat),
        backup_low_h=np.array([g[1] for g in flat], dtype=np.float64),
        backup_high_h=np.array([g[2] for g in flat], dtype=np.float64),
        supplier_start=np.cumsum([0] + [len(g[3]) for g in flat]).astype(np.int32),
        supplier=np.array([row[s] for g in flat for s in g[3]], dtype=np.int32),
    )
