"""An import as its use cases see it: files, plan, task, outcome; and what it needs from outside."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from rencheng.domain.errors import Fault
from rencheng.domain.finding import DataFinding
from rencheng.domain.provenance import Layer
from rencheng.service.jobs import IsStopped, Job, JobShelf, Tell

Box = tuple[float, float, float, float]
"""West, south, east, north. [deg]"""

MISSING_LAYERS = (
    "population", "buildings", "power", "water", "telecom", "facilities", "dependencies", "sensors",
)  # fmt: skip
"""Layers that can be generated from a seed when no source gives them."""
GRIDS = ("squares", "h3", "zones")
STOPPED = "city.stopped"
"""Key of the error by which a check or a build says that it was stopped."""


class Task(StrEnum):
    """What the background does for an import."""

    CHECK = "check"
    BUILD = "build"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFile:
    """A file of an import."""

    name: str
    size: int
    """[byte]"""
    mark: str
    """Changes with the content: start of the SHA-256, or size and time of a file pointed to."""
    added: datetime
    path: str = ""
    """Where it lies when it was pointed to; empty: uploaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePlan:
    """One `[[sources]]` entry of the recipe, as put together on the page."""

    id: str
    kind: str
    file: str
    """Name of a file of the import."""
    layers: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    crs: str = ""
    options: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    licence: str = ""
    citation: str = ""
    as_of: str = ""
    origin: str = "observed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the city is made of: sources, what to do about the gaps, the management grid."""

    sources: tuple[SourcePlan, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    """By layer of `MISSING_LAYERS`: `generate` or `leave`."""
    grid: str = "squares"
    seed: int = 1
    bbox: Box | None = None
    """Only what touches it is read; None: everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a task came to."""

    mark: str
    """`mark` of the import that it was done for; another one now: it is out of date."""
    at: datetime
    seconds: float
    counts: Mapping[str, int] = field(default_factory=dict)
    """Rows by layer."""
    by_source: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Rows by source and layer."""
    layers: tuple[Layer, ...] = ()
    findings: tuple[DataFinding, ...] = ()
    bbox: Box | None = None
    version: str = ""
    """Of the city that was built; empty after a check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Import(Job):
    """A city in the making."""

    city: str
    """Id that the city has or will have."""
    name_zh: str
    name_en: str
    timezone: str
    created: datetime
    created_by: str
    files: tuple[ImportFile, ...] = ()
    plan: Plan = field(default_factory=Plan)
    task: str = ""
    """The last task asked for, empty before the first."""
    checked: Outcome | None = None
    built: Outcome | None = None

    def file(self, name: str) -> ImportFile | None:
        """Return a file by its name."""
        return next((one for one in self.files if one.name == name), None)


def mark_of(item: Import) -> str:
    """Return a hash of all that decides what a task finds: name, files and plan."""
    body = {
        "city": (item.city, item.name_zh, item.name_en, item.timezone),
        "files": [(one.name, one.mark) for one in item.files],
        "plan": asdict(item.plan),
    }
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=dict).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a file."""

    name: str
    type: str
    """`whole`, `number`, `text`, `date`, `flag`; `empty` where every value is missing."""
    filled: float
    """Share of the rows looked at that have a value, 0 to 1; NaN: none was looked at."""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What can be said of a file after a first look."""

    name: str
    size: int
    kind: str
    """Kind of reader that fits; empty: none."""
    layers: tuple[str, ...]
    """Layers that it most likely gives."""
    parts: tuple[str, ...]
    """Names of the tables or members inside the file, where it has several."""
    part: str
    """The one that was looked at."""
    crs: str
    """As the file says; empty: it says nothing."""
    bbox: Box | None
    is_lonlat: bool
    """Whether `bbox` and `shapes` are in degrees."""
    geometry: str
    """`points`, `lines`, `polygons`, `raster`; empty: none."""
    rows: int | None
    columns: tuple[Column, ...] = ()
    first: tuple[tuple[str, ...], ...] = ()
    """First rows, as text, in the order of `columns`."""
    mapping: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Guess by layer: our column → theirs."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Options of the reader that the file suggests."""
    faults: tuple[Fault, ...] = ()
    """Why it cannot be read, or what will go wrong when it is."""
    shapes: tuple[Mapping[str, Any], ...] = ()
    """GeoJSON geometries of the first rows, lon lat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindInfo:
    """A kind of source: what it gives, and the endings of its files."""

    kind: str
    layers: tuple[str, ...]
    endings: tuple[str, ...]
    is_usable: bool = True
    """False: packages that it needs are not installed."""


class Incoming(Protocol):
    """A file on its way in; not part of the import before it is kept."""

    size: int

    def write(self, part: bytes) -> None:
        """Add bytes; `TooMuchError` over the limit."""
        ...

    def close(self) -> None:
        """Forget what was not kept."""
        ...


class Shelf(JobShelf[Import], Protocol):
    """Where imports and their files lie; what is put there is durable when the call returns."""

    largest: int
    """Largest file that is taken. [byte]"""

    def incoming(self, key: str, name: str) -> Incoming:
        """Open a file for writing; `InvalidInputError` for a name that is none."""
        ...

    def keep(self, key: str, name: str, arrived: Incoming, at: datetime) -> ImportFile:
        """Put what arrived in its place."""
        ...

    def drop(self, key: str, name: str) -> None:
        """Delete an uploaded file."""
        ...

    def look(self, folder: str, at: datetime) -> Sequence[ImportFile]:
        """Return the files of a folder of the server, if it lies under an allowed one."""
        ...

    def roots(self) -> Sequence[str]:
        """Return the folders of the server that files may be taken from."""
        ...

    def path(self, item: Import, name: str) -> Path:
        """Return where a file of an import lies, or raise `NotFoundError`."""
        ...


class Workshop(Protocol):
    """Looks at files, checks and builds; the work runs where it can harm nobody."""

    def kinds(self) -> Sequence[KindInfo]:
        """Return the kinds of source there are."""
        ...

    def columns(self) -> Mapping[str, Sequence[str]]:
        """Return by layer our columns that a file's columns can be mapped to."""
        ...

    def preview(self, file: Path, part: str, crs: str) -> Preview:
        """Look at the beginning of a file, or of a table in it, in the coordinates said."""
        ...

    def work(
        self,
        item: Import,
        task: Task,
        tell: Tell,
        is_stopped: IsStopped,
    ) -> Outcome:
        """Check or build; blocks until done.

        Raises
        ------
        RenchengError
            Whatever is wrong; `ConflictError` with key `STOPPED` after a stop.
        """
        ...


class Versions(Protocol):
    """The built versions of cities."""

    def of(self, city: str) -> Sequence[str]:
        """Return the versions of a city that are on disk."""
        ...

    def current(self, city: str) -> str:
        """Return the version that is served, or will be at the next start; empty: none."""
        ...

    def set_current(self, city: str, version: str) -> None:
        """Serve a version from now on, after reading it whole."""
        ...


def names(items: Iterable[ImportFile]) -> tuple[str, ...]:
    """Return the names of files."""
    return tuple(item.name for item in items)
