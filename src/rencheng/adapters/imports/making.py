"""Check an import, or build a city from it; the served city is not touched by either."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rencheng.adapters.imports.recipe_file import write_recipe
from rencheng.adapters.imports.shelf import FolderShelf
from rencheng.domain.errors import Fault, InvalidInputError, RenchengError
from rencheng.service.importing import STOPPED, Box, Import, Outcome
from rencheng.service.jobs import Step

if TYPE_CHECKING:
    from rencheng.adapters.cities.given import Given
    from rencheng.adapters.cities.recipe import Recipe
    from rencheng.adapters.cities.sources import Work

Progress = Callable[[str, float, int], None]
_RIM = 0.003
"""Rim around the things of a city whose edge nobody states. No source: our choice. [deg]"""
_NOT_YET = datetime(1970, 1, 1, tzinfo=UTC)


class Ear(Protocol):
    """Hears how far the work is, and says when to stop."""

    def tell(self, step: Step) -> None:
        """Say how far it is."""
        ...

    def is_stopped(self) -> bool:
        """Return whether to stop."""
        ...


def check(
    state: Path, shelf: FolderShelf, item: Import, ear: Ear, memory_mb: int = 2048
) -> Outcome:
    """Read every source whole; return what it gives and what is wrong with it.

    Raises
    ------
    InvalidInputError
        When files cannot be used; the faults of all of them are in `faults`.
    """
    from rencheng.adapters.cities.given import merge
    from rencheng.adapters.cities.recipe import load_recipe
    from rencheng.adapters.cities.sources import read_each

    recipe = load_recipe(str(write_recipe(shelf, item)))
    work = _watched(ear, memory_mb, len(recipe.sources))
    parts: dict[str, Given] = {}
    problems: list[tuple[str, RenchengError]] = []
    for number, source in enumerate(recipe.sources):
        alone = replace(recipe, sources=(source,))
        step = replace(work, progress=_shifted(work.progress, number))
        try:
            for one, given in read_each(alone, state, step, len(recipe.sources)):
                parts[one.id] = given
        except RenchengError as error:
            if error.key == STOPPED:
                raise
            problems.append((source.id, error))
    if problems:
        raise _together(problems)
    whole = merge(parts.values())
    return Outcome(
        mark="",
        at=_NOT_YET,
        seconds=0.0,
        counts=counts_of(whole),
        by_source={key: counts_of(part) for key, part in parts.items()},
        layers=tuple(whole.layers),
        findings=tuple(whole.findings),
        bbox=box_of(whole),
    )


def build(
    state: Path, shelf: FolderShelf, item: Import, ear: Ear, memory_mb: int = 2048
) -> Outcome:
    """Build the city and store it as a version that nobody serves yet."""
    from rencheng.adapters.cities.build import build as build_whole
    from rencheng.adapters.cities.check import check_city
    from rencheng.adapters.cities.making import keep_findings
    from rencheng.adapters.cities.recipe import load_recipe
    from rencheng.adapters.cities.store import Folder

    recipe = load_recipe(str(write_recipe(shelf, item)))
    if recipe.bbox is None and not _says_where(item):
        edge = _edge(recipe, state, ear, memory_mb)
        recipe = load_recipe(str(write_recipe(shelf, item, bbox=edge)))
    built = build_whole(recipe, state, _watched(ear, memory_mb, 1))
    ear.tell(Step(step="store", share=0.97))
    folder = Folder(state, item.city)
    kept = keep_findings(folder, folder.save(built.city), built.findings)
    return Outcome(
        mark="",
        at=_NOT_YET,
        seconds=0.0,
        counts={layer.name: layer.count for layer in kept.layers},
        layers=kept.layers,
        findings=(*check_city(kept), *built.findings),
        bbox=kept.bbox,
        version=kept.version,
    )


def _says_where(item: Import) -> bool:
    """Return whether a source may say where the city is, so that its edge need not be made up."""
    places = {"zones", "boundary", "roads"}
    return any(not one.layers or places.intersection(one.layers) for one in item.plan.sources)


def _edge(recipe: Recipe, state: Path, ear: Ear, memory_mb: int) -> Box | None:
    """Return the extent of everything read, with a rim of about 300 m."""
    from rencheng.adapters.cities.sources import read_sources

    whole = read_sources(recipe, state, _watched(ear, memory_mb, 1), 2 * len(recipe.sources))
    box = box_of(whole)
    if box is None:
        return None
    west, south, east, north = box
    return (west - _RIM, south - _RIM, east + _RIM, north + _RIM)


def _watched(ear: Ear, memory_mb: int, total: int) -> Work:
    """Return how a build of ours is watched and stopped."""
    from rencheng.adapters.cities.sources import Work

    def progress(key: str, done: float, steps: int) -> None:
        is_source = key.startswith("source:")
        ear.tell(
            Step(
                source=key.removeprefix("source:") if is_source else "",
                step="read" if is_source else key,
                number=int(done),
                total=steps or total,
                share=min(0.96, done / max(steps, 1)),
            )
        )

    return Work(progress=progress, is_stopped=ear.is_stopped, memory_mb=memory_mb)


def _shifted(progress: Progress | None, by: int) -> Progress:
    def shifted(key: str, done: float, steps: int) -> None:
        if progress:
            progress(key, done + by, steps)

    return shifted


def counts_of(given: Given) -> dict[str, int]:
    """Return the rows of each table that a source gave."""
    found: dict[str, int] = {}
    for one in fields(given):
        if one.name in ("layers", "findings", "boundary"):
            continue
        value = getattr(given, one.name)
        if value is not None:
            found[one.name] = _rows(value)
    return found


def box_of(given: Given) -> Box | None:
    """Return the extent of everything with coordinates."""
    corners: list[tuple[float, float, float, float]] = []
    for one in fields(given):
        value = getattr(given, one.name)
        for name in ("xy", "node_xy"):
            xy = getattr(value, name, None)
            if isinstance(xy, np.ndarray) and xy.size:
                low, high = np.nanmin(xy, axis=0), np.nanmax(xy, axis=0)
                corners.append((float(low[0]), float(low[1]), float(high[0]), float(high[1])))
        areas = getattr(value, "areas", None)
        if isinstance(areas, np.ndarray) and areas.size:
            import shapely

            bounds = shapely.total_bounds(areas)
            if np.isfinite(bounds).all():
                corners.append(tuple(float(b) for b in bounds))  # type: ignore[arg-type]
    if not corners:
        return None
    west, south, east, north = zip(*corners, strict=True)
    return (min(west), min(south), max(east), max(north))


def _together(problems: list[tuple[str, RenchengError]]) -> InvalidInputError:
    """Return one error that says what is wrong with every file that cannot be used."""
    faults: list[Fault] = []
    for source, error in problems:
        faults += error.faults or [
            Fault(
                where=source,
                key="import.unreadable",
                problem=error.problem,
                hint=error.hint,
                first=(source,),
            )
        ]
    if len(problems) == 1:
        error = problems[0][1]
        return InvalidInputError(
            error.key, error.problem, hint=error.hint, params=error.params, faults=error.faults
        )
    return InvalidInputError(
        "import.sources",
        f"{len(problems)} sources cannot be used",
        hint="Mend them all and check again",
        params={"count": len(problems), "sources": ", ".join(name for name, _ in problems)},
        faults=faults,
    )


def _rows(value: Any) -> int:
    if isinstance(value, tuple):
        return len(value)
    for name in ("id", "start", "people", "z"):
        column = getattr(value, name, None)
        if column is not None:
            return int(np.asarray(column).size) if name != "z" else int(column.size)
    node = getattr(value, "node", None)
    return 0 if node is None else len(node)
