"""Tables of what damage states cost."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import msgspec

from rencheng.adapters.files import data_folder, read_toml
from rencheng.domain.curve import CurveStatus
from rencheng.domain.errors import InvalidInputError, NotFoundError
from rencheng.domain.risk_consequence import RepairCost

SCHEMA = "rencheng/repair-cost/1"


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`data/curves/repair_cost.toml`, or a table of an office in the same form."""

    schema: str
    source: str
    licence: str
    valid_from: str
    jurisdiction: str
    status: CurveStatus
    version: str
    states: tuple[str, ...]
    share: dict[str, dict[str, tuple[float, ...]]]
    """By component, then by use; a share for each state."""
    sd: dict[str, dict[str, tuple[float, ...]]] = {}


def repair_cost(use: str, component: str = "whole", file: str | Path | None = None) -> RepairCost:
    """Return what the damage states of a use cost.

    Parameters
    ----------
    use
        HAZUS occupancy, such as `RES1`, or a name of the office's own table.
    component
        `whole`, `structure`, `nonstructural_drift` or `nonstructural_acceleration`.
    file
        Table of the office; by default the one that comes with the program.

    Raises
    ------
    NotFoundError
        When the table has no such use or component.
    InvalidInputError
        When the file is no such table.
    """
    path = Path(file) if file else data_folder() / "curves" / "repair_cost.toml"
    table = _read(path, path.stat().st_mtime_ns if path.exists() else 0)
    share = table.share.get(component, {}).get(use)
    if share is None:
        raise NotFoundError(
            "consequence.unknown",
            f"there is no repair cost of {use!r} for {component!r}",
            hint=f"Choose a use and component that stand in {path.name}",
            params={"use": use, "component": component, "file": path.name},
        )
    return RepairCost(
        id=use,
        component=component,
        states=table.states,
        share=share,
        sd=table.sd.get(component, {}).get(use, ()),
        source=table.source,
        licence=table.licence,
        status=table.status,
        version=table.version,
    )


@lru_cache(maxsize=8)
def _read(path: Path, changed: int) -> _File:
    del changed
    try:
        table = msgspec.convert(read_toml(path), _File)
        if table.schema != SCHEMA:
            raise msgspec.ValidationError(f"schema {table.schema!r} is not {SCHEMA!r}")
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise InvalidInputError(
            "consequence.table",
            f"{path.name} is no table of repair costs: {error}",
            hint="Write it as data/curves/repair_cost.toml is written",
            params={"file": path.name, "reason": str(error)},
        ) from error
    return table
