"""Tables of days out of use and of debris."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from rencheng.adapters.files import data_folder, read_toml
from rencheng.domain.curve import CurveStatus
from rencheng.domain.errors import InvalidInputError, NotFoundError
from rencheng.domain.risk_loss import StateAmounts

Row = tuple[float, float, float, float]
# Short ton of 2,000 lb of 0.45359237 kg, and foot of 0.3048 m (both exact by definition).
TONNES_M2 = 2000 * 0.45359237e-3 / (1000 * 0.3048**2)
"""Of one short ton a thousand square feet. [t/m2]"""


class _Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema: str
    source: str
    licence: str
    valid_from: str
    jurisdiction: str
    status: CurveStatus
    version: str
    states: tuple[str, ...]


class _Downtime(_Head, frozen=True, kw_only=True):
    """`data/curves/downtime.toml`, or a table of an office in the same form."""

    repair: dict[str, Row]
    recovery: dict[str, Row]
    multiplier: dict[str, Row]


class _Debris(_Head, frozen=True, kw_only=True):
    """`data/curves/debris.toml`, or a table of an office in the same form."""

    weight: dict[str, dict[str, tuple[float, float]]]
    """By `light` and `heavy`: weight of structure and of other parts."""
    share: dict[str, dict[str, dict[str, Row]]]
    """By `light` and `heavy`, `structural` and `nonstructural`. [%]"""


def downtime(use: str, until: str = "function", file: str | Path | None = None) -> StateAmounts:
    """Return how many days each damage state puts a building out of use.

    Parameters
    ----------
    use
        HAZUS occupancy, such as `RES1`, or a name of the office's own table.
    until
        `repair`: clean-up and repair alone. `recovery`: with finance, design and waiting for
        builders. `function`: days of lost function, recovery x multiplier, as its activity moves
        elsewhere or goes on in part.
    file
        Table of the office; by default the one that comes with the program.

    Raises
    ------
    NotFoundError
        When the table has no such use, or `until` is none of the three.
    InvalidInputError
        When the file is no such table, or a worse state takes less time.
    """
    path = Path(file) if file else data_folder() / "curves" / "downtime.toml"
    table = _read(path, _Downtime, "rencheng/downtime/1")
    if until not in ("repair", "recovery", "function") or use not in table.recovery:
        raise _not_there(f"{use}, {until}", path)
    if until == "function":
        times = zip(table.recovery[use], table.multiplier[use], strict=True)
        days = tuple(time * lost for time, lost in times)
    else:
        days = (table.repair if until == "repair" else table.recovery)[use]
    return _amounts(table, path, use, "downtime", "d", days)


def debris(
    structure: str,
    kind: str = "all",
    part: str = "structural",
    file: str | Path | None = None,
) -> StateAmounts:
    """Return how much debris each damage state leaves of a square metre of floor.

    Parameters
    ----------
    structure
        HAZUS structural type, such as `W1`, `C1M`, `URML`.
    kind
        `light` (brick, wood and other), `heavy` (reinforced concrete and steel) or `all`.
    part
        `structural`, by states of the structure; `nonstructural`, by states of drift-sensitive
        nonstructural parts. A building's debris is the sum of both.
    file
        Table of the office; by default the one that comes with the program.

    Returns
    -------
    amounts
        [t/m2]; multiplied with the floor area they are tonnes.

    Raises
    ------
    NotFoundError
        When the table has no such type, kind or part.
    InvalidInputError
        When the file is no such table.
    """
    path = Path(file) if file else data_folder() / "curves" / "debris.toml"
    table = _read(path, _Debris, "rencheng/debris/1")
    kinds = ("light", "heavy") if kind == "all" else (kind,)
    column = {"structural": 0, "nonstructural": 1}.get(part)
    if column is None or any(structure not in table.weight.get(k, {}) for k in kinds):
        raise _not_there(f"{structure}, {kind}, {part}", path)
    tons = [
        [table.weight[k][structure][column] * p / 100.0 for p in table.share[k][part][structure]]
        for k in kinds
    ]
    each = tuple(sum(column) * TONNES_M2 for column in zip(*tons, strict=True))
    return _amounts(table, path, structure, f"debris.{kind}.{part}", "t/m2", each)


def _amounts(
    table: _Head, path: Path, name: str, what: str, unit: str, amount: tuple[float, ...]
) -> StateAmounts:
    if list(amount) != sorted(amount) or min(amount) < 0.0:
        raise _broken(path, f"{name}: {amount} falls from a state to a worse one")
    return StateAmounts(
        id=name, what=what, unit=unit, states=table.states, amount=amount, source=table.source,
        licence=table.licence, status=table.status, version=table.version,
    )  # fmt: skip


@cache
def _read(path: Path, form: Any, schema: str) -> Any:
    try:
        table = msgspec.convert(read_toml(path), form)
        if table.schema != schema:
            raise msgspec.ValidationError(f"schema {table.schema!r} is not {schema!r}")
        if len(table.states) != 4:
            raise msgspec.ValidationError(f"{len(table.states)} states instead of 4")
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise _broken(path, str(error)) from error
    return table


def _broken(path: Path, reason: str) -> InvalidInputError:
    return InvalidInputError(
        "risk.amounts",
        f"{path.name} is no table of amounts by damage state: {reason}",
        hint="Write it as the file that comes with the program is written",
        params={"file": path.name, "reason": reason},
    )


def _not_there(asked: str, path: Path) -> NotFoundError:
    return NotFoundError(
        "risk.amounts_unknown",
        f"{path.name} has nothing for {asked}",
        hint="Choose names that stand in the table",
        params={"asked": asked, "file": path.name},
    )
