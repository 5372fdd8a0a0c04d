"""Damage, access and states of the tiny city for the tests of recovery."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from rencheng.domain.city import City
from rencheng.domain.hazard import Shaking
from rencheng.domain.impact import Access, CityState, Damage
from rencheng.domain.recovery import Onset
from rencheng.model.networks.access import hospital_access

ORIGIN = datetime(2015, 9, 16, 22, 54, 33, tzinfo=UTC)


def no_damage(city: City, samples: int = 40) -> Damage:
    zones = city.zones.id.size
    return Damage(
        building_state=np.zeros((city.buildings.zone.size, 5), np.float32),
        zone_buildings=np.zeros((samples, zones, 5), np.float32),
        collapsed=np.zeros((samples, zones), np.float32),
        link_collapsed=np.zeros((samples, city.roads.start.size), np.uint8),
        lifeline_state=np.zeros((samples, len(city.lifelines.id)), np.int8),
        facility_state=np.zeros((samples, len(city.facilities.id)), np.int8),
        not_assessed=0,
        curves_version="none",
    )


def whole_access(city: City) -> Access:
    return hospital_access(city, no_damage(city), seed=1)


def onset(city: City, sa1_g: float = 0.0, samples: int = 40) -> Onset:
    field = np.full((samples, city.zones.id.size), sa1_g)
    return Onset(
        origin_time=ORIGIN,
        shaking=Shaking(
            pga_g=field,
            sa1_g=field,
            rupture_km=field,
            stations_used=(),
            model="none",
            version="0",
            bulletin="b",
        ),
    )


def seen(city: City, at: datetime, **nodes: float) -> CityState:
    """Return a state in which only the nodes named are known."""
    names = city.dependencies.node
    up = np.array([nodes.get(n.replace("-", "_"), np.nan) for n in names])
    zones = city.zones.id.size
    return CityState(
        at=at,
        node=names,
        up=up,
        confidence=np.where(np.isnan(up), 0.0, 1.0),
        age_s=np.where(np.isnan(up), np.inf, 60.0),
        zone_present=np.zeros(zones),
        zone_power=np.full(zones, np.nan),
        zone_water=np.full(zones, np.nan),
        free_beds=np.full(len(city.facilities.id), np.nan),
        tide_anomaly_m=np.empty(0),
        tide_time=(),
        streams_ok=0,
        streams_total=0,
    )
