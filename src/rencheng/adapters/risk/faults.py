"""What may be wrong with assets and event sets: counted, with the first ids and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.risk import EventImpact

FIRST = 3
"""Ids that are named of each kind of fault."""
SAID = {
    "columns": ("columns are missing", "Add them, or name them as the how-to does"),
    "double_id": ("ids stand more than once", "Give every asset an id of its own"),
    "place": ("assets have no readable place", "Give lon and lat in degrees"),
    "turned": ("places look turned around", "Put longitude under lon and latitude under lat"),
    "outside": ("assets lie beyond every point", "Move them, or allow a larger reach"),
    "value": ("values are negative or unreadable", "Give a worth of zero or more, as a number"),
    "value_large": ("values are larger than any worth", "Give them in the currency, up to 1e18"),
    "curve": ("assets name no curve, or one not given", "Give the curve, or mend its name"),
    "kind": ("curves are no vulnerabilities", "Name curves that give a share lost"),
    "fragility": ("curves are no fragilities", "Name curves that give states of damage"),
    "measure": ("measures are unknown", "Name one of those that curves have, such as PGA"),
    "unit": ("units are missing or unknown", "Give the unit that the intensities are in"),
    "other_measure": ("curves ask for another measure", "Choose curves for the set's measure"),
    "double_measure": ("event sets share a measure", "Give one set for each measure"),
    "twice": ("names stand more than once", "Give every name once"),
    "no_hazard": ("curves name no hazard that is given", "Mend the name, or give the hazard too"),
    "bare_hazard": ("hazards have no curve", "Give each its own with --curves HAZARD:ID"),
    "hazard_name": ("hazards are named as components are", "Give them another name"),
    "too_large": ("intensities are too large for their unit", "Give the unit that they are in"),
    "too_small": ("sets harm nothing in their unit", "Look whether the unit is the right one"),
    "negative": ("intensities are negative or infinite", "Leave out what is not reached"),
    "unread": ("rows have an unreadable place or event", "Mend or remove them"),
    "unread_intensity": ("intensities are unreadable", "Write numbers; nan is unknown"),
    "double_row": ("rows say the same event and point again", "Keep one of them"),
    "points": ("entries point beyond the points", "Write the set again with its points"),
    "shape": ("parts of the set have other lengths", "Write the set again in one piece"),
    "fraction": ("entries reach part of a point only", "Write the set with a fraction of 1"),
    "rate": ("rates are negative, infinite or differ", "Give one rate an event, per year"),
    "double_event": ("events share a name", "Give every event a name of its own"),
    "event_name": ("names of events hold control characters", "Take them out of the names"),
    "rate_event": ("rates name no event of the set", "Name the files without their ending"),
    "grid": ("rasters lie on another grid than the first", "Bring all onto one grid"),
    "variable": ("variables could be the intensities", "Name one with --variable"),
    "field": ("measures are not in the file", "Choose one that it has"),
    "draw": ("numbers of fields cannot be", "Give fields, a share of 0 to 1 and a seed from 0"),
    "axis": ("coordinates are missing or do not rise or fall", "Write them by the conventions CF"),
    "turned_axes": ("latitudes lie beyond 90", "Exchange the names of longitude and latitude"),
    "rate_unit": ("units of rates are not a year's", "Give rates per year, with units 1/year"),
    "currencies": ("currencies stand side by side", "Give one file for each currency"),
    "deductible": ("terms of insurance are of a kind not known", "Write type 0, 1 or 2, code 0"),
    "terms": ("terms of insurance cannot be", "Give amounts of zero or more, shares up to 1"),
    "no_terms": ("terms of insurance are stated nowhere", "Add columns such as these"),
    "terms_astray": ("columns of insurance belong to no component, pd or all", "Rename them"),
    "terms_share": ("shares of insurance lie above 1", "Write 0.05, not 5, for five per cent"),
    "terms_kept": ("terms of insurance were not applied", "Apply them with --insurance"),
    "not_used": ("fields are kept and play no part", "Apply shares and conditions to the losses"),
    "oed_needs": ("fields that OED wants are not known", "Fill them in before you pass it on"),
    "not_carried": ("columns have no place in the form", "Keep the file that they came from"),
    "no_code": ("names are no codes of OED", "Name curves such as 1050-5000, or fill codes in"),
    "double_column": ("columns stand more than once", "Keep one of them"),
    "fields": ("lines have another number of fields than the header", "Mend these lines"),
    "currency": ("currencies are blank", "Give a code such as CNY"),
    "price_year": ("years of prices lie outside 1900 to 2200", "Give the whole year, as 2024"),
    "ragged": ("rows have another number of cells", "Write the table again"),
    "cells": ("cells are no numbers", "Mend them, or leave them blank for unknown"),
    "geojson": ("files are no collection of features", "Give GeoJSON with features"),
    "elsewhere": ("assets lie elsewhere than attributes say", "The geometry counts; look at both"),
    "flattened": ("areas and lines became points", "Use GeoPackage or GeoJSON to keep them"),
    "form": ("files are of no form that is known", "Use OED, R2D, GeoPackage or our CSV"),
    "crs": ("files name no coordinate system", "Write one into the file, such as EPSG:4326"),
    "step": ("steps are not above zero", "Give the length of a piece in metres"),
    "geometry": ("geometries are no shapes", "Give shapes of shapely; from_wkt reads text"),
    "mended": ("areas cross themselves and were mended", "Look at their outlines"),
    "partly": ("assets lie outside in part", "That share counts as not reached; extend the events"),
    "unknown_in_all": ("assets have no known loss in any event", "Fill in the intensities there"),
    "unknown_in_some": ("assets have an unknown loss in some events", "Fill in what is unknown"),
    "empty": ("files hold no event", "Name a file or folder with events"),
}
"""Problem and hint by the last part of the key; other languages stand in `words/risk.toml`."""


def fault(key: str, where: str, first: Sequence[object], count: int | None = None) -> Fault:
    """Return a fault of `SAID`."""
    problem, hint = SAID[key]
    many = len(first) if count is None else count
    names = tuple(str(one) for one in first[:FIRST])
    said = f"{many} {problem}: {', '.join(names)}"
    return Fault(where=where, key=f"risk.{key}", problem=said, hint=hint, count=many, first=names)


class Named(Protocol):
    """Names by row."""

    def __getitem__(self, row: int, /) -> object:
        """Return the name of a row."""


def rows_fault(key: str, where: str, bad: NDArray[Any], names: Named) -> list[Fault]:
    """Return the fault of the rows that are bad, by their names; none when none is."""
    rows = np.flatnonzero(bad)
    if not rows.size:
        return []
    return [fault(key, where, [names[int(i)] for i in rows[:FIRST]], int(rows.size))]


def dark_faults(result: EventImpact, where: str, ids: Named) -> list[Fault]:
    """Return the assets whose loss is unknown: in every event that reaches them, or in some."""
    some = result.dark > 0
    every = np.zeros_like(some) if result.lit is None else some & ~result.lit
    return [
        *rows_fault("unknown_in_all", where, every, ids),
        *rows_fault("unknown_in_some", where, some & ~every, ids),
    ]


def refuse(faults: Sequence[Fault]) -> None:
    """Raise an error that carries all faults, when there are any."""
    if faults:
        raise InvalidInputError(
            "risk.input",
            f"the input has {len(faults)} kinds of faults: {faults[0].problem}",
            hint="Mend every fault named; nothing was computed",
            params={"count": len(faults), "first": faults[0].where},
            faults=faults,
        )
