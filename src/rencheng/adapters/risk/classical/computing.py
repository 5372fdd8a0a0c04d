"""Classical risk for tables of assets: hazard curves in, losses, states and benefit-cost out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rencheng.adapters.risk.assets.money import must_be_in
from rencheng.adapters.risk.assets.table import curves_for, read_assets
from rencheng.adapters.risk.classical.hazard_curves import fault_of, head_of, portfolio
from rencheng.adapters.risk.events.table import Table, column, numbers
from rencheng.adapters.risk.faults import fault, refuse
from rencheng.domain.curve import Curve, CurveKind
from rencheng.domain.risk_classical import (
    ClassicalLosses,
    ClassicalStates,
    HazardCurves,
    RetrofitWorth,
    ShareSpread,
)
from rencheng.domain.risk_money import Money
from rencheng.model.risk.classical import losses as classical_loss
from rencheng.model.risk.classical import states as classical
from rencheng.model.risk.measures.discounting import Timing

Curves = Sequence[Curve] | Mapping[str, Curve]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrofit:
    """What a retrofit makes of things, and how its savings are counted."""

    after: Curves
    """Vulnerabilities with the retrofit, under the names that the assets use; a name missing stays
    as it was, one that the assets do not use is refused."""
    rate: float
    """Discount rate. [1/yr]"""
    life: float
    """How long it serves. [yr]"""
    timing: Timing = Timing.YEAR_END


def classical_losses(
    assets: Table,
    hazard: HazardCurves,
    curves: Curves,
    *,
    currency: str,
    year: int,
    spread: ShareSpread = ShareSpread.BETA,
    reach_m: float | None = None,
) -> ClassicalLosses:
    """Return average annual losses and loss curves of assets under hazard curves.

    Parameters
    ----------
    assets
        Columns `id`, `lon`, `lat` [deg], `value`, `curve`; or values and curves by component.
    hazard
        From `hazard_curves`.
    curves
        Vulnerabilities by the name that the assets use; a sequence goes by their ids. Their unit is
        turned into that of the hazard.
    currency, year
        Of the values.
    spread
        How the share lost scatters around a curve's mean.
    reach_m
        Farther from every hazard curve an asset is bad data; by default as far as they usually lie
        from each other. [m]

    Returns
    -------
    result
        `aal`, `loss_at(probability, years)`, `faults`.

    Raises
    ------
    InvalidInputError
        With every fault that leaves nothing to compute.

    Notes
    -----
    See `rencheng.model.risk.classical.losses.classical_losses` for the method and its judges.

    Examples
    --------
    >>> from rencheng import risk
    >>> hazard = risk.hazard_curves(
    ...     {"lon": [114.3], "lat": [30.6], "poe-0.5": [0.4], "poe-2": [0.05]},
    ...     measure="water_depth", unit="m", years=50)
    >>> house = {"id": ["a"], "lon": [114.3], "lat": [30.6], "value": [1000.0]}
    >>> found = risk.classical_losses(
    ...     house, hazard, [risk.curve("jrc.asia.residential")], currency="CNY", year=2024)
    >>> found.aal.round(2).tolist(), found.loss_at(0.1, 50).round().tolist()
    ([[4.71]], [[714.0]])
    """
    must_be_in(assets, Money(currency=currency, year=year))
    named = _named(curves)
    read = read_assets(assets, named)
    fitting = curves_for(named, head_of(hazard))
    folio, faults = portfolio(read, list(named), hazard, reach_m, currency=currency, year=year)
    result = classical_loss.classical_losses(hazard, folio, fitting, spread=spread)
    return replace(result, faults=(*hazard.faults, *faults))


def classical_states(
    assets: Table,
    hazard: HazardCurves,
    curves: Curves,
    *,
    reach_m: float | None = None,
) -> ClassicalStates:
    """Return how often assets reach each damage state under hazard curves.

    Parameters
    ----------
    assets
        Columns `id`, `lon`, `lat` [deg], `curve`.
    hazard
        From `hazard_curves`.
    curves
        Fragilities by the name that the assets use, all with the same states.
    reach_m
        As for `classical_losses`. [m]

    Raises
    ------
    InvalidInputError
        With every fault that leaves nothing to compute.

    Notes
    -----
    See `rencheng.model.risk.classical.states.classical_states` for the method and its judges.
    """
    named = _named(curves)
    bare: dict[str, Any] = {str(name): assets[name] for name in assets}
    bare["value"] = np.ones(len(bare["id"])) if "id" in bare else np.empty(0)
    one = {
        name: column for name, column in bare.items() if not name.startswith(("value_", "curve_"))
    }
    read = read_assets(one, named)
    fitting = _fragilities(named, hazard)
    folio, faults = portfolio(read, list(named), hazard, reach_m, currency="", year=0)
    result = classical.classical_states(hazard, folio, fitting)
    return replace(result, faults=(*hazard.faults, *faults))


def benefit_cost(
    assets: Table,
    hazard: HazardCurves,
    curves: Curves,
    retrofit: Retrofit,
    *,
    currency: str,
    year: int,
    reach_m: float | None = None,
) -> RetrofitWorth:
    """Return what retrofitting each asset saves over its life, against what it costs.

    Parameters
    ----------
    assets
        As for `classical_losses`, and a column `cost`: what its retrofit costs. [currency]
    hazard
        From `hazard_curves`.
    curves
        Vulnerabilities as things are.
    retrofit
        Vulnerabilities with the retrofit, discount rate and life.
    currency, year
        Of values and costs.
    reach_m
        As for `classical_losses`. [m]

    Returns
    -------
    worth
        `ratio` is benefit over cost (BCR).

    Raises
    ------
    InvalidInputError
        With every fault that leaves nothing to compute.

    Notes
    -----
    See `rencheng.model.risk.classical.losses.retrofit_worth`.
    """
    if "cost" not in [str(name) for name in assets]:
        refuse([fault("columns", "assets", ["cost"])])
    named, better = _named(curves), _named(retrofit.after)
    astray = fault_of("after", "retrofit.after", [n for n in better if n not in named])
    refuse([astray] if astray else [])
    new = named | better
    said: dict[str, Any] = {"currency": currency, "year": year, "reach_m": reach_m}
    before = classical_losses(assets, hazard, named, **said)
    after = classical_losses(assets, hazard, {n: new[n] for n in named}, **said)
    cost = numbers(column(assets, "cost"))[0]
    bad = ~np.isfinite(cost) | (cost < 0.0)
    worth = classical_loss.worth_of(
        before,
        after,
        np.where(bad, np.nan, cost),
        rate=retrofit.rate,
        life=retrofit.life,
        timing=retrofit.timing,
    )
    unread = fault_of("retrofit_cost", "assets.cost", [before.id[i] for i in np.flatnonzero(bad)])
    return replace(worth, faults=(*worth.faults, *([unread] if unread else [])))


def _named(curves: Curves) -> dict[str, Curve]:
    return dict(curves) if isinstance(curves, Mapping) else {one.id: one for one in curves}


def _fragilities(named: Mapping[str, Curve], hazard: HazardCurves) -> list[Curve]:
    kind = [n for n, c in named.items() if c.kind is not CurveKind.FRAGILITY]
    other = [f"{n} ({c.intensity})" for n, c in named.items() if c.intensity != hazard.measure]
    found = fault_of("no_states", "curves", kind)
    faults = [found] if found else []
    faults += [fault("other_measure", f"curves, {hazard.measure}", other)] if other else []
    refuse(faults)
    return [curve.in_unit(hazard.unit) for curve in named.values()]
