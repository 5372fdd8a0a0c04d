"""The recipe of an import: what can be wrong with it before a file is opened, all at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.service.importing import GRIDS, MISSING_LAYERS, Box, KindInfo, Plan, SourcePlan

CRS = re.compile(r"|EPSG:\d{4,6}|GCJ-02|BD-09|CGCS2000")
SOURCE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")
ORIGINS = ("observed", "derived", "synthetic")
MERGED = frozenset({"facilities", "sensors"})
"""Layers that several sources may give together."""


def require_sound(plan: Plan, files: Sequence[str], kinds: Sequence[KindInfo]) -> None:
    """Raise `InvalidInputError` with everything that is wrong with a plan."""
    faults = [*_plan_faults(plan), *_layers_twice(plan, kinds)]
    for index, source in enumerate(plan.sources):
        faults += _source_faults(f"sources[{index}]", source, files, kinds)
    if faults:
        raise InvalidInputError(
            "import.plan",
            f"the recipe has {len(faults)} faults",
            hint="Mend them all and save again",
            params={"count": len(faults)},
            faults=faults,
        )


def layers_of(source: SourcePlan, kinds: Sequence[KindInfo]) -> tuple[str, ...]:
    """Return the layers that a source gives: those chosen, or all that its kind gives."""
    known = next((kind.layers for kind in kinds if kind.kind == source.kind), ())
    return source.layers or known


def _plan_faults(plan: Plan) -> Iterator[Fault]:
    for layer, what in plan.missing.items():
        if layer not in MISSING_LAYERS or what not in ("generate", "leave"):
            yield _fault(f"missing.{layer}", "missing", f"{layer} = {what!r}", "generate or leave")
    if plan.grid not in GRIDS:
        yield _fault("grid", "grid", f"no grid {plan.grid!r}", f"Use one of {', '.join(GRIDS)}")
    if plan.bbox is not None and not _is_box(plan.bbox):
        yield _fault("bbox", "bbox", f"{plan.bbox} is no box", "west < east, south < north")
    seen: set[str] = set()
    for index, source in enumerate(plan.sources):
        if source.id in seen:
            where = f"sources[{index}].id"
            yield _fault(where, "twice", f"two sources are called {source.id}", "Rename one")
        seen.add(source.id)


def _layers_twice(plan: Plan, kinds: Sequence[KindInfo]) -> Iterator[Fault]:
    given: dict[str, str] = {}
    for index, source in enumerate(plan.sources):
        for layer in source.layers or _only(source, kinds):
            if layer in given and layer not in MERGED:
                yield _fault(
                    f"sources[{index}].layers",
                    "two_sources",
                    f"{given[layer]} and {source.id} both give {layer}",
                    "Take the layer out of one of them",
                    (layer, given[layer], source.id),
                )
            given.setdefault(layer, source.id)


def _only(source: SourcePlan, kinds: Sequence[KindInfo]) -> tuple[str, ...]:
    """Return the one layer of a kind that gives just one; of others the file decides."""
    layers = layers_of(source, kinds)
    return layers if len(layers) == 1 else ()


def _source_faults(
    where: str, source: SourcePlan, files: Sequence[str], kinds: Sequence[KindInfo]
) -> Iterator[Fault]:
    kind = next((one for one in kinds if one.kind == source.kind), None)
    if not SOURCE_ID.fullmatch(source.id):
        yield _fault(f"{where}.id", "source_id", f"{source.id!r} is no id", "Use letters or digits")
    if source.file not in files:
        yield _fault(f"{where}.file", "no_file", f"no file {source.file!r}", "Choose one of them",
                     (source.file,))  # fmt: skip
    if kind is None:
        yield _fault(f"{where}.kind", "no_kind", f"no kind {source.kind!r}", "Choose one of them",
                     (source.kind,))  # fmt: skip
    elif not kind.is_usable:
        yield _fault(f"{where}.kind", "no_extra", f"{source.kind} needs packages",
                     "Install the extra: pip install 'rencheng[data]'", (source.kind,))  # fmt: skip
    elif wrong := [layer for layer in source.layers if layer not in kind.layers]:
        yield _fault(f"{where}.layers", "layers", f"{source.kind} does not give {wrong}",
                     "Choose other layers", tuple(wrong))  # fmt: skip
    if not CRS.fullmatch(source.crs):
        yield _fault(f"{where}.crs", "crs", f"{source.crs!r} is no reference system",
                     "Use EPSG:<number>, GCJ-02, BD-09 or CGCS2000", (source.crs,))  # fmt: skip
    if source.origin not in ORIGINS:
        yield _fault(f"{where}.origin", "origin", f"no origin {source.origin!r}", "observed …")
    if source.as_of and not _is_day(source.as_of):
        yield _fault(f"{where}.as_of", "as_of", f"{source.as_of!r} is no day", "2024-05-31",
                     (source.as_of,))  # fmt: skip


def _is_box(box: Box) -> bool:
    west, south, east, north = box
    return -180 <= west < east <= 180 and -90 <= south < north <= 90


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _fault(where: str, key: str, problem: str, hint: str, first: tuple[str, ...] = ()) -> Fault:
    return Fault(where=where, key=f"import.{key}", problem=problem, hint=hint, first=first)
