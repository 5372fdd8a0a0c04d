"""Read a QuakeML 1.2 catalogue of earthquakes."""

from __future__ import annotations

from datetime import datetime

from lxml import etree

from rencheng.connectors.paths import number_of, time_of
from rencheng.connectors.quakes import NAN, Quake, bulletin
from rencheng.connectors.shape import Delivery, Get, Refusal, Settings
from rencheng.domain.errors import SourceUnavailableError
from rencheng.domain.provenance import Text
from rencheng.service.xml import children, name, text, tree

_EARTHQUAKES = {"", "earthquake", "not reported", "not existing", "induced or triggered event"}


class Connector:
    """Ask for the catalogue, and make a bulletin of each event that is wanted."""

    def read(self, settings: Settings, since: datetime | None, get: Get) -> Delivery:  # noqa: ARG002
        """Return the bulletins of the catalogue as it is now; see `Reads.read`."""
        answer = get(settings["url"])
        if answer.is_unchanged:
            return Delivery()
        root = tree(answer.body, what=answer.url)
        if name(root) != "quakeml":
            raise SourceUnavailableError(
                "feed.no_quakeml",
                f"{answer.url} answers XML that is no QuakeML",
                hint="Look at the address: it must give QuakeML",
                params={"url": answer.url, "root": name(root)},
            )
        found, refusals = [], []
        for parameters in children(root, "eventParameters"):
            for node in children(parameters, "event"):
                try:
                    quake = _quake(node)
                except ValueError as error:
                    key = node.get("publicID", "?")
                    params = {"id": key, "why": str(error)}
                    refusals.append(Refusal(what=key, why=Text("feed.event", params)))
                    continue
                item = bulletin(quake, settings) if quake else None
                if item is not None:
                    found.append(item)
        return Delivery(bulletins=tuple(found), refusals=tuple(refusals))


def _quake(node: etree._Element) -> Quake | None:
    """Read one event; None when it is no earthquake. `ValueError` when it lacks what it needs."""
    kind = text(node, "type")
    if kind not in _EARTHQUAKES:
        return None
    origin = _preferred(node, "origin", "preferredOriginID")
    magnitude = _preferred(node, "magnitude", "preferredMagnitudeID")
    event = node.get("publicID", "")
    if origin is None or not event:
        raise ValueError("it has no origin" if event else "it has no publicID")
    time = time_of(text(origin, "time", "value"))
    statuses = {text(one, "evaluationStatus") for one in (node, origin)}
    lon = number_of(text(origin, "longitude", "value"))
    lat = number_of(text(origin, "latitude", "value"))
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        raise ValueError(f"no place: {lon}, {lat}")
    depth_m = _number(origin, "depth", "value")
    said = [
        text(one, "creationInfo", "creationTime")
        for one in (node, origin, magnitude)
        if one is not None
    ]
    agency = text(node, "creationInfo", "agencyID") or text(origin, "creationInfo", "agencyID")
    return Quake(
        event=event,
        issuer=agency,
        time=time,
        updated=max((time_of(one) for one in said if one), default=time),
        lon=lon,
        lat=lat,
        depth_km=max(0.0, depth_m / 1000.0) if depth_m == depth_m else NAN,
        magnitude=_number(magnitude, "mag", "value"),
        magnitude_sd=_number(magnitude, "mag", "uncertainty"),
        scale=text(magnitude, "type"),
        place=text(node, "description", "text"),
        source=event,
        is_withdrawn=kind == "not existing" or "rejected" in statuses,
    )


def _preferred(node: etree._Element, kind: str, key: str) -> etree._Element | None:
    found = children(node, kind)
    wanted = text(node, key)
    return next((one for one in found if one.get("publicID") == wanted), next(iter(found), None))


def _number(node: etree._Element | None, *path: str) -> float:
    said = text(node, *path)
    return number_of(said) if said else NAN
