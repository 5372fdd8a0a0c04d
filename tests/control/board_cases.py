"""Impacts and states of the tiny city for the tests of the boards."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from rencheng.domain.city import City
from rencheng.domain.hazard import Shaking, Tsunami
from rencheng.domain.impact import Access, CityState, Damage, Impact, People, Services
from rencheng.domain.provenance import Band

ORIGIN = datetime(2015, 9, 16, 22, 54, 33, tzinfo=UTC)
NOW = ORIGIN + timedelta(hours=1)
SAMPLES = 10
HOURS = np.array([0.0, 1, 24, 25, 72, 73, 720])


def nothing_known(city: City) -> CityState:
    nodes, zones = len(city.dependencies.node), city.zones.id.size
    return CityState(
        at=NOW,
        node=city.dependencies.node,
        up=np.full(nodes, np.nan),
        confidence=np.zeros(nodes),
        age_s=np.full(nodes, np.inf),
        zone_present=np.full(zones, 100.0),
        zone_power=np.full(zones, np.nan),
        zone_water=np.full(zones, np.nan),
        free_beds=np.full(len(city.facilities.id), np.nan),
        tide_anomaly_m=np.empty(0),
        tide_time=(),
        streams_ok=0,
        streams_total=len(city.datastreams),
    )


def all_seen(city: City, share: float = 1.0, tide_m: float = 0.1) -> CityState:
    """Return a state in which everything that can be watched is."""
    zones = city.zones.id.size
    beds = np.where([k == "hospital" for k in city.facilities.kind], 12.0, np.nan)
    return replace(
        nothing_known(city),
        zone_power=np.full(zones, share),
        zone_water=np.full(zones, share),
        free_beds=beds,
        tide_anomaly_m=np.array([0.0, tide_m]),
        tide_time=(NOW - timedelta(minutes=2), NOW - timedelta(minutes=1)),
    )


def impact(city: City, share: float = 1.0, displaced: float = 0.0) -> Impact:
    """Return an impact whose services all stand at `share`."""
    zones, links = city.zones.id.size, city.roads.start.size
    lifelines, facilities = len(city.lifelines.id), len(city.facilities.id)
    field = np.full((SAMPLES, zones), 0.2)
    hospital = np.array([k == "hospital" for k in city.facilities.kind])
    return Impact(
        at=NOW,
        origin_time=ORIGIN,
        seed=1,
        samples=SAMPLES,
        shaking=Shaking(
            pga_g=field, sa1_g=field, rupture_km=field, stations_used=(), model="m",
            version="1", bulletin="b",
        ),
        tsunami=Tsunami(
            is_possible=True, arrival_s=Band(600.0, 1200.0, 1800.0), observed_peak_m=np.nan,
            observed_arrival=None, depth_is_known=False, model="m", version="1",
        ),
        damage=Damage(
            building_state=np.zeros((city.buildings.zone.size, 5), np.float32),
            zone_buildings=np.zeros((SAMPLES, zones, 5), np.float32),
            collapsed=np.zeros((SAMPLES, zones), np.float32),
            link_collapsed=np.zeros((SAMPLES, links), np.uint8),
            lifeline_state=np.full((SAMPLES, lifelines), 0 if share == 1 else 2, np.int8),
            facility_state=np.zeros((SAMPLES, facilities), np.int8),
            not_assessed=0,
            curves_version="1",
        ),
        people=People(
            present=np.full(zones, 100.0),
            injured=np.full((SAMPLES, zones, 4), displaced / 10),
            displaced=np.full((SAMPLES, zones), displaced),
            shaken=np.full(SAMPLES, 600.0),
        ),
        services=Services(
            time_h=HOURS,
            names=("power", "water", "telecom", "health", "access"),
            level=np.full((5, SAMPLES, HOURS.size), share, np.float32),
            zone_level=np.full((5, zones, HOURS.size), share, np.float32),
            asset_up=np.full((len(city.dependencies.node), HOURS.size), share, np.float32),
            node=city.dependencies.node,
        ),
        access=Access(
            before_s=np.full(zones, 100.0),
            each_s=np.full((2, zones), 100.0),
            after_s=np.full((SAMPLES, zones), np.inf if share == 0 else 100.0),
            blocked_share=np.full(links, 1.0 - share),
            hospital_works=np.where(hospital, share, np.nan),
        ),
        model_versions=(("m", "1"),),
    )  # fmt: skip
