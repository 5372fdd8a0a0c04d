"""Official bulletins: kept, turned into alarms, and the first that matters opens the incident."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import isnan

from rencheng.domain.alarm import Finding, Level
from rencheng.domain.errors import ConflictError, Fault, InvalidInputError
from rencheng.domain.hazard import Bulletin, BulletinKind
from rencheng.domain.identity import SYSTEM, Permission
from rencheng.domain.provenance import Text
from rencheng.domain.run import LIVE_RUN
from rencheng.service import alarms, incidents
from rencheng.service.batches import OLDEST, require_open
from rencheng.service.house import Command, Context, Done, House, perform, record
from rencheng.service.ports import UnitOfWork

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
        work.bulletins.add(bulletin)
        _alarm(house, work, ctx, bulletin)
        gone = withdrawn(work.bulletins.list(ctx.run, where={"event": item.event}), item.event)
        stands = gone is None or bulletin.issued > gone
        if stands and (found := incidents.opened(house, work, ctx, bulletin)):
            record(work, ctx, SYSTEM, found)
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
    """Return the newest earthquake bulletin of an event, or of any; None when there is none."""
    where = {"kind": BulletinKind.EARTHQUAKE.value} | ({"event": event} if event else {})
    found = work.bulletins.list(run, where=where)
    return max(found, key=lambda one: one.issued, default=None)


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
    )


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
    if repr(known) != repr(again):  # repr: NaN equals itself there
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
        _earthquake_alarm(house, work, ctx, bulletin)
    else:
        alarms.raised(work, ctx, _tsunami(bulletin))


def _earthquake_alarm(house: House, work: UnitOfWork, ctx: Context, bulletin: Bulletin) -> None:
    """Bring the alarm in line with the last word on the event, in whatever order it was heard."""
    issued = work.bulletins.list(ctx.run, where={"event": bulletin.event})
    gone = withdrawn(issued, bulletin.event)
    quakes = [b for b in issued if b.kind is BulletinKind.EARTHQUAKE]
    standing = [b for b in quakes if gone is None or b.issued > gone]
    known = [b for b in standing if not isnan(b.magnitude)] or standing
    newest = max(known, key=lambda one: one.issued, default=None)
    finding = _earthquake(house, newest) if newest else None
    if finding:
        alarms.raised(work, ctx, finding)
    elif newest is None:
        alarms.cleared(work, ctx, EARTHQUAKE_RULE, bulletin.event)


def withdrawn(bulletins: Iterable[Bulletin], event: str) -> datetime | None:
    """Return when an earthquake was last withdrawn; None when it never was."""
    times = [b.issued for b in bulletins if b.event == event and b.kind is BulletinKind.WITHDRAWN]
    return max(times, default=None)


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
