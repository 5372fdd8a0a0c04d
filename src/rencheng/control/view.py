"""What every sector's board looks at, and the ways it makes figures and lamps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.city import City
from rencheng.domain.control import Light, Measure
from rencheng.domain.impact import CityState, DamageState, Impact
from rencheng.domain.provenance import UNKNOWN, Band, Figure, Origin, Text, Why

F64 = NDArray[np.float64]

VERSION = "boards-1"
# No source: house defaults. Share of the target service from which a lamp is normal or strained.
NORMAL_FROM = 0.95
STRAINED_FROM = 0.8
# No source: house default. Good news counts when it covers this share of the residents; bad news
# counts always.
WATCHED_FROM = 0.5
# No source: house defaults. Measures on one board, and the least chance of damage for one.
MEASURES = 3
LIKELY = 0.2

HORIZONS_H = (24, 72)
_WORSE = (Origin.OBSERVED, Origin.DERIVED, Origin.SYNTHETIC)


@dataclass(frozen=True, slots=True)
class View:
    """The city as a board sees it."""

    city: City
    state: CityState
    impact: Impact | None
    at: datetime
    """Time on the run's clock. [UTC]"""

    def level(self, service: str, ahead_h: float) -> F64:
        """Return a service's level so many hours from now; empty when unknown. (samples,)"""
        if self.impact is None:
            return np.empty(0)
        services = self.impact.services
        hour = (self.at - self.impact.origin_time).total_seconds() / 3600.0 + ahead_h
        if service not in services.names or not 0 <= hour <= services.time_h[-1]:
            return np.empty(0)
        level = services.level[services.names.index(service)].astype(np.float64)
        step = max(int(np.searchsorted(services.time_h, hour)), 1)
        low, high = services.time_h[step - 1], services.time_h[step]
        share = (hour - low) / (high - low)
        return np.asarray(level[:, step - 1] * (1 - share) + level[:, step] * share)

    def step(self, ahead_h: float) -> int:
        """Return the row of `Services.time_h` nearest to so many hours from now."""
        if self.impact is None:
            return 0
        hour = (self.at - self.impact.origin_time).total_seconds() / 3600.0 + ahead_h
        return int(np.argmin(np.abs(self.impact.services.time_h - hour)))

    @property
    def residents(self) -> float:
        """Residents of the city."""
        return float(np.nansum(self.city.zones.population))

    def origin(self, *layers: str) -> Origin:
        """Return the weakest origin among layers; derived when none of them is listed."""
        found = [layer.origin for layer in self.city.layers if layer.name in layers]
        known = [_WORSE.index(origin) for origin in found if origin in _WORSE]
        return _WORSE[max(known)] if known else Origin.DERIVED

    def observed(self, data: Sequence[str], as_of: datetime, *, missing: Sequence[str] = ()) -> Why:
        """Return the reason of a number that rests on observations alone."""
        return Why(
            data=tuple(data),
            model="observation",
            version=VERSION,
            as_of=as_of,
            missing=tuple(missing),
            origin=self.origin("sensors"),
        )

    def youngest(self, sector: str) -> datetime:
        """Return the time of the youngest evidence on a sector's lifelines and zones."""
        lifelines = self.city.lifelines
        ours = {i for i, s in zip(lifelines.id, lifelines.sector, strict=True) if s == sector}
        ages = [
            age
            for node, age in zip(self.state.node, self.state.age_s.tolist(), strict=True)
            if node in ours or node.endswith(f":{sector}")
        ]
        age_s = min(ages, default=float("inf"))
        return self.state.at - timedelta(seconds=age_s) if np.isfinite(age_s) else self.state.at

    def forecast(
        self, *layers: str, missing: Sequence[str] = (), notes: Sequence[Text] = ()
    ) -> Why:
        """Return the reason of a number that rests on the impact model."""
        if self.impact is None:
            return Why(
                data=(),
                model="none",
                version=VERSION,
                as_of=self.state.at,
                missing=("impact", *missing),
                origin=Origin.MISSING,
            )
        versions = " ".join(f"{name}-{version}" for name, version in self.impact.model_versions)
        return Why(
            data=("shaking", *layers),
            model="impact",
            version=versions or VERSION,
            as_of=self.impact.at,
            missing=tuple(missing),
            notes=tuple(notes),
            origin=self.origin(*layers),
        )


def light_of(share: float) -> Light:
    """Return the lamp for a share of the target service; unknown stays grey.

    Examples
    --------
    >>> [light_of(share).value for share in (0.99, 0.85, 0.1, float("nan"))]
    ['normal', 'strained', 'failing', 'unknown']
    """
    if np.isnan(share):
        return Light.UNKNOWN
    if share >= NORMAL_FROM:
        return Light.NORMAL
    return Light.STRAINED if share >= STRAINED_FROM else Light.FAILING


def exactly(value: float) -> Band:
    """Return the band of a number without spread; NaN stays unknown."""
    return UNKNOWN if np.isnan(value) else Band(value, value, value)


def watched(view: View, zone_share: F64) -> tuple[float, float]:
    """Return the share of residents with a service in watched zones, and how many are watched.

    Returns
    -------
    share, coverage
        NaN and 0 where nothing is watched.
    """
    people = np.nan_to_num(view.city.zones.population)
    known = ~np.isnan(zone_share)
    there = float(people[known].sum())
    if not there > 0:
        return float("nan"), 0.0
    return float(people[known] @ zone_share[known]) / there, there / float(people.sum())


def judge(view: View, service: str, share: float, coverage: float) -> tuple[Light, Text]:
    """Return lamp and headline of a supply service: seen, else estimated, else unknown."""
    seen = light_of(share)
    if seen is not Light.UNKNOWN and (coverage >= WATCHED_FROM or seen is not Light.NORMAL):
        told = {"share": share, "watched": coverage}
        return seen, Text(f"control.{service}.observed", told)
    light, told = estimate(view, service)
    if light is Light.UNKNOWN:
        return light, Text(f"control.{service}.unknown")
    return light, Text(f"control.{service}.estimated", told)


def estimate(view: View, service: str) -> tuple[Light, dict[str, float]]:
    """Return the lamp of a service as modelled for now, and its share with the 90 % band.

    The lamp follows the median, but is not green while the 5 % quantile is failing.
    """
    band = Band.of(view.level(service, 0.0))
    if not band.is_known:
        return Light.UNKNOWN, {}
    light = light_of(band.p50)
    if light is Light.NORMAL and light_of(band.p05) is Light.FAILING:
        light = Light.STRAINED
    return light, {"share": band.p50, "low": band.p05, "high": band.p95}


def outlook(view: View, service: str, why: Why) -> tuple[Figure, ...]:
    """Return the forecast of a service at every horizon, counted from now."""
    return tuple(
        Figure(
            key=f"{service}_{hours}h",
            band=Band.of(view.level(service, hours)),
            unit="1",
            why=why,
            base=view.residents,
            base_unit="{person}",
        )
        for hours in HORIZONS_H
    )


def repairs(view: View, sector: str) -> tuple[Measure, ...]:
    """Suggest where to repair first: residents served times the chance of damage, or seen down."""
    lifelines = view.city.lifelines
    chance = np.zeros(len(lifelines.id))
    if view.impact is not None:
        states = view.impact.damage.lifeline_state
        chance = (states >= DamageState.SLIGHT).mean(axis=0)
    up = dict(zip(view.state.node, view.state.up.tolist(), strict=True))
    seen = np.array([up.get(asset, np.nan) for asset in lifelines.id])
    chance = np.where(seen >= 0.5, 0.0, np.where(seen < 0.5, 1.0, chance))
    ours = np.array([s == sector for s in lifelines.sector], dtype=bool) & (chance >= LIKELY)
    people = np.nan_to_num(lifelines.serves)
    rows = np.flatnonzero(ours)
    rows = rows[np.argsort(-(chance * people)[rows], kind="stable")][:MEASURES]
    return tuple(
        Measure(
            text=Text("control.measure.repair", {"asset": lifelines.id[row]}),
            reason=Text("control.reason.seen_down", {"people": float(people[row])})
            if seen[row] < 0.5
            else Text(
                "control.reason.likely_damaged",
                {"chance": float(chance[row]), "people": float(people[row])},
            ),
            place=lifelines.id[row],
        )
        for row in rows
    )


def zone_name(city: City, row: int) -> str:
    """Return a zone's name, or its number."""
    return city.zones.name[row] or str(city.zones.id[row])
