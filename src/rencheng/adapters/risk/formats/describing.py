"""Metadata of results and of assets, written beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.events.table import Table, column, numbers
from rencheng.domain.curve import Curve
from rencheng.domain.risk import EventImpact

F64 = NDArray[np.float64]


def describe(
    result: EventImpact,
    assets: Table,
    curves: Sequence[Curve],
    folder: Path,
    *,
    about: Mapping[str, str] | None = None,
) -> Path:
    """Write `rdls.json` for the files of a result and return it.

    Parameters
    ----------
    result
        What the files hold.
    assets, curves
        That were given.
    folder
        With the result, as `write` leaves it.
    about
        `publisher`, `contact`, `licence`, `title`, `id`, as far as known.
    """
    from rencheng.adapters.risk.formats.rdls import FILE, FORMATS, rdls_loss, write_rdls

    files = [f for f in sorted(folder.iterdir()) if f.suffix in FORMATS and f.name != FILE]
    document = rdls_loss(
        result,
        curves,
        files,
        about=about or {},
        place=places(assets),
        components=components(assets),
    )
    return write_rdls(document, folder)


def describe_assets(assets: Table, file: Path, *, about: Mapping[str, str] | None = None) -> Path:
    """Write `<name>.rdls.json` beside a file of assets and return it."""
    from rencheng.adapters.risk.formats.rdls import FILE, rdls_exposure, write_rdls

    plain = {str(name): assets[name] for name in assets}
    document = rdls_exposure(plain, [file], about=about or {}, place=places(assets))
    return write_rdls(document, file.parent, f"{file.stem}.{FILE}")


def components(assets: Table) -> tuple[str, ...]:
    """Return the components that assets have a value of."""
    names = [str(n) for n in assets if str(n) == "value" or str(n).startswith("value_")]
    return tuple(n.partition("_")[2] or "whole" for n in names)


def places(assets: Table) -> F64:
    """Return lon, lat of assets, of areas and lines the middle of their box; NaN unknown. [deg]"""
    if "geometry" in assets:
        import shapely

        box = shapely.bounds(np.asarray(assets["geometry"], dtype=object))
        return np.asarray((box[:, :2] + box[:, 2:]) / 2)
    return np.column_stack([numbers(column(assets, n))[0] for n in ("lon", "lat")])
