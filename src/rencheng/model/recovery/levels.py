"""From working nodes to what residents get."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.city import City
from rencheng.domain.impact import Access
from rencheng.model.networks.access import hospital_rows

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Level:
    """One service over time."""

    city: F32
    """(samples, times)"""
    zone: F32
    """Median over the samples; NaN: the service is not one of zones, or unknown. (zones, times)"""


def zone_service(city: City, works: Bytes, service: str, served: F32 | None = None) -> Level:
    """Return the level of a service whose nodes are `zone:<id>:<service>`.

    Parameters
    ----------
    works
        (samples, times, nodes)
    served
        Share of the zone's customers reached when its node works. (samples, times, zones)
    """
    row = {node: index for index, node in enumerate(city.dependencies.node)}
    nodes = np.array([row.get(f"zone:{zone}:{service}", -1) for zone in city.zones.id])
    is_known = nodes >= 0
    zone = np.full((city.zones.id.size, works.shape[1]), np.nan, np.float32)
    if not is_known.any():
        return Level(np.full(works.shape[:2], np.nan, np.float32), zone)
    level = works[:, :, nodes[is_known]].astype(np.float32)
    if served is None:
        zone[is_known] = _median_of_flags(level)
    else:
        level *= served[:, :, is_known]
        zone[is_known] = _median(level)
    people = np.nan_to_num(city.zones.population)[is_known]
    return Level(_weighted(level, people), zone)


def health(city: City, works: Bytes) -> Level:
    """Return the share of hospital beds in service and reachable by road.

    Beds where every hospital's are known, else hospitals are counted alike. A hospital is
    reachable while the access node of its zone works, or where there is none.
    """
    row = {node: index for index, node in enumerate(city.dependencies.node)}
    facilities = city.facilities
    hospitals = [int(h) for h in hospital_rows(facilities) if facilities.id[h] in row]
    zone = np.full((city.zones.id.size, works.shape[1]), np.nan, np.float32)
    if not hospitals:
        return Level(np.full(works.shape[:2], np.nan, np.float32), zone)
    beds = facilities.beds[hospitals]
    weight = beds if np.isfinite(beds).all() and beds.sum() > 0 else np.ones(len(hospitals))
    open_now = works[:, :, [row[facilities.id[h]] for h in hospitals]].astype(np.float32)
    for column, hospital in enumerate(hospitals):
        place = int(facilities.zone[hospital])
        gate = row.get(f"zone:{city.zones.id[place]}:access", -1) if place >= 0 else -1
        if gate >= 0:
            open_now[:, :, column] *= works[:, :, gate]
    return Level(_weighted(open_now, weight), zone)


def access_level(
    city: City, works: Bytes, access: Access, clear_h: F64, time_h: F64, limit_s: float
) -> Level:
    """Return the share of residents who reach a working hospital in time, relative to before.

    Parameters
    ----------
    clear_h
        When the streets of a zone are clear of debris. [h] (samples, zones)
    limit_s
        Longest driving time that counts. [s]

    Notes
    -----
    Until its streets are clear a zone has the time of `access` (whose samples are used again in
    turn when there are fewer), or the time on open streets to the nearest hospital that works
    then, whichever is longer; afterwards the latter. Residents beyond the limit on an ordinary
    day are left out.
    """
    row = {node: index for index, node in enumerate(city.dependencies.node)}
    hospitals = hospital_rows(city.facilities)
    before = access.before_s <= limit_s
    shape = (works.shape[0], works.shape[1], city.zones.id.size)
    zone = np.full((shape[2], shape[1]), np.nan, np.float32)
    people = np.nan_to_num(city.zones.population) * before
    if not hospitals.size or not people.any():
        return Level(np.full(shape[:2], np.nan, np.float32), zone)
    is_near = access.each_s <= limit_s
    reach = np.zeros(shape, dtype=bool)
    for hospital, near in zip(hospitals, is_near, strict=True):
        node = row.get(city.facilities.id[hospital], -1)
        is_open = np.ones(shape[:2], bool) if node < 0 else works[:, :, node] == 1
        reach |= is_open[:, :, None] & near
    turn = np.arange(shape[0]) % access.after_s.shape[0]
    is_late = ~(access.after_s[turn] <= limit_s)
    reach &= ~(is_late[:, None, :] & (time_h[None, :, None] < clear_h[:, None, :]))
    zone[before] = _median_of_flags(reach[:, :, before].astype(np.float32))
    return Level(_weighted(reach.astype(np.float32), people), zone)


def cut_off(access: Access, samples: int) -> NDArray[np.bool_]:
    """Return which zones have no way out although some hospital works. (samples, zones)"""
    none = np.isinf(access.after_s)
    cut = none & ~none.all(axis=1, keepdims=True)
    return np.asarray(cut[np.arange(samples) % cut.shape[0]])


def _weighted(level: F32, weight: F64) -> F32:
    if not weight.sum() > 0:
        return np.full(level.shape[:2], np.nan, np.float32)
    share = np.minimum(level @ (weight / weight.sum()), 1.0)
    return np.asarray(share, dtype=np.float32)


def _median(level: F32) -> F32:
    """Return the median over the samples of known numbers. (n, times)"""
    # Sorting whole columns side by side is quicker than looking for the middle of each.
    ranked, samples = np.sort(level, axis=0), len(level)
    middle = (ranked[(samples - 1) // 2] + ranked[samples // 2]) / np.float32(2.0)
    return np.asarray(middle.T, dtype=np.float32)


def _median_of_flags(flags: F32) -> F32:
    """Return the median over the samples of numbers that are 0 or 1. (n, times)"""
    share = flags.mean(axis=0).T
    return np.asarray(np.where(share == 0.5, 0.5, share > 0.5), dtype=np.float32)
