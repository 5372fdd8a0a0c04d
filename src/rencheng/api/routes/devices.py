"""Devices: provisioned by table, with keys that are told once, renewed and ended."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from starlette.requests import Request

from rencheng.adapters.device_table import read_devices
from rencheng.api.paging import SliceDep
from rencheng.api.security import BrainDep, CallerDep, needs
from rencheng.api.shapes.common import Page
from rencheng.api.shapes.devices import (
    DeviceKeyOut,
    DeviceOut,
    DeviceStreamOut,
    ProvisionedOut,
    RevokedOut,
    RotateIn,
)
from rencheng.domain.device import Device
from rencheng.domain.errors import NotAllowedError
from rencheng.domain.identity import Permission
from rencheng.domain.run import LIVE_RUN
from rencheng.service import provisioning
from rencheng.service.callers import Caller
from rencheng.service.ports import Token
from rencheng.service.situation import sensor_states

router = APIRouter(tags=["devices"])
DeviceId = Annotated[str, Path(max_length=200)]
_CSV = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}}


async def _body(request: Request) -> bytes:
    return await request.body()


@router.get("/devices")
@needs(Permission.DEVICE_PROVISION)
def devices(brain: BrainDep, part: SliceDep) -> Page[DeviceOut]:
    """Return devices, the newest first, with the use and the end of their keys."""
    house, now = brain.house, brain.house.now()
    uses = brain.identity.keys.uses()
    with house.work() as work:
        every = list(provisioning.devices_of(work))
        shown = part.cut(every)
        wanted = {stream for device, _ in shown for stream in device.streams}
        states = sensor_states(work, house.cities.current(), LIVE_RUN, now) if wanted else []
    health = {s.stream.id: s.status.health.value for s in states if s.stream.id in wanted}
    return part.page([_out(one, keys, uses, health, now) for one, keys in shown], len(every))


@router.post("/devices/provision", openapi_extra=_CSV)
@needs(Permission.DEVICE_PROVISION)
def provision(
    body: Annotated[bytes, Depends(_body)],
    brain: BrainDep,
    caller: CallerDep,
    response: Response,
    dry_run: Annotated[bool, Query(description="Only look for faults.")] = False,
) -> ProvisionedOut:
    """Take a CSV table of devices, all or nothing; keys of new ones are told this once."""
    _must_be_unbound(caller)
    rows, faults = read_devices(body)
    found = provisioning.provision(brain.house, caller.actor, rows, faults, is_trial=dry_run)
    brain.identity.keys.forget()
    response.headers["Cache-Control"] = "no-store"
    return ProvisionedOut(
        is_trial=dry_run,
        devices=found.new + found.changed + found.same,
        streams=found.streams,
        new=found.new,
        changed=found.changed,
        same=found.same,
        keys=[_key(one) for one in found.keys],
    )


@router.post("/devices/{device}/rotate")
@needs(Permission.DEVICE_PROVISION)
def rotate(
    device: DeviceId, body: RotateIn, brain: BrainDep, caller: CallerDep, response: Response
) -> DeviceKeyOut:
    """Give a device a new key, told this once; the old one is good for the time of grace."""
    _must_be_unbound(caller)
    fresh = provisioning.rotate(
        brain.house, caller.actor, device, grace=timedelta(hours=body.grace_h)
    )
    brain.identity.keys.forget()
    response.headers["Cache-Control"] = "no-store"
    return _key(fresh)


@router.post("/devices/{device}/revoke")
@needs(Permission.DEVICE_PROVISION)
def revoke(device: DeviceId, brain: BrainDep, caller: CallerDep) -> RevokedOut:
    """End every key of a device now."""
    _must_be_unbound(caller)
    ended = provisioning.revoke(brain.house, caller.actor, device)
    brain.identity.keys.forget()
    return RevokedOut(device=device, ended=ended)


def _must_be_unbound(caller: Caller) -> None:
    if caller.token is not None and caller.token.datastreams:
        raise NotAllowedError(
            "identity.bound_token",
            "this key may write to its own datastreams only",
            hint="Use a key that is bound to no datastream",
        )


def _key(one: provisioning.FreshKey) -> DeviceKeyOut:
    return DeviceKeyOut(
        device=one.device,
        user=f"{one.account}/{one.device}",
        key=one.secret,
        datastreams=list(one.streams),
        expires=one.expires,
    )


def _out(
    device: Device,
    keys: list[Token],
    uses: dict[str, datetime],
    health: dict[str, str],
    now: datetime,
) -> DeviceOut:
    alive = [one for one in keys if one.revoked is None]
    good = [one for one in alive if one.expires is None or one.expires > now]
    used = [uses[one.id] for one in keys if one.id in uses]
    return DeviceOut(
        id=device.id,
        name=device.name,
        user=f"{device.account}/{device.id}",
        state="active" if good else "expired" if alive else "revoked",
        keys=len(good),
        last_used=max(used, default=None),
        expires=keys[0].expires if keys else None,
        streams=[
            DeviceStreamOut(id=one, health=health.get(one))  # type: ignore[arg-type]
            for one in device.streams
        ],
    )
