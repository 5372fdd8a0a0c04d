"""Consequences in the tiny city that a test can write down by hand: none unless said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from rencheng.domain.hazard import Bulletin, BulletinKind, Shaking, Tsunami
from rencheng.domain.impact import Access, CityState, Damage, Impact, People, Services
from rencheng.domain.provenance import UNKNOWN, Mode
from tiny_city import make_tiny_city

ORIGIN = datetime(2015, 9, 16, 22, 54, 33, tzinfo=UTC)
SAMPLES = 20
SERVICES = ("power", "water", "telecom", "health", "access")


def make_bulletin(magnitude: float = 8.3, **changes: object) -> Bulletin:
    """Return a large earthquake 200 km south of the tiny city."""
    bulletin = Bulletin(
        id="b-1", event="illapel", kind=BulletinKind.EARTHQUAKE, issuer="CSN", issued=ORIGIN,
        origin_time=ORIGIN, lon=-71.674, lat=-31.573, depth_km=22.4, magnitude=magnitude,
        magnitude_sd=0.1, text="", source="test", mode=Mode.TEST, run="t",
    )  # fmt: skip
    return replace(bulletin, **changes)  # type: ignore[arg-type]


def make_state(**changes: object) -> CityState:
    """Return a state in which nothing but people present and free beds is known."""
    city = make_tiny_city()
    nodes = len(city.dependencies.node)
    beds = np.full(9, np.nan)
    beds[:2] = (5.0, 10.0)
    state = CityState(
        at=ORIGIN, node=city.dependencies.node, up=np.full(nodes, np.nan),
        confidence=np.zeros(nodes), age_s=np.full(nodes, np.inf), zone_present=np.full(6, 50.0),
        zone_power=np.full(6, np.nan), zone_water=np.full(6, np.nan), free_beds=beds,
        tide_anomaly_m=np.zeros(0), tide_time=(), streams_ok=11, streams_total=11,
    )  # fmt: skip
    return replace(state, **changes)  # type: ignore[arg-type]


def make_impact(
    *,
    deaths: float = 0.0,
    hurt: float = 0.0,
    displaced: float = 0.0,
    lifelines: dict[str, int] | None = None,
    water: float = 1.0,
    **changes: object,
) -> Impact:
    """Return an impact with the same numbers in all samples, spread evenly over the zones."""
    city = make_tiny_city()
    times = np.array([0.0, 24.0, 72.0, 720.0])
    injured = np.zeros((SAMPLES, 6, 4))
    injured[:, :, 3], injured[:, :, 1] = deaths / 6, hurt / 6
    asset_state = np.zeros((SAMPLES, len(city.lifelines.id)), dtype=np.int8)
    for name, value in (lifelines or {}).items():
        asset_state[:, city.lifelines.id.index(name)] = value
    level = np.ones((5, SAMPLES, 4), dtype=np.float32)
    level[1] = water
    zone_level = np.ones((5, 6, 4), dtype=np.float32)
    zone_level[1] = water
    works = np.full(9, np.nan)
    works[:2] = 1.0
    state = np.tile(np.array([0.9, 0.1, 0, 0, 0], dtype=np.float32), (60, 1))
    impact = Impact(
        at=ORIGIN, origin_time=ORIGIN, seed=1, samples=SAMPLES,
        shaking=Shaking(
            pga_g=np.full((SAMPLES, 6), 0.2), sa1_g=np.full((SAMPLES, 6), 0.2),
            rupture_km=np.full((SAMPLES, 6), 60.0), stations_used=(), model="test",
            version="1", bulletin="b-1",
        ),
        tsunami=Tsunami(
            is_possible=False, arrival_s=UNKNOWN, observed_peak_m=float("nan"),
            observed_arrival=None, depth_is_known=False, model="test", version="1",
        ),
        damage=Damage(
            building_state=state, zone_buildings=np.zeros((SAMPLES, 6, 5), dtype=np.float32),
            collapsed=np.zeros((SAMPLES, 6), dtype=np.float32),
            link_collapsed=np.zeros((SAMPLES, 31), dtype=np.uint8), lifeline_state=asset_state,
            facility_state=np.zeros((SAMPLES, 9), dtype=np.int8), not_assessed=4,
            curves_version="test",
        ),
        people=People(
            present=np.full(6, 50.0), injured=injured,
            displaced=np.full((SAMPLES, 6), displaced / 6), shaken=np.full(SAMPLES, 600.0),
        ),
        services=Services(
            time_h=times, names=SERVICES, level=level, zone_level=zone_level,
            asset_up=np.ones((len(city.dependencies.node), 4), dtype=np.float32),
            node=city.dependencies.node,
        ),
        access=Access(
            before_s=np.full(6, 100.0), each_s=np.full((2, 6), 100.0),
            after_s=np.full((SAMPLES, 6), 120.0), blocked_share=np.zeros(31), hospital_works=works,
        ),
        model_versions=(("test", "1"),),
    )  # fmt: skip
    return replace(impact, **changes)  # type: ignore[arg-type]
