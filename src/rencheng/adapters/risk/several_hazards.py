"""Several event sets and one table of assets: read, joined, computed, written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rencheng.adapters.risk.assets.meeting import assets_of, meet
from rencheng.adapters.risk.assets.money import must_be_in
from rencheng.adapters.risk.assets.shapes import ShapeTable
from rencheng.adapters.risk.assets.table import curves_for
from rencheng.adapters.risk.events.table import EventSet, Table, doubts
from rencheng.adapters.risk.faults import dark_faults, fault, refuse
from rencheng.adapters.risk.results import summary, tables, write_tables
from rencheng.adapters.risk.results_folder import results_folder, write_summary
from rencheng.domain.curve import Curve
from rencheng.domain.errors import Fault
from rencheng.domain.risk_money import Money
from rencheng.domain.risk_several import Peril, Rule, SeveralImpact
from rencheng.model.risk.blocks import BUDGET_MB
from rencheng.model.risk.several import several as together

_OWN = {"curve", "outside", "partly", "too_small"}
"""Faults that one hazard may have and another not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """An event set and the curves of its measure."""

    events: EventSet
    curves: Sequence[Curve] | Mapping[str, Curve]
    """By the names that the assets use; a sequence goes by their ids."""

    @property
    def used(self) -> list[Curve]:
        """Return the curves alone."""
        return list(self.curves.values() if isinstance(self.curves, Mapping) else self.curves)


def several(
    assets: Table,
    hazards: Mapping[str, Hazard],
    rule: Rule | str,
    *,
    currency: str,
    year: int,
    budget_mb: float = BUDGET_MB,
    progress: Callable[[int, int], None] | None = None,
) -> SeveralImpact:
    """Return what several hazards do to assets together.

    Parameters
    ----------
    assets
        As `run` takes them. A hazard's curves are named in `curve`, by every hazard with its own
        curve of that name, or in a column of its own, `curve_<hazard>`; by component
        `curve_contents`, `curve_contents_<hazard>`. Of areas and lines (`geometry`) the rule joins
        the mean shares of the whole.
    hazards
        By name, in the order in which they strike. Events are the same where their names are.
    rule
        `max`, `independent`, `sum` or `in_turn`; see `Rule`.
    currency, year
        Of the values.
    budget_mb
        Memory that the job may take beyond its inputs. [MB]
    progress
        Called with events done and all events.

    Raises
    ------
    InvalidInputError
        As `run`, and when the sets do not belong together.
    TooMuchError
        When an event cannot keep within the memory.

    Notes
    -----
    See `rencheng.model.risk.several.several` for the method and what it leaves out.
    """
    must_be_in(assets, Money(currency=currency, year=year))
    components = {str(name).partition("_")[2] for name in assets if str(name)[:6] == "value_"}
    wrong = [name for name in hazards if name in components]
    refuse([fault("hazard_name", "hazards", wrong)] if wrong else [])
    perils, faults, versions = [], dict[tuple[str, str], Fault](), {}
    for name, hazard in hazards.items():
        curves = hazard.curves
        named = curves if isinstance(curves, Mapping) else {one.id: one for one in curves}
        peril, found = _peril(name, _own(assets, name), hazard.events, named, (currency, year))
        source, fitting = peril.source, peril.curves
        perils.append(peril)
        for one in (*found, *doubts(source)):  # places and values are wrong once, not once a hazard
            own = one.key.removeprefix("risk.") in _OWN
            where = f"{name}: {one.where}" if own else one.where
            faults[one.key, where] = replace(one, where=where)
        versions[f"events {name}"] = source.head.source
        versions |= {f"curve {one.id}": one.version for one in fitting}
    result = together(perils, Rule(rule), budget_mb=budget_mb, progress=progress, versions=versions)
    unknown = dark_faults(result.whole, "assets", perils[0].portfolio.id)
    return replace(result, whole=replace(result.whole, faults=(*faults.values(), *unknown)))


def _peril(
    name: str, assets: Table, events: EventSet, curves: Mapping[str, Curve], money: tuple[str, int]
) -> tuple[Peril, tuple[Fault, ...]]:
    """Return the assets as one hazard meets them, and what is wrong with them."""
    read = assets_of(assets, curves)
    met = meet(read, events, list(curves), currency=money[0], year=money[1])
    fitting = curves_for(curves, met.source.head)
    return Peril(
        name=name, source=met.source, portfolio=met.portfolio, curves=fitting, parts=met.parts
    ), met.faults


def _own(assets: Table, hazard: str) -> Table:
    """Return the columns with the curves of one hazard under their plain names."""
    names = [str(name) for name in assets]
    own = {name: assets[name] for name in names}
    for name in names:
        plain = name.removesuffix(f"_{hazard}")
        if plain != name and (plain == "curve" or plain.startswith("curve_")):
            own[plain] = assets[name]
    if isinstance(assets, ShapeTable):
        return ShapeTable(columns=own, step_m=assets.step_m)
    return own


def write_several(result: SeveralImpact, assets: Sequence[str], folder: Path) -> list[Path]:
    """Write `events_by_hazard.csv`, `assets_by_hazard.csv`, and what `write` does of `whole`.

    Contributions sum to `known_loss` and `known_eai`; `alone_…` is what a hazard would take alone.
    """
    whole, names = result.whole, result.hazards
    found = {
        **tables(whole, tuple(assets)),
        "events_by_hazard": {
            "event": np.array(whole.names, dtype=object),
            "known_loss": whole.known_loss,
            **dict(zip(names, result.by_hazard.T, strict=True)),
            **{f"alone_{n}": one for n, one in zip(names, result.alone.T, strict=True)},
        },
        "assets_by_hazard": {
            "id": np.array(assets, dtype=object),
            "known_eai": whole.known_eai,
            **dict(zip(names, result.eai_by_hazard.T, strict=True)),
        },
    }
    with results_folder(folder):
        written = write_tables(found, folder)
        return [*written, write_summary(folder, summary(whole), written)]
