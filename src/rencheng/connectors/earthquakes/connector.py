"""Read a GeoJSON catalogue of earthquakes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rencheng.connectors.paths import json_of, number_of, time_of
from rencheng.connectors.quakes import NAN, Quake, bulletin
from rencheng.connectors.shape import Delivery, Get, Refusal, Settings
from rencheng.domain.errors import SourceUnavailableError
from rencheng.domain.provenance import Text

_NO_QUAKES = {"quarry blast", "explosion", "ice quake", "sonic boom", "mining explosion"}
_EARTHQUAKES = {"", "earthquake", "ke", "se", "ki", "si", "uk"}
"""`type` of the USGS and `evtype` of the EMSC that mean an earthquake, known or suspected."""


class Connector:
    """Ask for the catalogue, and make a bulletin of each event that is wanted."""

    def read(self, settings: Settings, since: datetime | None, get: Get) -> Delivery:  # noqa: ARG002
        """Return the bulletins of the catalogue as it is now; see `Reads.read`."""
        answer = get(settings["url"])
        if answer.is_unchanged:
            return Delivery()
        document = json_of(answer)
        is_one = isinstance(document, dict) and document.get("type") == "Feature"
        rows = [document] if is_one else None
        if isinstance(document, dict) and isinstance(document.get("features"), list):
            rows = document["features"]
        if rows is None:
            raise SourceUnavailableError(
                "feed.no_features",
                f"{answer.url} answers JSON without features",
                hint="Look at the address: it must give GeoJSON",
                params={"url": answer.url},
            )
        found, refusals = [], []
        for index, row in enumerate(rows):
            try:
                quake = _quake(row)
            except (KeyError, TypeError, ValueError, IndexError) as error:
                what = str(row.get("id", index)) if isinstance(row, dict) else str(index)
                params = {"id": what, "why": f"{type(error).__name__}: {error}"}
                refusals.append(Refusal(what=what, why=Text("feed.event", params)))
                continue
            item = bulletin(quake, settings) if quake else None
            if item is not None:
                found.append(item)
        return Delivery(bulletins=tuple(found), refusals=tuple(refusals))


def _quake(row: Mapping[str, Any]) -> Quake | None:
    """Read one feature; None when it is no earthquake."""
    said = row["properties"]
    kind = str(said.get("type") or said.get("evtype") or "").lower()
    if kind in _NO_QUAKES or (kind and kind not in _EARTHQUAKES):
        return None
    place = row["geometry"]["coordinates"]
    is_usgs = not isinstance(said["time"], str)
    how = "ms" if is_usgs else "iso"
    event = str(row.get("id") or said["unid"])
    updated = said.get("updated") if is_usgs else said.get("lastupdate")
    deep = place[2] if len(place) > 2 else None
    depth = said.get("depth", deep)  # the EMSC gives the height in the geometry, below zero
    time = time_of(said["time"], how)
    magnitude = said.get("mag")
    lon, lat = number_of(place[0]), number_of(place[1])
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        raise ValueError(f"no place: {lon}, {lat}")
    return Quake(
        event=event,
        issuer=str(said.get("auth") or said.get("net") or "").upper(),
        time=time,
        updated=time_of(updated, how) if updated else time,
        lon=lon,
        lat=lat,
        depth_km=NAN if depth is None else max(0.0, number_of(depth)),
        magnitude=NAN if magnitude is None else number_of(magnitude),
        magnitude_sd=NAN,
        scale=str(said.get("magType") or said.get("magtype") or ""),
        place=str(said.get("place") or said.get("flynn_region") or ""),
        source=str(said.get("url") or said.get("detail") or ""),
        is_withdrawn=str(said.get("status", "")).lower() == "deleted",
    )
