"""Official bulletins: kept, turned into alarms, and the first that matters opens the incident."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import isnan

from rencheng.domain.alarm import Finding, Level
from rencheng.domain.errors import ConflictError, Fault, InvalidInputError
from rencheng.domain.hazard import Bulletin, BulletinKind
from rencheng.domain.identity import SYSTEM, Permission
from rencheng.domain.provenance import Text
from rencheng.domain.run import LIVE_RUN
from rencheng.sense.solutions import preferred, solutions_of, standing
from rencheng.service import alarms, incidents
from rencheng.service.batches import OLDEST, require_open
from rencheng.service.house import Command, Context, Done, House, perform, record, record_all
from rencheng.service.ports import UnitOfWork
from rencheng.service.quake_events import Settled, of_event, settle

RULE_VERSION = "bulletins 1"
EARTHQUAKE_RULE, TSUNAMI_RULE = "bulletin.earthquake", "bulletin.tsunami"
"""Rules of the alarms that bulletins raise."""
_AHEAD = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class BulletinItem:
    """A bulletin as its issuer's feed gives it; see `Bulletin`."""

    id: str
    event: str
    kind: BulletinKind
    issuer: str
    issued: datetime
    origin_time: datetime
    lon: float
    lat: float
    depth_km: float
    magnitude: float
    magnitude_sd: float
    text: str
    source: str
    catalogue: str = ""
    """Who keeps the entries that this is one of; empty: the issuer."""


def scoped(run: str, key: str) -> str:
    """Return the id under which something from outside is kept: one feed may enter many runs."""
    return key if run == LIVE_RUN else f"{key}@{run}"


def ingest_bulletin(house: House, command: Command, item: BulletinItem) -> Bulletin:
    """Keep a bulletin, raise or clear its alarm, open the incident if it calls for one.

    The same bulletin a second time changes nothing.

    Raises
    ------
    InvalidInputError
        If fields are out of range; all are named.
    ConflictError
        If another bulletin has this id.
    """
    command.actor.must(Permission.INGEST)

    def change(work: UnitOfWork, ctx: Context) -> Done[Bulletin]:
        require_open(work, ctx.run)
        if faults := _faults(item, ctx):
            raise InvalidInputError(
                "bulletin.faults",
                f"the bulletin has {len(faults)} faults",
                hint="Mend them all and send it again",
                params={"count": len(faults)},
                faults=faults,
            )
        bulletin = _bulletin(item, ctx)
        known = work.bulletins.find(bulletin.id)
        if known is not None:
            return _known(known, bulletin)
        settled = settle(work, ctx, bulletin)
        bulletin = settled.bulletin
        record_all(work, ctx, SYSTEM, settled.notes)
        _alarm(house, work, ctx, bulletin)
        for event in settled.events[1:]:
            _earthquake_alarm(house, work, ctx, event)
        _incidents(house, work, ctx, settled)
        params = {"kind": bulletin.kind.value, "issuer": bulletin.issuer}
        return Done(
            item=bulletin, id=bulletin.id, event="event", action="bulletin.taken", params=params
        )

    return perform(
        house,
        command,
        change,
        again=lambda work, key: work.bulletins.get(key),
        content=("bulletins.ingest", item),
    )


def latest(work: UnitOfWork, run: str, event: str | None = None) -> Bulletin | None:
    """Return the preferred solution of an event, or of the one spoken of last; None: none."""
    where = {"kind": BulletinKind.EARTHQUAKE.value} | ({"event": event} if event else {})
    found = work.bulletins.list(run, where=where)
    newest = max(found, key=lambda one: one.issued, default=None)
    return newest and (preferred(of_event(work, run, newest.event)) or newest)


def _bulletin(item: BulletinItem, ctx: Context) -> Bulletin:
    return Bulletin(
        id=scoped(ctx.run, item.id),
        event=item.event,
        kind=item.kind,
        issuer=item.issuer,
        issued=item.issued.astimezone(UTC),
        origin_time=item.origin_time.astimezone(UTC),
        lon=item.lon,
        lat=item.lat,
        depth_km=item.depth_km,
        magnitude=item.magnitude,
        magnitude_sd=item.magnitude_sd,
        text=item.text,
        source=item.source,
        mode=ctx.mode,
        run=ctx.run,
        catalogue=item.catalogue or item.issuer,
    )


def _incidents(house: House, work: UnitOfWork, ctx: Context, settled: Settled) -> None:
    """Open or follow incidents: of the bulletin itself, and where another solution counts now."""
    bulletin, said = settled.bulletin, list[Bulletin]()
    for event in settled.events:
        here = standing(of_event(work, ctx.run, event))
        said += [one for one in here if one.id == bulletin.id]
        said += solutions_of(here) if settled.notes else []
    for one in said:
        if found := incidents.opened(house, work, ctx, one):
            record(work, ctx, SYSTEM, found)


def _faults(item: BulletinItem, ctx: Context) -> tuple[Fault, ...]:
    found: list[Fault] = []

    def need(is_right: bool, where: str, problem: str) -> None:
        if not is_right:
            hint = "Send the value that the issuer published, or leave it out"
            found.append(Fault(where=where, key="bulletin.field", problem=problem, hint=hint))

    need(bool(item.id), "id", "it has no id")
    need(bool(item.event), "event", "it names no event")
    need(abs(item.lon) <= 180, "lon", f"longitude {item.lon} is not within ±180")
    need(abs(item.lat) <= 90, "lat", f"latitude {item.lat} is not within ±90")
    need(isnan(item.depth_km) or 0 <= item.depth_km <= 800, "depth_km", "not 0 to 800 km")
    need(isnan(item.magnitude) or -2 <= item.magnitude <= 10, "magnitude", "not -2 to 10")
    need(isnan(item.magnitude_sd) or 0 <= item.magnitude_sd <= 3, "magnitude_sd", "not 0 to 3")
    if item.issued.tzinfo is None or item.origin_time.tzinfo is None:
        need(False, "issued", "a time has no zone")
        return tuple(found)
    need(item.issued <= ctx.at + _AHEAD, "issued", f"{item.issued.isoformat()} is in the future")
    need(item.issued >= ctx.at - OLDEST, "issued", f"{item.issued.isoformat()} is too long ago")
    need(item.origin_time <= item.issued, "origin_time", "it lies after the bulletin itself")
    return tuple(found)


def _known(known: Bulletin, again: Bulletin) -> Done[Bulletin]:
    same = replace(again, event=known.event, reported=known.reported, version=known.version)
    # repr: NaN equals itself there
    if known.own != again.own or repr(known) != repr(replace(same, catalogue=known.catalogue)):
        raise ConflictError(
            "bulletin.reused",
            f"bulletin {known.id!r} said something else before",
            hint="Give a corrected bulletin an id of its own",
            params={"id": known.id},
        )
    return Done(item=known, id=known.id, event="")


def _alarm(house: House, work: UnitOfWork, ctx: Context, bulletin: Bulletin) -> None:
    if bulletin.kind is BulletinKind.TSUNAMI_CANCEL:
        alarms.cleared(work, ctx, TSUNAMI_RULE, bulletin.event)
    elif bulletin.kind in (BulletinKind.EARTHQUAKE, BulletinKind.WITHDRAWN):
        _earthquake_alarm(house, work, ctx, bulletin.event)
    else:
        alarms.raised(work, ctx, _tsunami(bulletin))


def _earthquake_alarm(house: House, work: UnitOfWork, ctx: Context, event: str) -> None:
    """Bring the alarm in line with what stands of the event, in whatever order it was heard.

    Where catalogues disagree the most serious of their solutions is what the alarm says.
    """
    found = solutions_of(of_event(work, ctx.run, event))
    known = [one for one in found if not isnan(one.magnitude)] or found
    findings = [finding for one in known if (finding := _earthquake(house, one))]
    if findings:
        alarms.raised(work, ctx, min(findings, key=lambda one: one.level))
    elif not found:
        alarms.cleared(work, ctx, EARTHQUAKE_RULE, event)


def _earthquake(house: House, bulletin: Bulletin) -> Finding | None:
    """Return the alarm of an earthquake; an unknown magnitude is no reason for none."""
    text = Text("alarm.bulletin.earthquake", {"magnitude": bulletin.magnitude})
    level: Level | None = Level.YELLOW
    if isnan(bulletin.magnitude):
        text = Text("alarm.bulletin.earthquake_unknown", {"issuer": bulletin.issuer})
    else:
        steps = house.settings.magnitude_levels
        reached = [level for least, level in steps if bulletin.magnitude >= least]
        level = min(reached, default=None)
        if level and not incidents.is_within_reach(house.cities.current(), house.rules, bulletin):
            return None
    if level is None:
        return None
    finding = _tsunami(bulletin)
    return replace(finding, rule=EARTHQUAKE_RULE, level=level, text=text)


def _tsunami(bulletin: Bulletin) -> Finding:
    return Finding(
        rule=TSUNAMI_RULE,
        rule_version=RULE_VERSION,
        object=bulletin.event,
        level=Level.RED,
        text=Text("alarm.bulletin.tsunami", {"issuer": bulletin.issuer}),
    )
