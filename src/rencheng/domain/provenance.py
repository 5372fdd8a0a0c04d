"""Where a number comes from, how sure it is, and the sentence that says so."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rencheng.domain.errors import Param


class Mode(StrEnum):
    """The kind of clock an operational object lives under."""

    LIVE = "live"
    DRILL = "drill"
    TEST = "test"
    REPLAY = "replay"


class Origin(StrEnum):
    """How a layer came to be."""

    OBSERVED = "observed"
    DERIVED = "derived"
    SYNTHETIC = "synthetic"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence without a language: `words/*.json` hold it under `key`."""

    key: str
    params: Mapping[str, Param] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer of a city, with what a reader must know before trusting it."""

    name: str
    origin: Origin
    source: str
    licence: str
    version: str
    count: int
    coverage: float
    """Share of zones (0 to 1) in which the layer says something; 0 when missing."""
    notes: Text | None = None
    as_of: str = ""
    """Day that the data describe, ISO 8601; empty unknown."""
    crs: str = ""
    """Coordinates that the source came in, such as `EPSG:4490` or `GCJ-02`; empty: lon, lat."""


def quantiles(samples: ArrayLike, shares: Sequence[float]) -> NDArray[np.float64]:
    """Return quantiles of the known samples; next to an infinite one it is the greater of the two.

    Parameters
    ----------
    samples
        At least one known in each column. (samples, ...)
    shares
        Of 0 to 1. (shares,)

    Returns
    -------
    quantiles
        (shares, ...)

    Examples
    --------
    >>> quantiles([1.0, float("inf"), float("inf")], [0.0, 0.25, 0.9]).tolist()
    [1.0, inf, inf]
    """
    values = np.asarray(samples, dtype=float)
    # NumPy goes through columns one by one where one may be unknown.
    of = np.nanquantile if np.isnan(values).any() else np.quantile
    with np.errstate(invalid="ignore"):
        found = of(values, shares, axis=0)
    if np.isnan(found).any():
        found = np.where(np.isnan(found), of(values, shares, axis=0, method="higher"), found)
    return np.asarray(found)


@dataclass(frozen=True, slots=True)
class Band:
    """The 5, 50 and 95 % quantiles of an uncertain number; NaN means unknown."""

    p05: float
    p50: float
    p95: float

    @classmethod
    def of(cls, samples: ArrayLike) -> Band:
        """Return the quantiles of `samples` (samples,); unknown when any sample is NaN or none.

        Examples
        --------
        >>> Band.of([0.0, 1.0, 2.0]).p50
        1.0
        """
        values = np.asarray(samples, dtype=float).ravel()
        if values.size == 0 or np.isnan(values).any():
            return UNKNOWN
        return cls(*(float(q) for q in quantiles(values, (0.05, 0.5, 0.95))))

    @property
    def is_known(self) -> bool:
        """Whether the number is known at all."""
        return not np.isnan(self.p50)


UNKNOWN = Band(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The answer to "why?": data, model, version, age, and what was missing."""

    data: tuple[str, ...]
    """Names of the layers and datastreams used."""
    model: str
    version: str
    as_of: datetime
    """Time of the youngest input that the number rests on. [UTC]"""
    missing: tuple[str, ...] = ()
    """Names of layers that would have mattered and are not there."""
    notes: tuple[Text, ...] = ()
    origin: Origin = Origin.DERIVED
    """The weakest origin among the inputs."""
    weak: tuple[str, ...] = ()
    """Names of those among `data` whose check found a warning or an error."""

    def weighed(self, weak: Collection[str]) -> Why:
        """Return the same answer that also says which of its layers are weak."""
        return replace(self, weak=tuple(name for name in self.data if name in weak))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number for a screen: band, unit, base and reason."""

    key: str
    """Name of the figure; the screen's words hold it under `figure.<key>`."""
    band: Band
    unit: str
    why: Why
    base: float | None = None
    """What a share is a share of, in the unit of `base_unit`."""
    base_unit: str = ""
