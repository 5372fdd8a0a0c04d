"""Incidents: opened by the first bulletin that concerns the city, moved on by people."""

from __future__ import annotations

from dataclasses import replace
from math import isnan

import numpy as np

from rencheng.domain.alarm import Level
from rencheng.domain.city import City
from rencheng.domain.errors import ConflictError
from rencheng.domain.hazard import Bulletin, BulletinKind
from rencheng.domain.identity import Permission
from rencheng.domain.incident import Incident, IncidentStatus
from rencheng.domain.provenance import Text
from rencheng.domain.rules import Rules
from rencheng.sense.solutions import preferred
from rencheng.service.house import (
    Command,
    Context,
    Done,
    House,
    new_id,
    perform,
    require_version,
    tell,
)
from rencheng.service.ports import UnitOfWork
from rencheng.service.quake_events import of_event

KIND = "earthquake_tsunami"
REACH_KM = 300.0
"""Farthest epicentre that concerns the city when no rules say so. Chosen; no source. [km]"""
# IUGG mean Earth radius R1 = 6371.0088 km (Moritz 2000, Geodetic Reference System 1980).
_EARTH_KM = 6371.0088
_NEXT = {
    IncidentStatus.RESPONDING: {IncidentStatus.RECOVERING, IncidentStatus.CLOSED},
    IncidentStatus.RECOVERING: {IncidentStatus.RESPONDING, IncidentStatus.CLOSED},
    IncidentStatus.CLOSED: set(),
}


def current(work: UnitOfWork, run: str) -> Incident | None:
    """Return the newest incident that is not closed, None when there is none."""
    for incident in work.incidents.list(run):
        if incident.status is not IncidentStatus.CLOSED:
            return incident
    return None


def set_status(
    house: House, command: Command, incident_id: str, version: int, status: IncidentStatus
) -> Incident:
    """Move an incident on: to recovery, back to response, or to its close."""
    command.actor.must(Permission.PROPOSAL_DECIDE)

    def change(work: UnitOfWork, ctx: Context) -> Done[Incident]:  # noqa: ARG001
        incident = work.incidents.get(incident_id)
        require_version(incident.version, version, "Incident")
        if status not in _NEXT[incident.status]:
            raise ConflictError(
                "incident.step",
                f"incident {incident.id} is {incident.status}, which does not lead to {status}",
                hint="Reload to see its present state",
                params={"status": incident.status.value, "wanted": status.value},
            )
        moved = work.incidents.replace(replace(incident, status=status))
        params = {"status": status.value}
        return Done(
            item=moved, id=moved.id, event="incident", action="incident.status", params=params
        )

    content = ("incidents.set_status", incident_id, version, status.value)
    return perform(
        house,
        command,
        change,
        again=lambda work, key: work.incidents.get(key),
        content=content,
    )


def set_level(work: UnitOfWork, ctx: Context, incident_id: str, level: Level) -> Incident:
    """Put a response level in force, within the unit of work of the decision."""
    incident = work.incidents.replace(replace(work.incidents.get(incident_id), level=level))
    tell(work, ctx, "incident", incident.id)
    return incident


def opened(
    house: House, work: UnitOfWork, ctx: Context, bulletin: Bulletin
) -> Done[Incident] | None:
    """Open the incident of a bulletin's event, or follow what a later bulletin says of it.

    None: no incident is called for, or nothing changes.
    """
    known = work.incidents.list(ctx.run, where={"event": bulletin.event}, limit=1)
    if known:
        return _followed(house, work, known[0], bulletin)
    if not calls_for_incident(house, bulletin):
        return None
    name = _name(bulletin)
    incident = Incident(
        id=new_id(ctx.wall),
        name_zh=house.words(name, "zh-CN"),
        name_en=house.words(name, "en"),
        kind=KIND,
        level=None,
        status=IncidentStatus.RESPONDING,
        occurred=bulletin.origin_time,
        opened=ctx.at,
        xy=(bulletin.lon, bulletin.lat),
        event=bulletin.event,
        mode=ctx.mode,
        run=ctx.run,
    )
    work.incidents.add(incident)
    return Done(
        item=incident,
        id=incident.id,
        event="incident",
        action="incident.opened",
        params={"event": bulletin.event},
    )


def _followed(
    house: House, work: UnitOfWork, incident: Incident, bulletin: Bulletin
) -> Done[Incident] | None:
    """Let the incident bear the magnitude and place of the preferred solution."""
    if bulletin.kind is not BulletinKind.EARTHQUAKE or isnan(bulletin.magnitude):
        return None
    newest = preferred(of_event(work, incident.run, incident.event)) or bulletin
    if isnan(newest.magnitude):
        return None
    name = _name(newest)
    revised = replace(
        incident,
        name_zh=house.words(name, "zh-CN"),
        name_en=house.words(name, "en"),
        occurred=newest.origin_time,
        xy=(newest.lon, newest.lat),
    )
    if revised == incident:
        return None
    return Done(
        item=work.incidents.replace(revised),
        id=incident.id,
        event="incident",
        action="incident.revised",
        params={"magnitude": newest.magnitude},
    )


def _name(bulletin: Bulletin) -> Text:
    key = "incident.earthquake"
    if bulletin.kind is BulletinKind.TSUNAMI_ALERT or isnan(bulletin.magnitude):
        key = "incident.tsunami"
    date = bulletin.origin_time.strftime("%Y-%m-%d")
    return Text(key, {"magnitude": bulletin.magnitude, "date": date})


def calls_for_incident(house: House, bulletin: Bulletin) -> bool:
    """Return whether a bulletin concerns the city enough to open an incident.

    Notes
    -----
    A tsunami alert always does: it is issued for a coast, not for an epicentre. An earthquake does
    from a magnitude on, within the distance that the rules give for it. An unknown magnitude does
    not open an incident; it raises an alarm, which a person looks at.
    """
    if bulletin.kind in (BulletinKind.TSUNAMI_ALERT, BulletinKind.EVACUATION_ORDER):
        return True
    if bulletin.kind is not BulletinKind.EARTHQUAKE or isnan(bulletin.magnitude):
        return False
    if bulletin.magnitude < house.settings.incident_magnitude:
        return False
    return is_within_reach(house.cities.current(), house.rules, bulletin)


def is_within_reach(city: City, rules: Rules | None, bulletin: Bulletin) -> bool:
    """Return whether an epicentre is as near as the rules ask of an earthquake of its magnitude."""
    reach = REACH_KM
    if rules is not None:
        steps = rules.response.reach_km
        reach = max((km for least, km in steps if bulletin.magnitude >= least), default=0.0)
    return distance_km(city, bulletin.lon, bulletin.lat) <= reach


def distance_km(city: City, lon: float, lat: float) -> float:
    """Return the great-circle distance from a point to the middle of the city's box. [km]"""
    west, south, east, north = city.bbox
    lon1, lat1, lon2, lat2 = np.radians([lon, lat, (west + east) / 2, (south + north) / 2])
    half = (
        np.sin((lat2 - lat1) / 2) ** 2
        + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    )
    return float(2 * _EARTH_KM * np.arcsin(np.sqrt(half)))
