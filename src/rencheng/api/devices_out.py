"""The list of devices: searched, filtered and put in order before a page is cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Query

from rencheng.api.listing import Descending, Words, finds, natural, ordered
from rencheng.api.shapes.devices import DeviceOut, DeviceStateName, DeviceStreamOut
from rencheng.domain.device import Device
from rencheng.service.ports import Token

Order = Literal["device", "state", "keys", "used", "expires"]


@dataclass(frozen=True, slots=True)
class DeviceWish:
    """Which devices are wanted, in what order."""

    words: str
    state: Sequence[str]
    sort: Order | None
    descending: bool


def device_wish(
    words: Words = "",
    state: Annotated[list[DeviceStateName] | None, Query(description="Any of these.")] = None,
    sort: Annotated[Order | None, Query(description="Without it, the newest first.")] = None,
    descending: Descending = False,
) -> DeviceWish:
    """Return which devices are wanted."""
    return DeviceWish(words, state or (), sort, descending)


DeviceWishDep = Annotated[DeviceWish, Depends(device_wish)]


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device and how its keys do."""

    device: Device
    state: DeviceStateName
    keys: int
    last_used: datetime | None
    expires: datetime | None


def known(
    device: Device, keys: Sequence[Token], uses: Mapping[str, datetime], now: datetime
) -> KnownDevice:
    """Return how the keys of a device do."""
    alive = [one for one in keys if one.revoked is None]
    good = [one for one in alive if one.expires is None or one.expires > now]
    return KnownDevice(
        device=device,
        state="active" if good else "expired" if alive else "revoked",
        keys=len(good),
        last_used=max((uses[one.id] for one in keys if one.id in uses), default=None),
        expires=keys[0].expires if keys else None,
    )


def wanted(every: Sequence[KnownDevice], wish: DeviceWish) -> Sequence[KnownDevice]:
    """Return the devices that are wanted."""
    found = [
        one
        for one in every
        if (not wish.state or one.state in wish.state)
        and finds(wish.words, (one.device.id, one.device.name, *one.device.streams))
    ]
    if wish.sort is None:
        return found
    return ordered(found, _KEYS[wish.sort], descending=wish.descending)


_KEYS: Mapping[str, Callable[[KnownDevice], Any]] = {
    "device": lambda one: natural(one.device.id),
    "state": lambda one: one.state,
    "keys": lambda one: one.keys,
    "used": lambda one: one.last_used,
    "expires": lambda one: one.expires,
}


def device_out(one: KnownDevice, health: Mapping[str, str]) -> DeviceOut:
    """Return a device with the health of its datastreams."""
    device = one.device
    return DeviceOut(
        id=device.id,
        name=device.name,
        user=f"{device.account}/{device.id}",
        state=one.state,
        keys=one.keys,
        last_used=one.last_used,
        expires=one.expires,
        streams=[
            DeviceStreamOut(id=name, health=health.get(name))  # type: ignore[arg-type]
            for name in device.streams
        ],
    )
