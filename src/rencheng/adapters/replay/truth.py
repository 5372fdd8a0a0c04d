"""The hidden truth of a scenario: one course of events, drawn from the models with hidden seeds.

The program infers from what the streams betray; it never sees this. Because the truth comes from
the same models, a replay shows that the loop works, and does not show that the models are right.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rencheng.adapters.replay.scenarios import ScenarioFile
from rencheng.adapters.replay.streams import Truth
from rencheng.domain.city import City
from rencheng.domain.hazard import Bulletin, BulletinKind, Shaking
from rencheng.domain.impact import Damage, FragilityTable
from rencheng.domain.observation import Quantity
from rencheng.domain.provenance import Mode
from rencheng.domain.recovery import Onset, RestorationTable
from rencheng.model.damage.state import assess_damage
from rencheng.model.hazards.earthquake.shaking import shake
from rencheng.model.networks.access import hospital_access
from rencheng.model.recovery.services import restore


def hidden_earthquake(file: ScenarioFile) -> Bulletin:
    """Return the earthquake as it truly was: the last published place, the true magnitude."""
    hidden, origin = file.sections["streams"], file.scenario.origin
    last = next(b for b in reversed(file.bulletins) if b.kind is BulletinKind.EARTHQUAKE)
    return Bulletin(
        id="truth",
        event=file.scenario.event,
        kind=BulletinKind.EARTHQUAKE,
        issuer="",
        issued=origin,
        origin_time=origin,
        lon=last.lon,
        lat=last.lat,
        depth_km=hidden["depth_km"],
        magnitude=hidden["magnitude"],
        # Almost none: the truth is not uncertain about itself.
        magnitude_sd=0.01,
        text="",
        source="",
        mode=Mode.REPLAY,
        run="",
    )


def hidden_truth(
    city: City, file: ScenarioFile, table: FragilityTable, restoration: RestorationTable
) -> tuple[Truth, Shaking, Damage]:
    """Draw one course of events: shaking at the sensors and zones, damage, outages over time."""
    hidden = file.sections["streams"]
    stations = [s for s in city.datastreams if s.quantity is Quantity.PEAK_ACCELERATION]
    sites = np.array([s.xy for s in stations], dtype=np.float64).reshape(-1, 2)
    everywhere = np.concatenate([city.zones.centre, sites])
    field = shake(
        hidden_earthquake(file), everywhere, (), samples=1, seed=int(hidden["shaking_seed"])
    )
    zones = city.zones.id.size
    shaking = replace(
        field,
        pga_g=field.pga_g[:, :zones],
        sa1_g=field.sa1_g[:, :zones],
        rupture_km=field.rupture_km[:, :zones],
    )
    damage = assess_damage(city, shaking, weakened(table, file), seed=int(hidden["damage_seed"]))
    seed = int(hidden["services_seed"])
    access = hospital_access(city, damage, seed=seed, samples=1)
    onset = Onset(origin_time=file.scenario.origin, shaking=shaking)
    services = restore(city, damage, access, None, restoration, seed=seed, onset=onset)
    truth = Truth(
        pga_g={s.id: float(g) for s, g in zip(stations, field.pga_g[0, zones:], strict=True)},
        time_h=services.time_h,
        up={node: services.asset_up[row].astype(float) for row, node in enumerate(services.node)},
    )
    return truth, shaking, damage


def weakened(table: FragilityTable, file: ScenarioFile) -> FragilityTable:
    """Return the true fragilities: the published ones with a hidden factor on every median."""
    factor = float(file.sections["streams"]["median_factor"])
    return replace(table, median_g=table.median_g * factor, version=f"{table.version}-hidden")
