"""Importing a city from the console, serving its versions, and collecting dependencies."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, Field

from rencheng.api.shapes.city import FindingOut, LayerOut
from rencheng.api.shapes.common import FaultOut, ProblemOut, Shape

Option = bool | int | float | str


class ImportIn(Shape):
    """A new import."""

    city: str = Field(max_length=60)
    name_zh: str = Field(max_length=200)
    name_en: str = Field(max_length=200)
    timezone: str = Field(max_length=60)


class FolderIn(Shape):
    """A folder of the server, relative to the one that it opens."""

    folder: str = Field(max_length=1000)


class ImportFileOut(Shape):
    """A file of an import."""

    name: str
    size: int
    added: AwareDatetime
    is_pointed: bool
    """Whether it lies in a folder of the server and was not uploaded."""


class SourceShape(Shape):
    """One source of the recipe."""

    id: str = Field(max_length=60)
    kind: str = Field(max_length=40)
    file: str = Field(max_length=200)
    layers: list[str] = Field(default_factory=list, max_length=20)
    columns: dict[str, str] = Field(default_factory=dict, max_length=100)
    values: dict[str, dict[str, str]] = Field(default_factory=dict, max_length=100)
    crs: str = Field("", max_length=20)
    options: dict[str, Option] = Field(default_factory=dict, max_length=50)
    licence: str = Field("", max_length=300)
    citation: str = Field("", max_length=600)
    as_of: str = Field("", max_length=10)
    origin: Literal["observed", "derived", "synthetic"] = "observed"


class PlanShape(Shape):
    """The recipe as put together on the page."""

    sources: list[SourceShape] = Field(default_factory=list, max_length=60)
    missing: dict[str, Literal["generate", "leave"]] = Field(default_factory=dict)
    grid: Literal["squares", "h3", "zones"] = "squares"
    seed: int = Field(1, ge=0, le=2**31 - 1)
    bbox: tuple[float, float, float, float] | None = None
    """Only what touches it is read, west, south, east, north; null: everything."""


class PlanIn(Shape):
    """A recipe to save."""

    version: int
    """Version of the import that the person saw."""
    plan: PlanShape


class ProgressOut(Shape):
    """How far the task under way is."""

    source: str
    step: str
    number: int
    total: int
    share: float
    left_s: float | None
    """Seconds left, by what the work took so far; null: cannot be said yet."""


class OutcomeOut(Shape):
    """What a check or a build came to."""

    at: AwareDatetime
    seconds: float
    is_current: bool
    """False: files or recipe have changed since."""
    counts: dict[str, int]
    by_source: dict[str, dict[str, int]]
    layers: list[LayerOut]
    findings: list[FindingOut]
    bbox: tuple[float, float, float, float] | None
    version: str
    """Version of the city that was built; empty after a check."""


class ImportOut(Shape):
    """A city in the making."""

    id: str
    city: str
    name_zh: str
    name_en: str
    timezone: str
    created: AwareDatetime
    created_by: str
    version: int
    files: list[ImportFileOut]
    plan: PlanShape
    task: Literal["", "check", "build"]
    state: Literal["idle", "queued", "running", "stopping", "stopped", "failed", "done"]
    progress: ProgressOut | None
    trouble: ProblemOut | None
    checked: OutcomeOut | None
    built: OutcomeOut | None
    is_served_city: bool
    """Whether this server serves the city of that id."""
    current: str
    """Version of that city which is served, or will be at its next start; empty: none."""
    command: str
    """What to type to serve a city that this server does not serve."""


class KindOut(Shape):
    """A kind of source."""

    kind: str
    layers: list[str]
    endings: list[str]
    is_usable: bool


class ImportRulesOut(Shape):
    """What an import may consist of."""

    kinds: list[KindOut]
    missing: list[str]
    grids: list[str]
    columns: dict[str, list[str]]
    """By layer: our columns that a file's columns can be mapped to."""
    largest_mb: float
    roots: list[str]
    """Folders of the server that files may be taken from."""


class ColumnPreviewOut(Shape):
    """A column of a file."""

    name: str
    type: str
    filled: float | None
    examples: list[str]


class PreviewOut(Shape):
    """A first look at a file."""

    name: str
    size: int
    kind: str
    layers: list[str]
    """Layers that it most likely gives."""
    parts: list[str]
    """Tables or members inside the file, where it has several."""
    part: str
    crs: str
    bbox: tuple[float, float, float, float] | None
    is_lonlat: bool
    geometry: str
    rows: int | None
    columns: list[ColumnPreviewOut]
    first: list[list[str]]
    mapping: dict[str, dict[str, str]]
    """Guess by layer: our column → theirs."""
    options: dict[str, str]
    faults: list[FaultOut]
    shapes: list[dict[str, Any]]
    """GeoJSON geometries of the first rows."""


class ServeIn(Shape):
    """Serve a version from now on."""

    seen: str = Field(max_length=80)
    """Version that the person saw as the present one."""


class ServedOut(Shape):
    """What is served now, and what was before."""

    city: str
    version: str
    before: str
    is_live: bool
    """Whether this server took it up at once."""
    command: str


class NeedRowShape(Shape):
    """One supplier of one need; rows of one service and group are alternatives."""

    service: str = Field(max_length=20)
    group: int = Field(0, ge=0, le=100)
    supplier: str = Field(max_length=200)
    backup_low_h: float | None
    """Shortest plausible time without it; null: not known. [h]"""
    backup_high_h: float | None
    source: str = Field("", max_length=300)
    remark: str = Field("", max_length=500)


class NeedFormIn(Shape):
    """What an asset needs, as its owner states it; no rows: back to the usual."""

    rows: list[NeedRowShape] = Field(max_length=500)


class NeedFormOut(Shape):
    """What an asset needs, and whether its owner said so."""

    node: str
    name: str
    kind: str
    owners: list[str]
    may_edit: bool
    is_stated: bool
    """False: every row is a usual value, or stands in the city's data."""
    stated_by: str
    stated_at: AwareDatetime | None
    services: list[str]
    rows: list[NeedRowShape]


class NeedSummaryOut(Shape):
    """How far the collection is."""

    total: int
    stated: list[str]


class StatedCountOut(Shape):
    """How many assets a form that was sent in said something new about."""

    count: int
    nodes: list[str]
