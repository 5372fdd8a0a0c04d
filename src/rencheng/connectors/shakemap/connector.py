"""Read maps of shaking as ShakeMap publishes them in `grid.xml`."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import numpy as np

from rencheng.connectors.paths import every, json_of, steps, time_of
from rencheng.connectors.shape import Answer, Delivery, Get, Refusal, Settings
from rencheng.domain.errors import RenchengError, SourceUnavailableError
from rencheng.domain.hazard import ShakingMap
from rencheng.domain.provenance import Text
from rencheng.service.foreign import LARGEST_MAP
from rencheng.service.shakemap_grid import ShakeGrid, read_grid, split
from rencheng.service.xml import name, tree

_DETAILS = steps("$.features[*].properties.detail")
_GRIDS = steps("$.properties.products.shakemap[*].contents['download/grid.xml'].url")
MOST_EVENTS = 5
"""Events of a catalogue whose maps are looked for, the first ones. Chosen."""
_PERCENT = re.compile(r"pct\s*g|%\s*g", re.I)


class Connector:
    """Ask for a map, or for a catalogue or an event that names some."""

    def read(self, settings: Settings, since: datetime | None, get: Get) -> Delivery:  # noqa: ARG002
        """Return the maps that are out; see `Reads.read`."""
        answer = get(settings["url"])
        if answer.is_unchanged:
            return Delivery()
        if answer.body.lstrip()[:1] == b"<":
            return _delivery([answer], settings, [])
        refusals: list[Refusal] = []
        answers = []
        for url in _grids(json_of(answer), get, refusals):
            try:
                found = get(url)
            except RenchengError as error:
                why = Text("feed.message", {"id": url, "why": error.problem})
                refusals.append(Refusal(what=url, why=why))
                continue
            if not found.is_unchanged:
                answers.append(found)
        return _delivery(answers, settings, refusals)


def _grids(document: Any, get: Get, refusals: list[Refusal]) -> list[str]:
    """Return the addresses of the grids that a catalogue or an event leads to."""
    found = [str(one) for one in every(document, _GRIDS)]
    for url in list(every(document, _DETAILS))[:MOST_EVENTS]:
        try:
            detail = get(str(url))
            if not detail.is_unchanged:
                found += [str(one) for one in every(json_of(detail), _GRIDS)]
        except RenchengError as error:
            why = Text("feed.message", {"id": str(url), "why": error.problem})
            refusals.append(Refusal(what=str(url), why=why))
    return found


def _delivery(answers: list[Answer], settings: Settings, refusals: list[Refusal]) -> Delivery:
    maps = []
    for answer in answers:
        text, numbers = split(answer.body)
        root = tree(text, what=answer.url)
        if name(root) != "shakemap_grid":
            raise SourceUnavailableError(
                "feed.no_grid",
                f"{answer.url} answers XML that is no ShakeMap grid",
                hint="Look at the address: it must give grid.xml",
                params={"url": answer.url, "root": name(root)},
            )
        try:
            maps.append(_map(read_grid(root, LARGEST_MAP, numbers), answer.url, settings))
        except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
            params = {"id": answer.url, "why": f"{type(error).__name__}: {error}"}
            refusals.append(Refusal(what=answer.url, why=Text("feed.event", params)))
    return Delivery(maps=tuple(maps), refusals=tuple(refusals))


def _map(grid: ShakeGrid, url: str, settings: Settings) -> ShakingMap:
    """Read a grid; its rows run from north to south and each from west to east."""
    lon, lat, rows, columns = grid.field("LON"), grid.field("LAT"), grid.rows, grid.columns
    layers = [_layer(grid, key) for key in ("PGA", "PSA10", "STDPGA")]
    if not np.isfinite(layers[0]).any():
        raise ValueError("no peak acceleration")
    event = settings["event"] or str(grid.about.get("event_id", ""))
    revision = int(grid.about.get("shakemap_version", "1") or 1)
    if not event:
        raise ValueError("no event_id")
    return ShakingMap(
        id=f"{event}/map/{revision}",
        event=event,
        revision=revision,
        issuer=settings["issuer"] or str(grid.about.get("shakemap_originator", "")).upper(),
        issued=time_of(grid.about.get("process_timestamp", "")),
        west=float(lon.min()),
        north=float(lat.max()),
        step_lon=float((lon.max() - lon.min()) / (columns - 1)),
        step_lat=float((lat.max() - lat.min()) / (rows - 1)),
        rows=rows,
        columns=columns,
        cells=np.stack(layers).astype("<f4").tobytes(),
        source=url,
    )


def _layer(grid: ShakeGrid, key: str) -> np.ndarray:
    """Return a field in the house's unit; NaN where there is none. (cells,)"""
    if key not in grid:
        return np.full(len(grid.table), np.nan)
    values = grid.field(key)
    if key == "STDPGA":
        return np.where(values > 0, values, np.nan)
    factor = 0.01 if _PERCENT.search(grid.units[key]) else 1.0
    return np.where(values >= 0, values * factor, np.nan)
