"""Domain values as answers: sentences in both languages, unknown numbers as null."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from rencheng.adapters.words import both
from rencheng.api.shapes.common import BandOut, FigureOut, TextOut, UserOut, WhyOut
from rencheng.domain.identity import Actor
from rencheng.domain.provenance import Band, Figure, Text, Why


def text_out(text: Text) -> TextOut:
    """Return the sentence in both languages."""
    zh, en = both(text)
    return TextOut(key=text.key, zh=zh, en=en)


def number(value: float | None) -> float | None:
    """Return the number, null when it is unknown (NaN) or without end."""
    if value is None or not math.isfinite(value):
        return None
    return float(value)


def numbers(values: ArrayLike, digits: int = 4) -> list[float | None]:
    """Return numbers with `digits` significant digits, null where unknown or infinite."""
    array = np.asarray(values, dtype=np.float64).ravel()
    known = np.isfinite(array)
    size = np.where(known & (array != 0), np.abs(array), 1.0)
    step = 10.0 ** (np.floor(np.log10(size)) - digits + 1)
    rounded = np.where(known, np.round(np.where(known, array, 0.0) / step) * step, 0.0)
    clean = [float(f"{value:.{digits + 1}g}") for value in rounded.tolist()]
    return [value if ok else None for value, ok in zip(clean, known.tolist(), strict=True)]


def exactly(values: ArrayLike) -> list[float | None]:
    """Return numbers as they are, for files; null where unknown or infinite."""
    return [number(value) for value in np.asarray(values, dtype=np.float64).ravel().tolist()]


def band_out(band: Band) -> BandOut:
    """Return the band."""
    return BandOut(p05=number(band.p05), p50=number(band.p50), p95=number(band.p95))


def why_out(why: Why) -> WhyOut:
    """Return the answer to "why?"."""
    return WhyOut(
        data=list(why.data),
        model=why.model,
        version=why.version,
        as_of=why.as_of,
        missing=list(why.missing),
        notes=[text_out(note) for note in why.notes],
        origin=why.origin.value,
        weak=list(why.weak),
    )


def figure_out(figure: Figure) -> FigureOut:
    """Return the number for the screen."""
    return FigureOut(
        key=figure.key,
        band=band_out(figure.band),
        unit=figure.unit,
        base=number(figure.base),
        base_unit=figure.base_unit,
        why=why_out(figure.why),
    )


def figures_out(figures: Iterable[Figure]) -> list[FigureOut]:
    """Return the numbers for the screen."""
    return [figure_out(figure) for figure in figures]


def user_out(actor: Actor) -> UserOut:
    """Return who is signed in, and what that allows."""
    return UserOut(
        id=actor.id,
        name=actor.name,
        organisation=actor.organisation,
        roles=sorted(actor.roles),
        permissions=sorted(permission.value for permission in actor.permissions),
        language=actor.language,
    )


def point(xy: tuple[float, float]) -> tuple[float, float]:
    """Return lon, lat with the seven digits that a GeoJSON reader can use."""
    return round(float(xy[0]), 7), round(float(xy[1]), 7)


def place_xy(xy: tuple[float, float]) -> tuple[float, float] | None:
    """Return lon, lat; null when the place is not known."""
    return point(xy) if math.isfinite(xy[0]) and math.isfinite(xy[1]) else None
