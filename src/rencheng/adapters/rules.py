"""Rules and indicators from the data folder: `data/rules/*.toml`, `data/indicators/*.toml`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

from rencheng.adapters.files import data_folder
from rencheng.adapters.restoration import load_restoration
from rencheng.adapters.rule_files import BAD, T, Table, read_rules, row_fault
from rencheng.domain.alarm import Level
from rencheng.domain.assessment import Dimension
from rencheng.domain.errors import Fault
from rencheng.domain.recovery import RestorationTable
from rencheng.domain.rules import (
    CriterionKind,
    IndicatorDefinition,
    IndicatorSet,
    LevelCriterion,
    OperationRules,
    RepairTime,
    ResponseRules,
    RulePack,
    Rules,
    RuleStatus,
    SupplyRule,
    SupplyRules,
)


@cache
def load_rules(folder: Path | None = None) -> Rules:
    """Read response levels, supplies, operations, and the restoration times that repairs need.

    Parameters
    ----------
    folder
        Folder with the four files; by default the one that comes with the program.

    Raises
    ------
    CorruptDataError
        When a file is missing or broken; every broken row of it is named.
    """
    folder = folder or data_folder() / "rules"
    operations = read_rules(folder / "operations.toml", "rencheng/operations/1", _operations)
    times = _repair_times(load_restoration(folder / "restoration.toml"))
    return Rules(
        response=read_rules(
            folder / "response_levels.toml", "rencheng/response-levels/1", _response
        ),
        supplies=read_rules(folder / "supplies.toml", "rencheng/supplies/1", _supplies),
        operations=replace(operations, repair_times=times),
    )


@cache
def load_indicators(file: Path | None = None) -> IndicatorSet:
    """Read the indicator set; see `load_rules` for what goes wrong."""
    file = file or data_folder() / "indicators" / "framework.toml"
    return read_rules(file, "rencheng/indicators/1", _indicators)


def _rows(
    table: Table, key: str, build: Callable[[Table], T], faults: list[Fault]
) -> tuple[T, ...]:
    """Build every row; a broken one becomes a fault and the others go on."""
    built: list[T] = []
    for number, row in enumerate(table.get(key, [])):
        try:
            built.append(build(row))
        except BAD as error:
            faults.append(row_fault(f"{key}[{number}]", f"{type(error).__name__}: {error}"))
    if not table.get(key):
        faults.append(row_fault(key, "there are no rows"))
    return tuple(built)


def _pack(table: Table) -> RulePack:
    return RulePack(
        id=str(table["id"]),
        version=str(table["version"]),
        status=RuleStatus(table["status"]),
        source=str(table["source"]),
        jurisdiction=str(table["jurisdiction"]),
        valid_from=date.fromisoformat(table["valid_from"]),
    )


def _response(table: Table, faults: list[Fault]) -> ResponseRules:
    return ResponseRules(
        pack=_pack(table),
        criteria=_rows(table, "criteria", _criterion, faults),
        dense_per_km2=_positive(table, "dense_per_km2"),
        sparse_per_km2=_positive(table, "sparse_per_km2"),
        reach_km=tuple((float(m), float(km)) for m, km in table["reach_km"]),
        modelled_may_lower=bool(table["modelled_may_lower"]),
    )


def _criterion(row: Table) -> LevelCriterion:
    low, high = float(row["low"]), float(row.get("high", "inf"))
    if not low < high:
        raise ValueError(f"low {low} is not below high {high}")
    return LevelCriterion(
        kind=CriterionKind(row["kind"]),
        level=Level(row["level"]),
        low=low,
        high=high,
        status=RuleStatus(row["status"]),
        source=str(row["source"]),
    )


def _supplies(table: Table, faults: list[Fault]) -> SupplyRules:
    return SupplyRules(
        pack=_pack(table),
        horizon_h=_positive(table, "horizon_h"),
        items=_rows(table, "items", _supply, faults),
    )


def _supply(row: Table) -> SupplyRule:
    return SupplyRule(
        item=str(row["item"]),
        stock=str(row["stock"]),
        unit=str(row["unit"]),
        quantity=_positive(row, "quantity"),
        is_daily=bool(row["is_daily"]),
        is_for_displaced_only=bool(row["is_for_displaced_only"]),
        status=RuleStatus(row["status"]),
        standard=str(row["standard"]),
    )


def _operations(table: Table, _faults: list[Fault]) -> OperationRules:
    numbers = (
        "walk_m_s", "detour", "drive_m_s", "tsunami_magnitude", "usable_share", "handling_min",
        "evacuate_due_h", "medical_due_h", "supply_due_h",
    )  # fmt: skip
    return OperationRules(
        pack=_pack(table),
        repair_times=(),
        **{key: _positive(table, key) for key in numbers},
    )


def _repair_times(table: RestorationTable) -> tuple[RepairTime, ...]:
    """Take the mean days of each kind; the scheduler needs no standard deviations."""
    rows = zip(table.kind, table.mean_d, table.status, table.source, strict=True)
    return tuple(
        RepairTime(
            kind=kind,
            days=(float(days[1]), float(days[2]), float(days[3]), float(days[4])),
            status=status,
            source=source,
        )
        for kind, days, status, source in rows
    )


def _indicators(table: Table, faults: list[Fault]) -> IndicatorSet:
    items = _rows(table, "items", lambda row: (str(row["id"]), Dimension(row["dimension"])), faults)
    dimensions = dict(items)
    return IndicatorSet(
        pack=_pack(table),
        coverage_rule=_positive(table, "coverage_rule"),
        items=items,
        indicators=_rows(table, "indicators", lambda row: _indicator(row, dimensions), faults),
    )


def _indicator(row: Table, dimensions: Mapping[str, Dimension]) -> IndicatorDefinition:
    worst, best = (float(post) for post in row["goalposts"])
    if worst == best:
        raise ValueError(f"goalposts {row['goalposts']} are equal")
    return IndicatorDefinition(
        id=str(row["id"]),
        item=str(row["item"]),
        dimension=dimensions[row["item"]],
        title_zh=str(row["title_zh"]),
        title_en=str(row["title_en"]),
        formula=str(row["formula"]),
        fact=str(row.get("fact", "")),
        unit=str(row["unit"]),
        goalposts=(worst, best),
        standard=str(row["standard"]),
        status=RuleStatus(row["status"]),
        source=str(row["source"]),
    )


def _positive(row: Table, key: str) -> float:
    value = float(row[key])
    if not value > 0:
        raise ValueError(f"{key} {value} is not positive")
    return value
