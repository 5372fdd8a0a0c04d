"""Damage and loss of a building by its components, in the manner of FEMA P-58.

Every random number is a function of the seed, a name and the sample (`draws`), so that components
may be added, left out or put in another order without changing the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.risk_component import (
    Component,
    ComponentLosses,
    DemandCost,
    Demands,
    Replacement,
    Scatter,
    UnitCost,
)
from rencheng.model.risk.draws import normals, starts, turns

F64 = NDArray[np.float64]
# Rounding of a correlation matrix must not look like one that cannot be. No published source.
ROUNDING = 1e-8
NODES = 96
"""Of the Gauss-Hermite rule over a demand. Ours: exact to 1e-9 for the curves of P-58."""


def demand_samples(demands: Demands, samples: int, *, seed: int) -> F64:
    """Return samples of what floors and storeys feel.

    Parameters
    ----------
    demands
        Lognormal, correlated or not.
    samples
        How many.
    seed
        Of the random numbers.

    Returns
    -------
    demand
        (samples, demands)

    Raises
    ------
    InvalidInputError
        When medians or deviations cannot be, or the correlations are none.
    """
    _check(demands)
    z = _normals(seed, demands.names, samples)
    if demands.correlation is not None:
        value, vector = np.linalg.eigh(demands.correlation)
        z = z @ (vector * np.sqrt(np.maximum(value, 0.0))).T
    return np.asarray(demands.median * np.exp(demands.beta * z), dtype=np.float64)


def state_chances(demands: Demands, component: Component) -> F64:
    """Return the chance of each state of a component's fragility, none first, without sampling.

    Parameters
    ----------
    demands
        Lognormal.
    component
        With a fragility, and one demand.

    Returns
    -------
    chance
        Sums to 1. (states + 1,)

    Raises
    ------
    InvalidInputError
        When it has no fragility or several demands.

    Notes
    -----
    ∫ P[state ≥ k | x] over the demand's distribution, by the Gauss-Hermite rule. For a lognormal
    fragility that is Φ(ln(D/C) / √(β_D² + β_C²)), against which it is tested, and against pelicun's
    validation 1.
    """
    if component.fragility is None or len(component.demand) != 1:
        _refuse("one_demand", component.id, f"{len(component.demand)}")
    at = demands.names.index(component.demand[0])
    node, weight = np.polynomial.hermite_e.hermegauss(NODES)
    x = component.factor * demands.median[at] * np.exp(demands.beta[at] * node)
    assert component.fragility is not None  # noqa: S101 - refused above
    return np.asarray(weight @ component.fragility.shares(x) / weight.sum(), dtype=np.float64)


def component_losses(
    demand: F64,
    names: Sequence[str],
    components: Sequence[Component],
    *,
    replacement: Replacement | None = None,
    seed: int,
) -> ComponentLosses:
    """Return what mending a building costs, component by component.

    Parameters
    ----------
    demand
        What floors and storeys feel; NaN unknown. (samples, demands)
    names
        Of its columns.
    components
        With fragility and costs of states, or with a cost that follows from the demand.
    replacement
        What replacing the building costs, and which components' damage means it.
    seed
        Of the random numbers.

    Returns
    -------
    result
        A sample whose demand is unknown has an unknown loss.

    Raises
    ------
    InvalidInputError
        With every fault: ids doubled, demands unknown, costs that do not fit the states.

    Notes
    -----
    Each block of a component draws one capacity: its state is the worst whose P[state ≥ k | x]
    exceeds a uniform number, so that capacities of its states go together. What a unit costs
    depends on how many of the component are mended in the sample, over all states and blocks, and
    scatters once a state. Left out: order of repairs, damage of one component by another beyond
    the replacement, correlation between components given the demand. Held against pelicun 3.10's
    validations 0 to 2.
    """
    _fit(names, components, replacement)
    samples, column = len(demand), {name: i for i, name in enumerate(names)}
    loss = np.zeros((samples, len(components)))
    replaced = np.zeros(samples, dtype=bool)
    chance: list[F64] = []
    for i, one in enumerate(components):
        x = one.factor * demand[:, [column[name] for name in one.demand]].max(axis=1)
        units = np.zeros((samples, 0))
        if one.fragility is not None:
            units = _units(one, x, seed)
            loss[:, i] = _mended(one, units, seed)
        if one.demand_cost is not None:
            there = one.demand_cost
            each = np.interp(x, there.x, there.amount)
            loss[:, i] += one.quantity * each * _scattered(there, f"{one.id}/demand", seed, samples)
        loss[np.isnan(x), i] = np.nan
        known = units[~np.isnan(x)]
        broken = (
            known.mean(axis=0) / one.quantity if known.size else np.full(units.shape[1], np.nan)
        )
        chance.append(np.concatenate([[1.0 - broken.sum()], broken]))
        if replacement and one.id in replacement.when:
            replaced |= units.sum(axis=1) > 0.0
    loss[replaced] = 0.0
    total = loss.sum(axis=1)
    if replacement:
        total[replaced] = replacement.cost
    return ComponentLosses(
        ids=tuple(one.id for one in components),
        chance=tuple(chance),
        loss=loss,
        is_replaced=replaced,
        total=total,
    )


def _units(one: Component, x: F64, seed: int) -> F64:
    """Return how many units are in each state beyond none, divided states apart. (samples, ·)"""
    from scipy.special import ndtr

    assert one.fragility is not None  # noqa: S101 - the caller has looked
    reached = one.fragility.value(x)
    parts = one.parts or ((1.0,),) * len(one.fragility.states)
    first = np.cumsum([0, *map(len, parts)])
    found = np.zeros((x.size, int(first[-1])))
    for block in range(one.blocks):
        label = f"{one.id}/{block}"
        even = ndtr(_normals(seed, (f"{label}/capacity", f"{label}/part"), x.size))
        state = (reached > even[:, :1]).sum(axis=1)
        for k, share in enumerate(parts):
            mine = np.flatnonzero(state == k + 1)
            edge = np.cumsum(share)[:-1] / sum(share)
            part = np.searchsorted(edge, even[mine, 1], side="right")
            found[mine, first[k] + part] += one.quantity / one.blocks
    return found


def _mended(one: Component, units: F64, seed: int) -> F64:
    """Return what mending costs. (samples,)"""
    total, many = np.zeros(len(units)), units.sum(axis=1)
    for k, cost in enumerate(one.cost):
        each = np.interp(many, cost.quantity, cost.amount)
        total += units[:, k] * each * _scattered(cost, f"{one.id}/{k}/cost", seed, len(units))
    return total


def _scattered(cost: UnitCost | DemandCost, name: str, seed: int, samples: int) -> F64:
    if cost.scatter is Scatter.NONE:
        return np.ones(samples)
    z = _normals(seed, (name,), samples)[:, 0]
    if cost.scatter is Scatter.LOGNORMAL:
        return np.asarray(np.exp(cost.spread * z))
    return np.asarray(np.maximum(1.0 + cost.spread * z, 0.0))


def _normals(seed: int, names: Sequence[str], samples: int) -> F64:
    return normals(starts(seed, names), turns(("component",), samples)).astype(np.float64)


def _check(demands: Demands) -> None:
    many = len(demands.names)
    shapes = {demands.median.shape, demands.beta.shape}
    if shapes != {(many,)} or not ((demands.median > 0) & (demands.beta >= 0)).all():
        _refuse("demands", "median, beta", f"{many} names, {demands.median}, {demands.beta}")
    table = demands.correlation
    if table is None:
        return
    if table.shape != (many, many) or not np.allclose(table, table.T, atol=ROUNDING):
        _refuse("correlation", "correlation", f"{table.shape}")
    lowest = float(np.linalg.eigvalsh(table).min())
    if not np.allclose(np.diag(table), 1.0, atol=ROUNDING) or lowest < -ROUNDING * many:
        _refuse("correlation", "correlation", f"{lowest:.3g}")


def _fit(
    names: Sequence[str], components: Sequence[Component], replacement: Replacement | None
) -> None:
    ids = [one.id for one in components]
    faults = [
        _fault("double", "components", i) for i in sorted({i for i in ids if ids.count(i) > 1})
    ]
    for one in components:
        unknown = [name for name in one.demand if name not in names] or (
            [] if one.demand else ["-"]
        )
        if unknown:
            faults.append(_fault("no_demand", one.id, ", ".join(unknown)))
        if not (one.quantity > 0 and one.factor > 0 and one.blocks >= 1):
            faults.append(_fault("quantity", one.id, f"{one.quantity:g} × {one.blocks}"))
        many = len(one.fragility.states) if one.fragility else 0
        if one.parts and len(one.parts) != many:
            faults.append(_fault("parts", one.id, f"{len(one.parts)} ≠ {many}"))
        many = sum(map(len, one.parts)) if one.parts else many
        if one.cost and len(one.cost) != many:
            faults.append(_fault("costs", one.id, f"{len(one.cost)} ≠ {many}"))
    missing = [name for name in (replacement.when if replacement else ()) if name not in ids]
    faults += [_fault("no_trigger", "replacement", name) for name in missing]
    if faults:
        raise _error(faults)


HINTS = {
    "demands": "Give a positive median and a deviation of zero or more for every demand",
    "correlation": "Give a symmetric matrix with ones on its diagonal that is no contradiction",
    "one_demand": "Give a fragility and one demand, or sample",
    "double": "Give every component an id of its own",
    "no_demand": "Name demands that are given",
    "quantity": "Give a quantity and a factor above zero, and one block or more",
    "parts": "Divide every state of the fragility, or none",
    "costs": "Give one cost for each state, divided ones apart",
    "no_trigger": "Name components that are given",
}


def _fault(key: str, where: str, said: str) -> Fault:
    return Fault(where=where, key=f"component.{key}", problem=said, hint=HINTS[key], first=(said,))


def _error(faults: Sequence[Fault]) -> InvalidInputError:
    return InvalidInputError(
        "component.invalid",
        f"the components have {len(faults)} faults: {faults[0].where}: {faults[0].problem}",
        hint="Mend every fault named; nothing was computed",
        params={"count": len(faults), "where": faults[0].where},
        faults=tuple(faults),
    )


def _refuse(key: str, where: str, said: str) -> None:
    raise _error([_fault(key, where, said)])
