"""Whose asset is it: what somebody who is not city-wide may see of the city's state."""

from __future__ import annotations

import numpy as np

from rencheng.domain.city import City, Flags
from rencheng.domain.identity import Actor
from rencheng.domain.observation import Quantity

DUTY_OF_SECTOR = {"power": "repair_power", "water": "repair_water", "telecom": "repair_telecom"}
"""Duty of the organisation that runs the lifelines of a sector."""
DUTY_OF_KIND = {
    "shelter": "shelter",
    "warehouse": "supply",
    "fire_station": "command",
    "ambulance_station": "ambulance",
    "command_centre": "command",
}
"""Duty of the organisation that runs a facility; every other kind is a health site."""
DUTY_OF_QUANTITY = {
    Quantity.FEEDER_STATE: "repair_power",
    Quantity.WATER_PRESSURE: "repair_water",
}
"""Duty of the organisation whose sensors measure a quantity, wherever they stand."""
HEALTH = ("hospital", "ambulance")


def duties(actor: Actor, city: City) -> frozenset[str]:
    """Return the duties of the actor's organisation."""
    for organisation in city.organisations:
        if organisation.id == actor.organisation:
            return frozenset(organisation.duties)
    return frozenset()


def lifelines_seen(actor: Actor, city: City) -> Flags:
    """Return which lifelines' state the actor may see. (lifelines,)"""
    if actor.is_city_wide:
        return np.ones(len(city.lifelines.id), dtype=np.bool_)
    own = duties(actor, city)
    return np.array([DUTY_OF_SECTOR.get(s) in own for s in city.lifelines.sector], dtype=np.bool_)


def facilities_seen(actor: Actor, city: City) -> Flags:
    """Return which facilities' state the actor may see: shelters always. (facilities,)"""
    if actor.is_city_wide:
        return np.ones(len(city.facilities.id), dtype=np.bool_)
    own = duties(actor, city)
    return np.array([_is_own_kind(kind, own) for kind in city.facilities.kind], dtype=np.bool_)


def assets_hidden(actor: Actor, city: City) -> frozenset[str]:
    """Return the ids of assets of others: their state, sensors and alarms are not shown."""
    if actor.is_city_wide:
        return frozenset()
    lifelines, facilities = lifelines_seen(actor, city), facilities_seen(actor, city)
    others = [key for key, seen in zip(city.lifelines.id, lifelines, strict=True) if not seen]
    others += [key for key, seen in zip(city.facilities.id, facilities, strict=True) if not seen]
    hidden, own = frozenset(others), duties(actor, city)
    return hidden | {
        stream.id
        for stream in city.datastreams
        if stream.asset in hidden or DUTY_OF_QUANTITY.get(stream.quantity, "") not in own | {""}
    }


def _is_own_kind(kind: str, own: frozenset[str]) -> bool:
    duty = DUTY_OF_KIND.get(kind)
    if kind == "shelter":
        return True
    return duty in own if duty else bool(own.intersection(HEALTH))
