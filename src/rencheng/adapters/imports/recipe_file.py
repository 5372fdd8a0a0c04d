"""The plan of an import as a recipe file that `rencheng city build` reads too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from rencheng.adapters.imports.shelf import FolderShelf
from rencheng.service.importing import Box, Import, SourcePlan

SCHEMA = "rencheng.city-recipe/2"
RECIPE = "recipe.toml"
Value = str | int | float | bool


def write_recipe(shelf: FolderShelf, item: Import, bbox: Box | None = None) -> Path:
    """Write the recipe of an import and return its folder.

    Parameters
    ----------
    shelf, item
        The import and where it lies.
    bbox
        Edge of the city where neither the plan nor a source says it.
    """
    folder = shelf.folder_of(item.id)
    lines = _table(
        "",
        {
            "schema": SCHEMA,
            "id": item.city,
            "name_zh": item.name_zh,
            "name_en": item.name_en,
            "timezone": item.timezone,
            "seed": item.plan.seed,
        },
    )
    if edge := item.plan.bbox or bbox:
        lines.append(f"bbox = [{', '.join(f'{one:.7f}' for one in edge)}]")
    lines += ["", "[grid]", *_table("", {"kind": item.plan.grid})]
    if item.plan.missing:
        lines += ["", "[missing]", *_table("", item.plan.missing)]
    for source in item.plan.sources:
        lines += ["", *_source(source, str(shelf.path(item, source.file)))]
    (folder / RECIPE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _source(source: SourcePlan, path: str) -> list[str]:
    plain: dict[str, Value] = {
        "id": source.id,
        "kind": source.kind,
        "path": path,
        "crs": source.crs,
        "licence": source.licence,
        "citation": source.citation,
        "as_of": source.as_of,
        "origin": source.origin,
    }
    lines = ["[[sources]]", *_table("", {k: v for k, v in plain.items() if v != ""})]
    if source.layers:
        lines.append(f"layers = [{', '.join(_text(one) for one in source.layers)}]")
    for name, values in (("columns", source.columns), ("options", source.options)):
        if values:
            lines += [f"[sources.{name}]", *_table("", values)]
    for column, values in source.values.items():
        lines += [f"[sources.values.{_text(column)}]", *_table("", values)]
    return lines


def _table(indent: str, values: Mapping[str, Value] | Mapping[str, str]) -> list[str]:
    return [f"{indent}{_key(key)} = {_value(value)}" for key, value in values.items()]


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").isalnum() else _text(name)


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value) if isinstance(value, str) else repr(value)


def _text(text: str) -> str:
    """Return a basic string of TOML: its escapes are those of JSON, and it allows no DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
