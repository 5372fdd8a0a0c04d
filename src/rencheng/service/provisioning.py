"""Devices from a table, all or nothing: entities, streams, one key each; keys renewed and ended.

The same table again changes nothing; a changed row changes its device. Nothing is deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from rencheng.domain.device import Device
from rencheng.domain.errors import ConflictError, InvalidInputError
from rencheng.domain.identity import Actor, Permission
from rencheng.domain.observation import UNITS, Quantity
from rencheng.domain.run import LIVE_RUN
from rencheng.domain.sensing import (
    GEOJSON,
    NUMBER,
    DatastreamResource,
    Entity,
    EntityKind,
    FeatureOfInterest,
    Location,
    ObservedProperty,
    Sensor,
    Thing,
    Unit,
)
from rencheng.service.callers import new_secret, secret_hash
from rencheng.service.device_rows import Checked, DeviceRow, RowFaults, checked
from rencheng.service.house import Command, Context, Done, House, context, perform
from rencheng.service.ports import Account, Token, UnitOfWork
from rencheng.service.register import register_of
from rencheng.service.register_plan import Plan, moved
from rencheng.service.register_seed import DEFINITIONS
from rencheng.service.registering import keep, require_fresh

T = TypeVar("T")
K = EntityKind
ACCOUNT = "devices"
"""Account that keys of devices act for, made when the first table comes."""
MOST_ROWS = 50_000
"""Rows of one table. Chosen."""
GRACE_H = 24.0
"""How long an old key is good for after it was renewed. Chosen. [h]"""


@dataclass(frozen=True, slots=True)
class FreshKey:
    """A key as it is handed out: its secret is known now and never again."""

    device: str
    account: str
    secret: str
    streams: tuple[str, ...]
    expires: datetime | None


@dataclass(slots=True, kw_only=True)
class Provisioned:
    """What a table came to."""

    new: int = 0
    changed: int = 0
    same: int = 0
    streams: int = 0
    keys: list[FreshKey] = field(default_factory=list)


def provision(
    house: House, actor: Actor, rows: Sequence[DeviceRow], faults: RowFaults,
    *, is_trial: bool = False,
) -> Provisioned:  # fmt: skip
    """Keep what a table says, with a key for every device that has never had one.

    Parameters
    ----------
    rows, faults
        The table as it was read, and what could not be read of it.
    is_trial
        Whether only to say what it would come to.

    Raises
    ------
    InvalidInputError
        If the table has faults; all at once, with their rows.
    """
    actor.must(Permission.DEVICE_PROVISION)
    register, city = register_of(house), house.cities.current()
    with register.writing:
        index = register.index()
        good = checked(rows, city, index, register.quantity, faults)
        faults.raise_any()
        if not good:
            raise InvalidInputError(
                "devices.empty", "the table has no rows", hint="One row for each datastream"
            )
        by_device: dict[str, list[Checked]] = {}
        for one in good:
            by_device.setdefault(one.row.device, []).append(one)
        plans: list[Plan] = []

        def change(work: UnitOfWork, ctx: Context) -> Done[Provisioned]:
            plan = Plan(index=index, ctx=ctx, quantity=register.quantity)
            for mine in by_device.values():
                _plan(plan, mine)
            found = _devices(work, ctx, by_device, plan, is_trial=is_trial)
            found.streams = len(good)
            if is_trial:
                return Done(item=found, id="", event="")
            require_fresh(work, LIVE_RUN, _only_new(plan))
            keep(work, plan)
            plans.append(plan)
            params = {"new": found.new, "changed": found.changed, "keys": len(found.keys)}
            return Done(
                item=found, id=ACCOUNT, event="event", action="devices.provisioned", params=params
            )

        if is_trial:
            with house.work() as work:
                return change(work, context(house, work, LIVE_RUN)).item
        command = Command(actor=actor, run=LIVE_RUN)
        found = perform(
            house, command, change, again=lambda _work, _key: Provisioned(), content=("devices",)
        )
        for plan in plans:
            register.changed([(kind, item) for (kind, _), item in plan.puts.items()])
    return found


def rotate(
    house: House, actor: Actor, key: str, *, grace: timedelta = timedelta(hours=GRACE_H)
) -> FreshKey:
    """Give a device a new key; those before it are good for the time of grace.

    Raises
    ------
    NotFoundError
        If there is no such device.
    """
    actor.must(Permission.DEVICE_PROVISION)

    def change(work: UnitOfWork, ctx: Context) -> Done[FreshKey]:
        device = work.devices.get(key)
        end = ctx.wall + grace
        for token in _valid(work, device, ctx.wall):
            ends = end if token.expires is None else min(end, token.expires)
            work.tokens.replace(replace(token, expires=ends))
        if device.expires is not None and device.expires <= ctx.wall:
            raise ConflictError(
                "devices.over",
                f"the key of {key} may be good until {device.expires} only",
                hint="Give the device a later end in the table first",
                params={"device": key},
            )
        fresh, token = _fresh(device, ctx)
        work.tokens.add(token)
        keys = (token.id, *device.keys)
        work.devices.replace(replace(device, keys=keys, changed=ctx.wall))
        return Done(
            item=fresh, id=key, event="event", action="devices.rotated",
            params={"device": key, "hours": round(grace.total_seconds() / 3600, 2)},
        )  # fmt: skip

    return _done(house, actor, change, FreshKey(key, "", "", (), None))


def revoke(house: House, actor: Actor, key: str) -> int:
    """End every key of a device now, and return how many that were.

    Raises
    ------
    NotFoundError
        If there is no such device.
    """
    actor.must(Permission.DEVICE_PROVISION)

    def change(work: UnitOfWork, ctx: Context) -> Done[int]:
        device, count = work.devices.get(key), 0
        for token in _valid(work, device, ctx.wall):
            work.tokens.replace(replace(token, revoked=ctx.wall))
            count += 1
        return Done(
            item=count, id=key, event="event", action="devices.revoked",
            params={"device": key, "count": count},
        )  # fmt: skip

    return _done(house, actor, change, 0)


# Inside ----------------------------------------------------------------------------------------


def _done(
    house: House, actor: Actor, change: Callable[[UnitOfWork, Context], Done[T]], otherwise: T
) -> T:
    command = Command(actor=actor, run=LIVE_RUN)
    return perform(house, command, change, again=lambda _work, _key: otherwise, content=("device",))


def _valid(work: UnitOfWork, device: Device, now: datetime) -> list[Token]:
    """Return the keys of a device that are good now."""
    tokens = [work.tokens.get(key) for key in device.keys]
    return [
        one for one in tokens if one.revoked is None and (one.expires is None or one.expires > now)
    ]


def _devices(
    work: UnitOfWork, ctx: Context, by_device: dict[str, list[Checked]], plan: Plan,
    *, is_trial: bool,
) -> Provisioned:  # fmt: skip
    """Keep devices and their keys, and return what came of them."""
    _require_account(work, is_trial=is_trial)
    touched = {_device_of(kind, item) for (kind, _), item in plan.puts.items()}
    known = {one.id: one for one in work.devices.list("")}
    found, fresh, tokens = Provisioned(), [], []
    for key, mine in by_device.items():
        row, streams = mine[0].row, tuple(one.stream for one in mine)
        old = known.get(key)
        wanted = Device(
            id=key, name=row.name or key, account=ACCOUNT, streams=streams, keys=(),
            expires=row.expires, created=ctx.wall, changed=ctx.wall,
        )  # fmt: skip
        if old is None:
            secret, token = _fresh(wanted, ctx)
            found.keys.append(secret)
            tokens.append(token)
            fresh.append(replace(wanted, keys=(token.id,)))
            continue
        now = replace(
            old, name=wanted.name, streams=wanted.streams, expires=wanted.expires
        )  # fmt: skip
        if now == old and key not in touched:
            found.same += 1
            continue
        found.changed += 1
        if not is_trial:
            work.devices.replace(replace(now, changed=ctx.wall))
            for token in _valid(work, old, ctx.wall):
                work.tokens.replace(_bound_anew(token, old, now))
    found.new = len(fresh)
    if is_trial:
        found.keys.clear()
    else:
        work.devices.add_all(fresh)
        work.tokens.add_all(tokens)
    return found


def _bound_anew(token: Token, old: Device, now: Device) -> Token:
    """Return a key with the streams of its device; its end moves only if it was the device's."""
    ends = now.expires if token.expires == old.expires else token.expires
    if ends is not None and now.expires is not None:
        ends = min(ends, now.expires)
    return replace(token, name=now.name, datastreams=now.streams, expires=ends)


def _fresh(device: Device, ctx: Context) -> tuple[FreshKey, Token]:
    secret = new_secret()
    token = Token(
        id=secret_hash(secret), account=device.account, name=device.name,
        datastreams=device.streams, created=ctx.wall, expires=device.expires, revoked=None,
        device=device.id,
    )  # fmt: skip
    made = FreshKey(device.id, device.account, secret, device.streams, device.expires)
    return made, token


def _require_account(work: UnitOfWork, *, is_trial: bool) -> None:
    """Make the account of devices; one that does anything else may not have their keys."""
    old = work.accounts.find(ACCOUNT)
    if old is not None and old.roles != ("device",):
        raise ConflictError(
            "devices.account",
            f"account {ACCOUNT} is there and has other roles than device",
            hint="Rename or disable it: keys of devices may do nothing but send values",
            params={"account": ACCOUNT},
        )
    if old is None and not is_trial:
        work.accounts.add(
            Account(
                id=ACCOUNT, name="设备 devices", organisation="", roles=("device",), language="en",
                password_hash="", is_demo=False,
            )
        )  # fmt: skip


def _device_of(kind: EntityKind, item: Entity) -> str:
    """Return the device that a planned entity belongs to."""
    if isinstance(item, DatastreamResource):
        return item.thing
    return item.id if kind in (K.THINGS, K.LOCATIONS, K.SENSORS) else ""


def _only_new(plan: Plan) -> Plan:
    """Return the part of a plan whose datastreams were not there."""
    fresh: dict[tuple[EntityKind, str], Entity] = {
        (kind, key): item for (kind, key), item in plan.puts.items()
        if kind is K.DATASTREAMS and plan.index.find(kind, key) is None
    }  # fmt: skip
    return Plan(index=plan.index, ctx=plan.ctx, quantity=plan.quantity, puts=fresh)


def _plan(plan: Plan, mine: Sequence[Checked]) -> None:
    """Plan the entities of one device; those that are there and say the same are left alone."""
    row, key = mine[0].row, mine[0].row.device
    name = row.name or key
    point = {"type": "Point", "coordinates": [row.lon, row.lat]}
    old: Any = plan.find(K.LOCATIONS, key)
    place = Location(
        id=key, name=name, description=name, encoding_type=GEOJSON, location=point,
        properties=old.properties if old is not None else {}, version=_version(old),
    )  # fmt: skip
    _put(plan, K.LOCATIONS, place)
    thing: Any = plan.find(K.THINGS, key)
    if thing is None:
        plan.put(K.THINGS, Thing(id=key, name=name, description=name, locations=()))
        moved(plan, key, (key,))
    else:
        _put(plan, K.THINGS, replace(thing, name=name, description=name))
        if key not in thing.locations or (old is not None and old.location != point):
            moved(plan, key, (key,))
    _plan_feature(plan, place)
    instrument: Any = plan.find(K.SENSORS, key)
    model = row.sensor or "not stated"
    _put(plan, K.SENSORS, Sensor(
        id=key, name=model, description=model, encoding_type="text/plain", metadata=model,
        properties=instrument.properties if instrument is not None else {},
        version=_version(instrument),
    ))  # fmt: skip
    for one in mine:
        _plan_stream(plan, one, name)


def _plan_feature(plan: Plan, place: Location) -> None:
    """Plan what observations at a place are about."""
    key = next(iter(plan.index.pointing(K.LOCATIONS, place.id, "FeaturesOfInterest")), "")
    old: Any = plan.find(K.FEATURES, key) if key else None
    feature = FeatureOfInterest(
        id=key or plan.fresh(), name=place.name, description=place.description,
        encoding_type=GEOJSON, feature=place.location, location=place.id,
        properties=old.properties if old is not None else {}, version=_version(old),
    )  # fmt: skip
    _put(plan, K.FEATURES, feature)


def _plan_stream(plan: Plan, one: Checked, name: str) -> None:
    row, what = one.row, one.quantity
    if plan.find(K.OBSERVED_PROPERTIES, what.value) is None:
        plan.put(K.OBSERVED_PROPERTIES, _observed(what))
    unit = UNITS[what]
    old: Any = plan.find(K.DATASTREAMS, one.stream)
    said: dict[str, Any] = {
        "asset": row.asset, "interval_s": row.interval_s, "low": row.low, "high": row.high,
        "is_vital": row.is_vital or None,
    }  # fmt: skip
    kept = {k: v for k, v in (old.properties if old is not None else {}).items() if k not in said}
    x, y = row.lon or 0.0, row.lat or 0.0
    _put(plan, K.DATASTREAMS, DatastreamResource(
        id=one.stream, name=f"{name} {what.value}", description=f"{name} {what.value}",
        observation_type=NUMBER, unit=Unit(name=unit, symbol=unit, definition=f"ucum:{unit}"),
        thing=row.device, sensor=row.device, observed_property=what.value, quantity=what,
        observed_area=old.observed_area if old is not None else (x, y, x, y),
        properties=kept | {k: v for k, v in said.items() if v not in (None, "")},
        version=_version(old),
    ))  # fmt: skip


def _observed(what: Quantity) -> ObservedProperty:
    name = what.value
    return ObservedProperty(
        id=name, name=name, definition=f"{DEFINITIONS}{name}", description=name.replace("_", " ")
    )


def _put(plan: Plan, kind: EntityKind, item: Entity) -> None:
    if plan.find(kind, item.id) != item:
        plan.put(kind, item)


def _version(old: Any) -> int:
    return old.version if old is not None else 1


def devices_of(work: UnitOfWork) -> Iterable[tuple[Device, list[Token]]]:
    """Yield every device with its keys, the newest first."""
    tokens = {one.id: one for one in work.tokens.list("")}
    for device in work.devices.list(""):
        yield device, [tokens[key] for key in device.keys if key in tokens]
