"""Earthquakes drawn from a stated source: each with its rate and one field of shaking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.hazard import Bulletin, BulletinKind
from rencheng.domain.provenance import Mode
from rencheng.model.hazards.earthquake.ground_motion import MODEL as MODEL
from rencheng.model.hazards.earthquake.residuals import kinship
from rencheng.model.hazards.earthquake.shaking import checked_sites, shake
from rencheng.model.hazards.rupture import MAGNITUDE_LIMITS

F64 = NDArray[np.float64]

VERSION = "1"
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class GutenbergRichter:
    """A box in which interface earthquakes happen evenly, by a truncated Gutenberg–Richter law."""

    west: float
    south: float
    east: float
    north: float
    rate: float
    """Events of magnitude `low` and more. [1/yr]"""
    b: float
    low: float
    high: float
    """No event is larger."""
    step: float
    """Width of a magnitude class."""
    draws: int
    """Events drawn in each class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Drawn events, and what each does at the sites."""

    magnitude: F64
    """(events,)"""
    lonlat: F64
    """Epicentres. [deg] (events, 2)"""
    rate: F64
    """[1/yr] (events,)"""
    pga_g: F64
    """(events, sites)"""
    sa1_g: F64
    """(events, sites)"""
    rupture_km: F64
    """(events, sites)"""


def class_rates(source: GutenbergRichter) -> tuple[F64, F64]:
    """Return the middle of each magnitude class and how often it is seen. [1/yr] (classes,)

    Raises
    ------
    InvalidInputError
        With every fault of the source.

    Notes
    -----
    N(≥ m) = rate · (10^(-b(m - low)) - 10^(-b(high - low))) / (1 - 10^(-b(high - low))), the
    doubly truncated law (Cornell and Vanmarcke 1969); a class has the difference at its ends.

    Examples
    --------
    >>> source = GutenbergRichter(west=0, south=0, east=1, north=1, rate=1.0, b=1.0, low=6.0,
    ...     high=8.0, step=1.0, draws=1)
    >>> [row.round(6).tolist() for row in class_rates(source)]
    [[6.5, 7.5], [0.909091, 0.090909]]
    """
    _check(source)
    classes = max(1, round((source.high - source.low) / source.step))
    ends = np.linspace(source.low, source.high, classes + 1)
    tail = 10.0 ** (-source.b * (ends - source.low))
    beyond = source.rate * (tail - tail[-1]) / (1.0 - tail[-1])
    return (ends[1:] + ends[:-1]) / 2.0, -np.diff(beyond)


def drawn(
    source: GutenbergRichter,
    sites: F64,
    *,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> Catalogue:
    """Draw events and one field of shaking for each.

    Parameters
    ----------
    source
        Box, law and how many to draw.
    sites
        Lon, lat, such as zone centres. [deg] (sites, 2)
    seed
        The same seed gives the same catalogue.
    progress
        Called with events done and all events, before each.

    Returns
    -------
    catalogue
        From the smallest class to the largest. Every class is drawn alike, so the rare large events
        are as many as the small ones, with the rates of their class.

    Raises
    ------
    InvalidInputError
        With every fault of the source.

    Notes
    -----
    Epicentres are uniform in the box; shaking as `shake` has it without records: plane, residuals
    and soil are sampled once an event. The rates sum to the source's own; not verified against any
    published hazard. Left out: other sources, aftershocks, dependence in time. Cost: O(sites³)
    once, and O(sites²) for each event.
    """
    middle, often = class_rates(source)
    rng = np.random.default_rng([seed, 5])
    many, each = middle.size * source.draws, source.draws
    low, high = (source.west, source.south), (source.east, source.north)
    lonlat = rng.uniform(low, high, size=(many, 2))
    magnitude = np.repeat(middle, each)
    fields = [np.empty((many, len(sites))) for _ in range(3)]
    kin = kinship(checked_sites(sites))
    for row in range(many):
        if progress:
            progress(row, many)
        quake = replace(_QUAKE, lon=lonlat[row, 0], lat=lonlat[row, 1], magnitude=magnitude[row])
        own = int(rng.integers(2**31))
        found = shake(quake, sites, (), samples=1, seed=own, kin=kin)
        for field, part in zip(fields, (found.pga_g, found.sa1_g, found.rupture_km), strict=True):
            field[row] = part[0]
    return Catalogue(
        magnitude=magnitude,
        lonlat=lonlat,
        rate=np.repeat(often / each, each),
        pga_g=fields[0],
        sa1_g=fields[1],
        rupture_km=fields[2],
    )


_QUAKE = Bulletin(
    id="drawn",
    event="drawn",
    kind=BulletinKind.EARTHQUAKE,
    issuer="",
    issued=_NEVER,
    origin_time=_NEVER,
    lon=0.0,
    lat=0.0,
    depth_km=float("nan"),
    magnitude=0.0,
    magnitude_sd=0.0,
    text="",
    source="",
    mode=Mode.TEST,
    run="",
)


def _check(source: GutenbergRichter) -> None:
    least, most = MAGNITUDE_LIMITS
    rules = {
        "box": -180 <= source.west < source.east <= 180
        and -90 <= source.south < source.north <= 90,
        "rate": 0 < source.rate < 1e4,
        "b": 0.1 <= source.b <= 3.0,
        "magnitude": least <= source.low < source.high <= most,
        "step": 0 < source.step <= source.high - source.low + 1e-9,
        "draws": 1 <= source.draws <= 10_000,
    }
    bad = [name for name, holds in rules.items() if not holds]
    if bad:
        raise InvalidInputError(
            "risk.source",
            f"the source of earthquakes has {len(bad)} faults: {', '.join(bad)}",
            hint="Mend every value named",
            params={"count": len(bad), "first": ", ".join(bad)},
            faults=tuple(
                Fault(
                    where=f"source_model.{name}",
                    key=f"risk.source_{name}",
                    problem=f"{name} is impossible",
                    hint="Mend the value",
                )
                for name in bad
            ),
        )
