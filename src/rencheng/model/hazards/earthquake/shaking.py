"""From a bulletin, and the records that have arrived, to realisations of shaking at the sites."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.hazard import Bulletin, Shaking, StationRecord
from rencheng.domain.provenance import Text
from rencheng.model.hazards.earthquake.ground_motion import (
    DISTANCE_RANGE_KM,
    MAGNITUDE_RANGE,
    MODEL,
    PGA,
    SA1,
    ln_median,
)
from rencheng.model.hazards.earthquake.residuals import (
    Kinship,
    condition,
    draw,
    kinship,
    longer_period,
    total,
)
from rencheng.model.hazards.rupture import closest_km, sample_ruptures

F64 = NDArray[np.float64]

VERSION = "1"
MISSING = ("vs30",)
"""Layers that would have mattered and that the city does not have."""
# Assumption without a source, for a city without a soil layer: stiff soil, median 400 m/s, with a
# part common to the city and a part that varies as PGA residuals do. [ln m/s]
VS30_MEDIAN, VS30_SD_CITY, VS30_SD_SITE = 400.0, 0.2, 0.2
# Interface hypocentres are shallower; deeper ones are in-slab, which this model is not. [km]
_DEEPEST_KM = 60.0


def shake(
    bulletin: Bulletin,
    sites: F64,
    records: Sequence[StationRecord],
    *,
    samples: int,
    seed: int,
    kin: Kinship | None = None,
) -> Shaking:
    """Sample the shaking of an interface earthquake at the sites, given the city's own records.

    Parameters
    ----------
    bulletin
        Epicentre and magnitude; an unknown depth or magnitude error is sampled.
    sites
        Lon, lat, such as zone centres. [deg] (sites, 2)
    records
        Peak accelerations recorded by this event, suspect ones already left out; none gives the
        forecast that the bulletin alone allows.
    samples
        Number of realisations.
    seed
        The same seed gives the same fields.
    kin
        `kinship` of the sites, for many earthquakes without records; changes no bit of the fields.

    Returns
    -------
    Shaking
        Joint realisations: one sample is one possible earthquake over the whole city.

    Raises
    ------
    InvalidInputError
        If the bulletin lacks place or magnitude, a record is not a positive number, or a site has
        no coordinates.

    Notes
    -----
    Montalva et al. (2017) for the median and both standard deviations; rupture plane sampled
    (`sample_ruptures`); within-event residuals correlated over distance; joint normal distribution
    conditioned on the records. Site soil is unknown, so Vs30 is sampled: lognormal, median
    400 m/s, standard deviation 0.28, alike at neighbouring sites; φ, which holds for sites of known
    Vs30, comes on top. Magnitude and plane are not re-weighted by the records; the residuals absorb
    the difference. Left out: topography, basins,
    liquefaction, aftershocks. Cost: O((sites + records)³ + samples × sites²), the first without
    `kin` alone.
    """
    stations = _checked_records(records)
    places = np.concatenate([stations, checked_sites(sites)])
    rng = np.random.default_rng([seed, 2])
    ruptures = sample_ruptures(bulletin, samples=samples, seed=seed)
    km = closest_km(ruptures, places)
    magnitude = ruptures.magnitude[:, None]
    if kin is None or not np.array_equal(kin.places, places):
        kin = kinship(places)
    vs30 = _sample_vs30(samples, kin.half_pga, rng)
    median_pga, median_sa1 = (ln_median(row, magnitude, km, vs30) for row in (PGA, SA1))
    n = len(stations)
    seen = np.log([r.pga_g for r in records]) - median_pga[:, :n]
    pga = condition(draw(samples, kin.half_pga, rng), kin.like, seen)
    own = draw(samples, kin.half_sa1, rng)
    sa1 = longer_period(pga, own)
    return Shaking(
        pga_g=np.exp(median_pga + total(PGA.tau, PGA.phi, pga))[:, n:],
        sa1_g=np.exp(median_sa1 + total(SA1.tau, SA1.phi, sa1))[:, n:],
        rupture_km=km[:, n:],
        stations_used=tuple(r.datastream for r in records),
        model=MODEL,
        version=VERSION,
        bulletin=bulletin.id,
    )


def cautions(bulletin: Bulletin, shaking: Shaking) -> tuple[Text, ...]:
    """Return what a reader must know before trusting the shaking."""
    said = [
        Text(
            "model.caution.vs30",
            {"median": VS30_MEDIAN, "sd": float(np.hypot(VS30_SD_CITY, VS30_SD_SITE))},
        )
    ]
    low, high = MAGNITUDE_RANGE
    if not low <= bulletin.magnitude <= high:
        said.append(
            Text(
                "model.caution.magnitude",
                {"magnitude": bulletin.magnitude, "low": low, "high": high},
            )
        )
    near, far = DISTANCE_RANGE_KM
    outside = float(((shaking.rupture_km < near) | (shaking.rupture_km > far)).mean())
    if outside > 0.05:
        share = 100 * outside
        said.append(Text("model.caution.distance", {"share": share, "near": near, "far": far}))
    if bulletin.depth_km > _DEEPEST_KM:
        said.append(Text("model.caution.depth", {"depth": bulletin.depth_km}))
    if not shaking.stations_used:
        said.append(Text("model.caution.no_records"))
    return tuple(said)


def _sample_vs30(samples: int, half: F64, rng: np.random.Generator) -> F64:
    """Return velocities, alike where residuals are alike. [m/s] (samples, places)."""
    soil = draw(samples, half, rng)
    spread = VS30_SD_CITY * soil.between[:, None] + VS30_SD_SITE * soil.within
    return np.asarray(VS30_MEDIAN * np.exp(spread), dtype=np.float64)


def checked_sites(sites: F64) -> F64:
    """Return the places of sites; `InvalidInputError` where one has no coordinates. (sites, 2)"""
    places = np.asarray(sites, dtype=np.float64).reshape(-1, 2)
    bad = np.flatnonzero(~np.isfinite(places).all(axis=1))
    if bad.size:
        raise InvalidInputError(
            "hazard.sites",
            f"{bad.size} of {len(places)} sites have no coordinates, first rows {bad[:3].tolist()}",
            hint="Rebuild the city; every zone needs a centre",
            params={"count": int(bad.size)},
        )
    return places


def _checked_records(records: Sequence[StationRecord]) -> F64:
    bad = [r for r in records if not (np.isfinite([*r.xy, r.pga_g]).all() and r.pga_g > 0)]
    if bad:
        ids = [r.datastream for r in bad]
        raise InvalidInputError(
            "hazard.records",
            f"{len(bad)} of {len(records)} records are not positive numbers at a place: {ids[:3]}",
            hint="Leave out unknown and suspect readings before conditioning",
            params={"count": len(bad)},
            faults=[
                Fault(
                    where=r.datastream,
                    key="hazard.record",
                    problem=f"peak acceleration {r.pga_g} at {r.xy}",
                    hint="Check the sensor and its quality flag",
                )
                for r in bad
            ],
        )
    return np.array([r.xy for r in records], dtype=np.float64).reshape(-1, 2)
