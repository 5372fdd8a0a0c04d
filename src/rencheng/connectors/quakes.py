"""What feeds of earthquakes share: which events are wanted, and bulletins made of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import asin, cos, isnan, radians, sin, sqrt

from rencheng.connectors.shape import Settings
from rencheng.domain.hazard import BulletinKind
from rencheng.service.bulletins import BulletinItem

NAN = float("nan")
_EARTH_KM = 6371.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quake:
    """An earthquake as a catalogue has it now."""

    event: str
    issuer: str
    time: datetime
    updated: datetime
    lon: float
    lat: float
    depth_km: float
    """NaN: not said."""
    magnitude: float
    """NaN: not said."""
    magnitude_sd: float
    scale: str
    place: str
    source: str
    is_withdrawn: bool = False


def bulletin(quake: Quake, settings: Settings) -> BulletinItem | None:
    """Return the bulletin of an event as it is now; None when it is not wanted.

    Each revision has an id of its own, made of the event and the time of the revision: asking
    twice makes nothing new, and the order of revisions does not depend on when they were heard.
    """
    if not _is_near(quake, settings):
        return None
    is_small = not isnan(quake.magnitude) and quake.magnitude < settings["min_magnitude"]
    if is_small and not quake.is_withdrawn:
        return None
    updated = max(quake.updated, quake.time)
    kind = BulletinKind.WITHDRAWN if quake.is_withdrawn else BulletinKind.EARTHQUAKE
    said = f"M {quake.magnitude:.1f} {quake.scale}".strip() if not isnan(quake.magnitude) else ""
    return BulletinItem(
        id=f"{quake.event}/{updated:%Y%m%dT%H%M%S}.{updated.microsecond // 1000:03d}Z",
        event=quake.event,
        kind=kind,
        issuer=settings["issuer"] or quake.issuer,
        issued=updated,
        origin_time=quake.time,
        lon=quake.lon,
        lat=quake.lat,
        depth_km=quake.depth_km,
        magnitude=quake.magnitude,
        magnitude_sd=quake.magnitude_sd,
        text=" ".join(part for part in (said, quake.place) if part),
        source=quake.source,
    )


def _is_near(quake: Quake, settings: Settings) -> bool:
    radius = settings["radius_km"]
    if radius <= 0:
        return True
    lon1, lat1, lon2, lat2 = map(radians, (quake.lon, quake.lat, settings["lon"], settings["lat"]))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return bool(2 * _EARTH_KM * asin(min(1.0, sqrt(half))) <= radius)
