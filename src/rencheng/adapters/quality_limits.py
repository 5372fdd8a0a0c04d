"""The limits of quality control from the data folder: `data/rules/quality.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from rencheng.adapters.files import data_folder, read_ours
from rencheng.domain.errors import CorruptDataError, InvalidInputError
from rencheng.domain.observation import Quantity
from rencheng.domain.quality import QualityLimits, StreamLimits

SCHEMA = "rencheng/quality/1"
_FLAGS = ("is_whole", "is_drift_shared")
_LISTS = {"low_by_month": (12, 12), "high_by_month": (12, 12), "other_units": (0, 6)}
_KNOWN = {one.name for one in fields(StreamLimits)}


@cache
def load_quality_limits(file: Path | None = None) -> QualityLimits:
    """Read the limits.

    Raises
    ------
    CorruptDataError
        When the file is missing, is no TOML or has another schema.
    InvalidInputError
        When tables are wrong; all are named.
    """
    file = file or data_folder() / "rules" / "quality.toml"
    document = read_ours(file)
    if document.get("schema") != SCHEMA:
        raise CorruptDataError(
            "quality.schema",
            f"{file.name} has the schema {document.get('schema')!r}, not {SCHEMA!r}",
            hint="Restore the file from the installation",
            params={"file": file.name, "schema": SCHEMA},
        )
    by_quantity: dict[Quantity, StreamLimits] = {}
    by_stream: dict[str, StreamLimits] = {}
    wrong: list[str] = []
    for number, table in enumerate(document.get("limits", ()), start=1):
        body = {key: value for key, value in table.items() if key not in ("quantity", "stream")}
        about, stream = table.get("quantity"), table.get("stream")
        strange = sorted(key for key, value in body.items() if not _fits(key, value))
        if (stream is None) == (about not in set(Quantity)) or strange:
            wrong.append(f"{number} ({', '.join(strange) or about or stream or '-'})")
        elif stream is not None:
            by_stream[str(stream)] = _limits(body)
        else:
            by_quantity[Quantity(about)] = _limits(body)
    if wrong:
        raise InvalidInputError(
            "quality.tables",
            f"{file.name}: {len(wrong)} wrong tables: {'; '.join(wrong[:3])}",
            hint="Name a quantity or a stream, and limits that are known",
            params={"file": file.name, "count": len(wrong), "first": "; ".join(wrong[:3])},
        )
    return QualityLimits(
        version=str(document.get("version", "")), by_quantity=by_quantity, by_stream=by_stream
    )


def _fits(key: str, value: object) -> bool:
    if key not in _KNOWN:
        return False
    if key in _FLAGS:
        return isinstance(value, bool)
    if key in _LISTS:
        least, most = _LISTS[key]
        return (
            isinstance(value, list)
            and least <= len(value) <= most
            and all(isinstance(one, int | float) for one in value)
        )
    return isinstance(value, int | float) and not isinstance(value, bool) and not value < 0


def _limits(body: Mapping[str, Any]) -> StreamLimits:
    given: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in body.items()
    }
    return StreamLimits(**given)
