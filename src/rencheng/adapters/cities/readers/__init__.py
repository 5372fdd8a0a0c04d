"""Readers: one module for each kind of source, all of one shape.

A module named after the kind holds `READER`, a `Reader`. It turns one file into a `Given`: it
converts coordinates, maps columns, checks every row, keeps the good ones, reports the others as
findings, and raises only for a file that cannot be used at all.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from rencheng.adapters.cities.given import Given
from rencheng.domain.errors import ConflictError, InvalidInputError

Box = tuple[float, float, float, float]
"""West, south, east, north. [deg]"""

KINDS = (
    "aequilibrae", "osm_pbf", "vector", "table", "road_table", "terrain", "population_raster",
    "gtfs", "epanet", "swmm", "pandapower", "dependencies", "sensors", "sensorthings",
)  # fmt: skip
"""Kinds of source that can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One entry of `[[sources]]` in a recipe."""

    id: str
    kind: str
    path: str = ""
    """File beside the recipe, or the member's path inside `package`."""
    package: str = ""
    """Name of a `[[packages]]` entry that carries the file; empty: a file of the user's."""
    layers: tuple[str, ...] = ()
    """What to take from it; empty: everything that this kind gives."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Our column → theirs, such as `population = "P001"`."""
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Our column → their value → ours, such as `kind = { "Clínica" = "hospital" }`."""
    crs: str = ""
    """`EPSG:<n>`, `GCJ-02`, `BD-09` or `CGCS2000`; empty: as the file says, else lon, lat."""
    options: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    """Of the kind, such as `admin_level = 9`; the reader names them in its docstring."""
    licence: str = ""
    citation: str = ""
    as_of: str = ""
    """Day that the data describe, ISO 8601."""
    origin: str = "observed"
    """`observed`, `derived` or `synthetic`: what the file itself is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a reader may use, and whom it tells how far it is."""

    clip: Box | None = None
    """Only what touches this box is kept."""
    memory_mb: int = 2048
    """A file that would need more is refused before it is read."""
    tell: Callable[[float], None] = lambda _share: None
    """Called now and then with the share done, 0 to 1."""
    is_stopped: Callable[[], bool] = lambda: False

    def go_on(self, share: float) -> None:
        """Say how far it is; raise `ConflictError` when the user stopped it."""
        self.tell(share)
        if self.is_stopped():
            raise ConflictError(
                "city.stopped",
                "the build was stopped",
                hint="Start it again: what was read and has not changed is taken up",
            )


class Reader(Protocol):
    """Reads one kind of source."""

    layers: tuple[str, ...]
    """Fields of `Given` that it can fill."""

    def read(self, source: Source, file: Path, job: Job) -> Given:
        """Return what the file says.

        Raises
        ------
        InvalidInputError
            When the file cannot be used at all; all its faults are in `faults`.
        TooMuchError
            When it would need more memory than the job has.
        """
        ...


def reader_of(source: Source) -> Reader:
    """Return the reader of a source.

    Raises
    ------
    InvalidInputError
        When there is no such kind, or the packages that it needs are not installed.
    """
    if source.kind not in KINDS:
        raise InvalidInputError(
            "city.no_kind",
            f"source {source.id!r}: no kind {source.kind!r}",
            hint=f"Use one of {', '.join(KINDS)}",
            params={"source": source.id, "kind": source.kind, "kinds": ", ".join(KINDS)},
        )
    try:
        module = importlib.import_module(f"{__name__}.{source.kind}")
    except ModuleNotFoundError as error:
        raise InvalidInputError(
            "city.no_extra",
            f"source {source.id!r} of kind {source.kind} needs the package {error.name}",
            hint="Install the extra: pip install 'rencheng[data]'",
            params={"source": source.id, "kind": source.kind, "package": error.name or ""},
        ) from error
    reader: Reader = module.READER
    return reader
