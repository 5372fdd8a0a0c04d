"""Connectors and how the feeds do; warnings and maps of others, as they were heard."""

from __future__ import annotations

from math import cos, pi, radians, sin
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Response

from rencheng.api.asking import RunDep
from rencheng.api.security import BrainDep, needs
from rencheng.api.shapes.city import FeatureCollection
from rencheng.api.shapes.feeds import (
    ConnectorOut,
    ConnectorsOut,
    FeedOut,
    PollOut,
    ShakingMapOut,
    WarningInfoOut,
    WarningOut,
    WordsOut,
)
from rencheng.api.telling import number, text_out
from rencheng.connectors.feeds import Feed
from rencheng.connectors.shape import Both, Connector
from rencheng.domain.errors import NotFoundError
from rencheng.domain.feed import FeedHealth, FeedPoll
from rencheng.domain.identity import Permission
from rencheng.domain.warning import ForeignWarning, WarningArea
from rencheng.service.foreign import LOOKED_AT, in_force
from rencheng.service.house import context
from rencheng.service.shaking_lines import drawn_map, lines_of

router = APIRouter(tags=["feeds"])
_KM_PER_DEGREE = 111.195
"""On a sphere of 6371 km."""
_CORNERS = 64


@router.get("/connectors")
@needs(Permission.DATA_READ)
def connectors(brain: BrainDep) -> ConnectorsOut:
    """Return the connectors, and each feed with its last polls, the newest first."""
    poller = brain.feeds
    if poller is None:
        return ConnectorsOut(connectors=[], feeds=[])
    with brain.house.work() as work:
        health = {name: work.feeds.find(name) for name in poller.feeds}
    return ConnectorsOut(
        connectors=[_connector(one) for _, one in sorted(poller.known.items())],
        feeds=[_feed(one, health[name]) for name, one in poller.feeds.items()],
    )


@router.post("/connectors/{name}/poll")
@needs(Permission.SENSOR_WRITE)
def poll(name: str, brain: BrainDep) -> FeedOut:
    """Ask a feed now, paused or not; return how it does afterwards."""
    poller = brain.feeds
    if poller is None or name not in poller.feeds:
        known = ", ".join(poller.feeds) if poller else ""
        raise NotFoundError(
            "feed.unknown",
            f"there is no feed {name}",
            hint="Add it to connectors.toml, or mend the name",
            params={"name": name, "known": known or "-"},
        )
    poller.poll(name)
    with brain.house.work() as work:
        return _feed(poller.feeds[name], work.feeds.find(name))


@router.get("/warnings")
@needs(Permission.SITUATION_READ)
def warnings(
    brain: BrainDep, run: RunDep, every: Annotated[bool, Query(alias="all")] = False
) -> list[WarningOut]:
    """Return the warnings of others that are in force; `all` returns past ones and tests too."""
    with brain.house.work() as work:
        at = context(brain.house, work, run).at
        found = work.warnings.list(run, limit=LOOKED_AT) if every else in_force(work, run, at)
    return [_warning(one, one.is_in_force(at)) for one in found]


@router.get("/warnings/areas")
@needs(Permission.SITUATION_READ)
def areas(brain: BrainDep, run: RunDep) -> FeatureCollection:
    """Return where the warnings in force hold, for the map; areas by code alone have no shape."""
    with brain.house.work() as work:
        found = in_force(work, run, context(brain.house, work, run).at)
    features = []
    for one in found:
        for info in one.infos:
            properties = {
                "warning": one.id,
                "colour": int(one.colour) if one.colour else None,
                "level": int(one.level) if one.level else None,
                "mode": one.mode.value,
                "event": info.event,
                "language": info.language,
                "headline": info.headline,
                "sender": info.sender_name or one.sender,
                "expires": one.ends.isoformat(),
            }
            for place in info.areas:
                if rings := _rings(place):
                    shape = {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}
                    said = properties | {"area": place.text}
                    features.append({"type": "Feature", "geometry": shape, "properties": said})
    return FeatureCollection(type="FeatureCollection", features=features, total=len(features))


@router.get("/warnings/original", response_class=Response)
@needs(Permission.SITUATION_READ)
def original(brain: BrainDep, key: Annotated[str, Query(alias="id", max_length=1000)]) -> Response:
    """Return a warning's own bytes, as they came."""
    with brain.house.work() as work:
        found = work.warnings.get(key)
    headers = {
        "Content-Disposition": 'attachment; filename="warning.cap.xml"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(found.original, media_type="application/cap+xml", headers=headers)


@router.get("/shaking-maps/lines")
@needs(Permission.SITUATION_READ)
def shaking_lines(brain: BrainDep, run: RunDep) -> FeatureCollection:
    """Return the map of shaking in use as its footprint and lines of equal PGA."""
    house = brain.house
    with house.work() as work:
        at = context(house, work, run).at
        found = drawn_map(work, run, house.cities.current(), house.rules, at)
    features = [
        {"type": "Feature", "geometry": shape, "properties": said}
        for shape, said in (lines_of(found) if found else ())
    ]
    return FeatureCollection(type="FeatureCollection", features=features, total=len(features))


@router.get("/shaking-maps")
@needs(Permission.SITUATION_READ)
def shaking_maps(brain: BrainDep, run: RunDep) -> list[ShakingMapOut]:
    """Return the published maps of shaking, the newest first."""
    with brain.house.work() as work:
        found = work.shaking_maps.list(run, limit=50)
    return [
        ShakingMapOut(
            id=one.id,
            event=one.event,
            revision=one.revision,
            issuer=one.issuer,
            issued=one.issued,
            source=one.source,
            rows=one.rows,
            columns=one.columns,
            bbox=[
                one.west,
                one.north - one.step_lat * (one.rows - 1),
                one.west + one.step_lon * (one.columns - 1),
                one.north,
            ],
            largest_pga_g=number(float(np.nanmax(one.layers()[0]))),
        )
        for one in found
    ]


def _connector(one: Connector) -> ConnectorOut:
    about = one.manifest
    return ConnectorOut(
        id=about.id,
        version=about.version,
        name=_words(about.name),
        about=_words(about.about),
        gives=[give.value for give in about.gives],
        way=about.way.value,
        units={output.name: output.unit for output in about.outputs},
        settings={setting.name: _words(setting.help) for setting in about.settings},
        licence=about.licence,
        standard=about.standard,
        origin=one.origin,
    )


def _words(both: Both) -> WordsOut:
    return WordsOut(zh=both.zh, en=both.en)


def _feed(feed: Feed, health: FeedHealth | None) -> FeedOut:
    known = health or FeedHealth(id=feed.name, connector=feed.connector.manifest.id)
    return FeedOut(
        name=feed.name,
        connector=feed.connector.manifest.id,
        settings={key: str(value) for key, value in feed.shown().items()},
        every_s=feed.every_s,
        is_paused=feed.is_paused,
        last_good=known.last_good,
        last_failure=known.last_failure,
        failures=known.failures,
        next_poll=known.next_poll,
        newest=known.newest,
        delay_s=number(known.delay_s),
        polls=[_poll(one) for one in known.polls],
    )


def _poll(one: FeedPoll) -> PollOut:
    return PollOut(
        at=one.at,
        took_s=one.took_s,
        is_good=one.is_good,
        problem=text_out(one.problem) if one.problem else None,
        hint=text_out(one.hint) if one.hint else None,
        detail=one.detail,
        taken=one.taken,
        known=one.known,
        refused=one.refused,
        findings=[text_out(text) for text in one.findings],
    )


def _warning(one: ForeignWarning, holds: bool) -> WarningOut:
    return WarningOut(
        id=one.id,
        sender=one.sender,
        identifier=one.identifier,
        sent=one.sent,
        status=one.status,
        kind=one.kind.value,
        colour=int(one.colour) if one.colour else None,
        level=int(one.level) if one.level else None,
        is_in_force=holds,
        ends=one.ends,
        signature=one.signature.value,
        signed_by=one.signed_by,
        superseded_by=one.superseded_by,
        feed=one.feed,
        received=one.received,
        findings=[text_out(text) for text in one.findings],
        infos=[
            WarningInfoOut(
                language=info.language,
                event=info.event,
                urgency=info.urgency,
                severity=info.severity,
                certainty=info.certainty,
                effective=info.effective,
                expires=info.expires,
                sender_name=info.sender_name,
                headline=info.headline,
                description=info.description,
                instruction=info.instruction,
                web=info.web,
                areas=[place.text for place in info.areas],
            )
            for info in one.infos
        ],
    )


def _rings(place: WarningArea) -> list[list[list[float]]]:
    rings = [[[lon, lat] for lon, lat in ring] for ring in place.polygons]
    for lon, lat, radius in place.circles:
        if radius <= 0 or abs(lat) > 85:
            continue
        high, wide = radius / _KM_PER_DEGREE, radius / _KM_PER_DEGREE / cos(radians(lat))
        turns = [2 * pi * corner / _CORNERS for corner in range(_CORNERS)]
        ring = [[lon + wide * cos(turn), lat + high * sin(turn)] for turn in turns]
        rings.append([*ring, ring[0]])
    return rings
