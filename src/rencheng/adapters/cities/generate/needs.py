"""Who needs whom by default: what each kind of asset needs, from the networks as they lie."""

from __future__ import annotations

from dataclasses import dataclass, field

from rencheng.adapters.cities.generate.networks import Supply
from rencheng.adapters.cities.generate.usual_needs import default_needs
from rencheng.domain.city import I32, Facilities, Lifelines
from rencheng.domain.errors import InvalidInputError

Group = tuple[str, float, float, tuple[str, ...]]
"""Service, shortest and longest backup [h], suppliers."""

# Key of the backup in the recipe where it is not the kind itself.
_BACKUP_OF = {
    "urgent_care": "clinic", "primary_care": "clinic", "dialysis": "clinic",
    "mental_health": "clinic", "fire_station": "station", "ambulance_station": "station",
    "command_centre": "command",
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


def usual_groups(
    zone_ids: I32,
    lifelines: Lifelines,
    facilities: Facilities,
    supply: Supply,
    backups: dict[str, tuple[float, float]],
) -> dict[str, list[Group]]:
    """Draw the dependency graph of the city by default rules. It has no cycles.

    A need of a network that the city does not have is left out: nobody knows who supplies it. Left
    out too: what networks need of telecom (remote control), staff, fuel beyond `access`. Road
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
        for need in default_needs(kind):
            source = _source(need.service, z, zone_ids, names, supply)
            if source:
                backup = f"{_BACKUP_OF.get(kind, kind)}_{need.service}"
                needs.need(name, need.service, (source,), backup)
    feeder = supply.of_zone.get("power")
    for z, zone in enumerate(zone_ids):
        for service, nodes in supply.of_zone.items():
            needs.need(_zone(zone, service), service, (names[nodes[z]],))
            if service == "telecom" and feeder is not None:
                power = (names[feeder[z]],)
                needs.need(_zone(zone, service), "power", power, "zone_telecom_power")
    return needs.groups


def _lifeline(needs: Needs, row: int, lifelines: Lifelines, supply: Supply, zone_ids: I32) -> None:
    """Add what a network node needs: its own sector above it, and power where it pumps or talks."""
    name, kind, zone = lifelines.id[row], lifelines.kind[row], int(lifelines.zone[row])
    needs.node(name)
    above = tuple(lifelines.id[r] for r in supply.above.get(row, ()))
    if above:
        backup = f"{kind}_water" if lifelines.sector[row] == "water" else ""
        backup = backup if backup in needs.backups else ""
        needs.need(name, lifelines.sector[row], above, backup)
    if kind in ("treatment", "well", "pump", "exchange") and "power" in supply.of_zone:
        feeder = lifelines.id[supply.of_zone["power"][zone]]
        needs.need(name, "power", (feeder,), f"{kind}_power")
    if kind == "treatment":
        needs.need(name, "access", (_zone(zone_ids[zone], "access"),), "treatment_access")


def _order(lifelines: Lifelines) -> list[int]:
    """Return the rows by network, and within it from source to user."""
    rank = {"generation": 0, "substation": 1, "feeder": 2, "exchange": 3}
    rank |= {"treatment": 4, "well": 4, "pump": 5, "tank": 6}
    return sorted(range(len(lifelines.id)), key=lambda r: (rank.get(lifelines.kind[r], 7), r))


def _source(service: str, zone: int, zone_ids: I32, names: tuple[str, ...], supply: Supply) -> str:
    if service == "access":
        return _zone(zone_ids[zone], "access")
    nodes = supply.of_zone.get(service)
    return "" if nodes is None else names[int(nodes[zone])]


def _zone(zone: int, service: str) -> str:
    return f"zone:{int(zone)}:{service}"
