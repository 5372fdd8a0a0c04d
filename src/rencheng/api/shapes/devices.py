"""Devices, their keys and tables of them."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from rencheng.api.shapes.common import HealthName, Page, Shape

DeviceStateName = Literal["active", "expired", "revoked"]


class DeviceStreamOut(Shape):
    """A datastream of a device."""

    id: str
    health: HealthName | None
    """Null: it feeds nothing here."""


class DeviceOut(Shape):
    """A device and how its key does."""

    id: str
    name: str
    user: str
    """Who it is for MQTT and HTTP Basic."""
    state: DeviceStateName
    keys: int
    """Keys that are good now; two while an old one has its time of grace."""
    last_used: AwareDatetime | None
    """To some ten minutes; null: never."""
    expires: AwareDatetime | None
    """When its newest key ends; null: never."""
    streams: list[DeviceStreamOut]


class DevicesOut(Page[DeviceOut]):
    """A page of devices; `total` counts those that were asked for."""

    all: int
    """How many there are, whatever was asked for."""
    states: dict[DeviceStateName, int]
    """Of all: how many are in each state."""


class DeviceKeyOut(Shape):
    """A key, told this once."""

    device: str
    user: str
    key: str
    datastreams: list[str]
    expires: AwareDatetime | None


class ProvisionedOut(Shape):
    """What a table came to."""

    is_trial: bool
    """Whether nothing was kept."""
    devices: int
    streams: int
    new: int
    changed: int
    same: int
    keys: list[DeviceKeyOut]


class RotateIn(Shape):
    """How long the key before is good for."""

    grace_h: float = Field(default=24.0, ge=0.0, le=24.0 * 31.0)


class RevokedOut(Shape):
    """Keys that were ended."""

    device: str
    ended: int
