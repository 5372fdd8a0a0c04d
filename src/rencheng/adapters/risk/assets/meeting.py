"""One door for assets: points, lines and areas are read once, and meet any event set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rencheng.adapters.risk.assets.shapes import GEOMETRY, read_areas
from rencheng.adapters.risk.assets.table import Assets, portfolio, read_assets
from rencheng.adapters.risk.events.table import EventSet, Table
from rencheng.adapters.risk.faults import Named, rows_fault
from rencheng.domain.curve import Curve
from rencheng.domain.errors import Fault
from rencheng.domain.risk import NO_PLACE, OUTSIDE, EventSource, Portfolio
from rencheng.domain.risk_parts import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """Assets as they meet an event set."""

    source: EventSource
    portfolio: Portfolio
    """By asset. Of areas and lines `point` is one of their points, or says that there is none."""
    parts: Parts | None
    """Where each area or line lies; `rencheng.model.risk.parts.spread_out` makes items of them.
    None: every asset stands at its point."""
    versions: Mapping[str, str]
    """The event set, and how assets were brought to its points."""
    faults: tuple[Fault, ...]
    """What is wrong with the assets, and who lies outside."""


def assets_of(table: Table, curves: Mapping[str, Curve]) -> Assets:
    """Return the assets of a table with `lon` and `lat`, or with `geometry`.

    Parameters
    ----------
    table
        As `read_assets` takes it; with `geometry` (shapely, in lon, lat) areas and lines, of which
        a `ShapeTable` says how finely they are cut.
    curves
        By the names that the table uses.

    Raises
    ------
    InvalidInputError
        As `read_assets`, and when something else stands in place of a geometry.
    """
    return read_areas(table, curves) if GEOMETRY in table else read_assets(table, curves)


def meet(read: Assets, events: EventSet, names: Sequence[str], *, currency: str, year: int) -> Met:
    """Return assets at the points of an event set.

    Parameters
    ----------
    read
        From `assets_of`; it may meet several event sets.
    events
        What they meet.
    names
        Of the curves, in their order.
    currency, year
        Of the values.

    Notes
    -----
    Areas and lines: see `rencheng.adapters.risk.assets.covering.cover`.
    """
    if read.shapes is None:
        source, reach_m = events.at(read.lonlat)
        folio, faults = portfolio(
            read, names, source.head.place, reach_m, currency=currency, year=year
        )
        said = {"events": source.head.source, "reach_m": f"{reach_m:.6g}"}
        return Met(source=source, portfolio=folio, parts=None, versions=said, faults=faults)
    from rencheng.adapters.risk.assets.covering import cover

    source, parts = cover(read.shapes, events, read.step_m)
    folio, _ = portfolio(read, names, np.zeros((0, 2)), 0.0, currency=currency, year=year)
    point = np.where(np.isnan(parts.outside), NO_PLACE, OUTSIDE).astype(np.int32)
    point[parts.asset] = parts.point
    return Met(
        source=source,
        portfolio=replace(folio, point=point),
        parts=parts,
        versions={"events": source.head.source, "step_m": f"{read.step_m:.6g}"},
        faults=(*read.faults, *_outside(read, parts)),
    )


def _outside(read: Assets, parts: Parts) -> list[Fault]:
    out, where = parts.outside, f"assets.{GEOMETRY}"
    return [
        *rows_fault("outside", where, out == 1.0, read.id),
        *rows_fault("partly", where, (out > 0) & (out < 1), _Shares(read, parts)),
    ]


class _Shares(Named):
    """Ids with the share that lies outside."""

    def __init__(self, read: Assets, parts: Parts) -> None:
        self._ids, self._parts = read.id, parts

    def __getitem__(self, row: int, /) -> str:
        return f"{self._ids[row]} ({self._parts.outside[row]:.1%})"
