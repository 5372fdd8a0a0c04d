"""Losses of assets under event sets: tables in, tables out.

>>> from rencheng import risk
>>> house = risk.curve("jrc.asia.residential")
>>> storms = risk.event_table(
...     {"event": ["e1", "e2"], "rate": [0.1, 0.01], "lon": [114.3, 114.3], "lat": [30.6, 30.6],
...      "intensity": [0.5, 2.0]}, measure="water_depth", unit="m", reach_m=100)
>>> assets = {"id": ["a"], "lon": [114.3], "lat": [30.6], "value": [1000.0]}
>>> result = risk.run(assets, storms, [house], currency="CNY", year=2024)
>>> result.loss.round(3).tolist(), round(result.aal, 3)
([326.557, 720.712], 39.863)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from rencheng.adapters.curve_library.kept import library_of
from rencheng.adapters.curve_library.p58 import Amount, p58_component
from rencheng.adapters.risk.amounts import debris, downtime
from rencheng.adapters.risk.assets.meeting import assets_of, meet
from rencheng.adapters.risk.assets.money import in_money, measures_in, must_be_in, price_file
from rencheng.adapters.risk.assets.shapes import VECTORS, ShapeTable, read_shapes
from rencheng.adapters.risk.assets.table import curves_for
from rencheng.adapters.risk.classical.branches import branch_quantiles, classical_branches
from rencheng.adapters.risk.classical.computing import (
    Retrofit,
    benefit_cost,
    classical_losses,
    classical_states,
)
from rencheng.adapters.risk.classical.hazard_curves import hazard_curves
from rencheng.adapters.risk.events.files import open_events
from rencheng.adapters.risk.events.table import (
    EventSet,
    Pointwise,
    Table,
    check_events,
    doubts,
    event_table,
)
from rencheng.adapters.risk.faults import dark_faults
from rencheng.adapters.risk.formats.describing import describe, describe_assets
from rencheng.adapters.risk.formats.exchanging import read_assets_of as import_assets
from rencheng.adapters.risk.formats.exchanging import write_assets as export_assets
from rencheng.adapters.risk.formats.geopackage import write_geopackage
from rencheng.adapters.risk.insurance import Contract, insure, terms_not_applied, write_insured
from rencheng.adapters.risk.measures.appraising import appraise, appraise_samples
from rencheng.adapters.risk.measures.files import measure_file
from rencheng.adapters.risk.measures.results import MeasureReport, write_measures
from rencheng.adapters.risk.measures.results import report as measure_report
from rencheng.adapters.risk.openquake.report import OpenQuakeReport
from rencheng.adapters.risk.openquake.report import run_job as openquake
from rencheng.adapters.risk.openquake.report import write_report as write_openquake
from rencheng.adapters.risk.people.counting import people
from rencheng.adapters.risk.people.results import people_summary, people_tables, write_people
from rencheng.adapters.risk.repair_cost import repair_cost
from rencheng.adapters.risk.results import summary, tables, write
from rencheng.adapters.risk.several_hazards import Hazard, several, write_several
from rencheng.adapters.risk.states import (
    expected_states,
    groups_of,
    sample_states,
    state_tables,
    write_states,
)
from rencheng.adapters.risk.study.files import StudyFile
from rencheng.adapters.risk.study.files import read_study as study_file
from rencheng.adapters.risk.study.results import study_summary, study_tables, write_study
from rencheng.adapters.risk.study.running import sobol, study
from rencheng.adapters.risk.tables import read_table
from rencheng.domain.curve import Curve
from rencheng.domain.risk import EventImpact, Exceedance, Standing
from rencheng.domain.risk_annual import AnnualLoss, Layer
from rencheng.domain.risk_classical import (
    Branches,
    ClassicalLosses,
    ClassicalStates,
    HazardCurves,
    RetrofitWorth,
    ShareSpread,
)
from rencheng.domain.risk_component import (
    Component,
    ComponentLosses,
    DemandCost,
    Demands,
    Replacement,
    Scatter,
    UnitCost,
)
from rencheng.domain.risk_consequence import RepairCost
from rencheng.domain.risk_loss import StateAmounts
from rencheng.domain.risk_measures import Appraisal, Choice
from rencheng.domain.risk_money import Money
from rencheng.domain.risk_people import Circumstances, Fate, PeopleImpact
from rencheng.domain.risk_sample import SampledStates
from rencheng.domain.risk_several import SeveralImpact
from rencheng.domain.risk_uncertainty import SobolIndices, Study, UncertainImpact
from rencheng.model.risk.amounts import amount_by_ratio, expected_amount
from rencheng.model.risk.annual import annual_loss as annual
from rencheng.model.risk.annual import annual_loss_at, annual_tail_mean, covered
from rencheng.model.risk.blocks import BUDGET_MB
from rencheng.model.risk.components import component_losses, demand_samples, state_chances
from rencheng.model.risk.consequence import vulnerability_of
from rencheng.model.risk.insurance import insured
from rencheng.model.risk.measures.choice import choose
from rencheng.model.risk.measures.uncertain import uncertain_worth
from rencheng.model.risk.measures.worth import ranked, worth
from rencheng.model.risk.parts import impact_of_parts
from rencheng.model.risk.states.sampling import Sampling, sample_shares
from rencheng.model.risk.tail import exceedance, loss_at, tail_mean
from rencheng.model.risk.uncertain.memory import Carry
from rencheng.model.risk.uncertain.ranks import rank_stability
from rencheng.model.risk.uncertain.study import Asked

__all__ = [
    "openquake",
    "write_openquake",
    "Amount",
    "AnnualLoss",
    "Appraisal",
    "Asked",
    "Carry",
    "Choice",
    "Circumstances",
    "Branches",
    "ClassicalLosses",
    "ClassicalStates",
    "Component",
    "Contract",
    "ComponentLosses",
    "Curve",
    "DemandCost",
    "Demands",
    "EventImpact",
    "EventSet",
    "Exceedance",
    "Fate",
    "Hazard",
    "HazardCurves",
    "Layer",
    "MeasureReport",
    "OpenQuakeReport",
    "PeopleImpact",
    "Pointwise",
    "RepairCost",
    "Replacement",
    "Retrofit",
    "RetrofitWorth",
    "SampledStates",
    "Sampling",
    "Scatter",
    "SeveralImpact",
    "ShapeTable",
    "ShareSpread",
    "SobolIndices",
    "Standing",
    "StateAmounts",
    "Study",
    "StudyFile",
    "UncertainImpact",
    "UnitCost",
    "amount_by_ratio",
    "annual",
    "annual_loss_at",
    "annual_tail_mean",
    "appraise",
    "appraise_samples",
    "asset_file",
    "describe",
    "describe_assets",
    "export_assets",
    "import_assets",
    "write_geopackage",
    "benefit_cost",
    "branch_quantiles",
    "check_events",
    "choose",
    "classical_branches",
    "classical_losses",
    "classical_states",
    "component_losses",
    "covered",
    "curve",
    "debris",
    "demand_samples",
    "downtime",
    "event_table",
    "exceedance",
    "expected_amount",
    "expected_states",
    "groups_of",
    "hazard_curves",
    "in_money",
    "insure",
    "insured",
    "loss_at",
    "measure_file",
    "measure_report",
    "measures_in",
    "open_events",
    "p58_component",
    "people",
    "people_summary",
    "people_tables",
    "price_file",
    "rank_stability",
    "ranked",
    "read_shapes",
    "repair_cost",
    "run",
    "sample_shares",
    "sample_states",
    "several",
    "sobol",
    "state_chances",
    "state_tables",
    "study",
    "study_file",
    "study_summary",
    "study_tables",
    "summary",
    "tables",
    "tail_mean",
    "terms_not_applied",
    "uncertain_worth",
    "vulnerability_of",
    "worth",
    "write",
    "write_insured",
    "write_measures",
    "write_people",
    "write_several",
    "write_states",
    "write_study",
]


def curve(identity: str, state: str | Path = ".state") -> Curve:
    """Return a curve of the library; see `rencheng curve list`.

    Parameters
    ----------
    identity
        Its id, such as `jrc.asia.residential`.
    state
        State folder, which has the office's own curves and the packages fetched.

    Raises
    ------
    NotFoundError
        When no shelf of the library has it.
    """
    return library_of(Path(state)).get(identity)


def asset_file(path: str | Path) -> Table:
    """Return the columns of a CSV of assets as text, or of a file of points, lines and areas.

    Of a location file of OED its assets, with its currency.
    """
    if Path(path).suffix.lower() in VECTORS:
        return read_shapes(Path(path))
    table = read_table(path)
    if "locnumber" not in {str(name).strip().lower() for name in table}:
        return table
    given = import_assets(Path(path))
    currency = np.full(len(given.assets["id"]), given.currency, dtype=object)
    return {**given.assets, **({"currency": currency} if given.currency else {})}


def run(
    assets: Table,
    events: EventSet,
    curves: Sequence[Curve] | Mapping[str, Curve],
    *,
    currency: str,
    year: int,
    budget_mb: float = BUDGET_MB,
    with_matrix: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> EventImpact:
    """Return what events do to assets.

    Parameters
    ----------
    assets
        Columns `id`, `lon`, `lat` [deg], `value`, `curve`; or values and curves by component
        (`value_contents`, `curve_contents`). A mapping or a data frame. With `geometry` (shapely,
        in lon, lat) instead of `lon` and `lat`, areas and lines meet every cell that they cover.
    events
        From `event_table` or `open_events`; a set made by a program as `Pointwise(source=…)`,
        which is looked at block by block.
    curves
        Vulnerabilities by the name that the assets use, such as a taxonomy; a sequence goes by
        their ids. Their unit is turned into that of the events.
    currency, year
        Of the values.
    budget_mb
        Memory that the job may take beyond its inputs. [MB]
    with_matrix
        Also the loss of each event at each asset.
    progress
        Called with events done and all events.

    Returns
    -------
    result
        Its `faults` name rows of assets that could not be assessed.

    Raises
    ------
    InvalidInputError
        With every fault that leaves nothing to compute: columns missing, ids doubled, a curve for
        another measure, a unit that is none.
    TooMuchError
        When the job cannot keep within its memory.

    Notes
    -----
    See `rencheng.model.risk.impact.impact` for the method, its judges and what it leaves out.
    """
    named = curves if isinstance(curves, Mapping) else {one.id: one for one in curves}
    must_be_in(assets, Money(currency=currency, year=year))
    met = meet(assets_of(assets, named), events, list(named), currency=currency, year=year)
    fitting = curves_for(named, met.source.head)
    result = impact_of_parts(
        met.source,
        met.portfolio,
        met.parts,
        fitting,
        budget_mb=budget_mb,
        with_matrix=with_matrix,
        progress=progress,
        versions={**met.versions, **{f"curve {one.id}": one.version for one in fitting}},
    )
    faults = (*met.faults, *doubts(met.source), *dark_faults(result, "assets", met.portfolio.id))
    return replace(result, faults=faults, of=met.source.head.of)
