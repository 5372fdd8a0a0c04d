"""Devices: provisioned by table, with keys that are told once, renewed and ended."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from starlette.requests import Request

from rencheng.adapters.device_table import read_devices
from rencheng.api.devices_out import DeviceWishDep, device_out, known, wanted
from rencheng.api.paging import SliceDep
from rencheng.api.security import BrainDep, CallerDep, needs
from rencheng.api.shapes.devices import (
    DeviceKeyOut,
    DevicesOut,
    ProvisionedOut,
    RevokedOut,
    RotateIn,
)
from rencheng.domain.errors import NotAllowedError
from rencheng.domain.identity import Permission
from rencheng.domain.run import LIVE_RUN
from rencheng.service import provisioning
from rencheng.service.callers import Caller
from rencheng.service.situation import sensor_states

router = APIRouter(tags=["devices"])
DeviceId = Annotated[str, Path(max_length=200)]
_CSV = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}}


async def _body(request: Request) -> bytes:
    return await request.body()


@router.get("/devices")
@needs(Permission.DEVICE_PROVISION)
def devices(brain: BrainDep, part: SliceDep, wish: DeviceWishDep) -> DevicesOut:
    """Return devices, by default the newest first, with the use and the end of their keys."""
    house, now = brain.house, brain.house.now()
    uses = brain.identity.keys.uses()
    with house.work() as work:
        every = [known(one, keys, uses, now) for one, keys in provisioning.devices_of(work)]
        found = wanted(every, wish)
        shown = part.cut(found)
        streams = {stream for one in shown for stream in one.device.streams}
        states = sensor_states(work, house.cities.current(), LIVE_RUN, now) if streams else []
    health = {s.stream.id: s.status.health.value for s in states if s.stream.id in streams}
    page = part.page([device_out(one, health) for one in shown], len(found))
    return DevicesOut(
        items=page.items,
        total=page.total,
        next=page.next,
        all=len(every),
        states=Counter(one.state for one in every),
    )


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
