"""Components of buildings with what mending them costs, from FEMA P-58 as packages carry it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path

import numpy as np

from rencheng.adapters.cities.packages import member
from rencheng.adapters.curve_library.datasets import Dataset, manifest
from rencheng.adapters.curve_library.library import CurveLibrary
from rencheng.domain.errors import InvalidInputError, NotFoundError, SourceUnavailableError
from rencheng.domain.risk_component import Component, Scatter, UnitCost

DATASET = "p58"
COSTS = "consequence_repair.csv"
# FEMA P-58 (2018), volume 1, chapter 3: what has no direction feels 1.2 times the larger of the
# peaks in two directions; as pelicun 3.10 also takes it.
WITHOUT_DIRECTION = 1.2
Row = Mapping[str, str]


class Amount(StrEnum):
    """What mending takes, as the package names it."""

    COST = "Cost"
    """[USD of 2011]"""
    TIME = "Time"
    """[worker days]"""
    CARBON = "Carbon"
    """Embodied. [kg CO2 equivalent]"""
    ENERGY = "Energy"
    """Embodied. [MJ]"""


def p58_component(
    identity: str,
    *,
    demand: Sequence[str],
    quantity: float = 1.0,
    blocks: int = 1,
    amount: Amount = Amount.COST,
    state: str | Path = ".state",
) -> Component:
    """Return a component of FEMA P-58 at one place of a building.

    Parameters
    ----------
    identity
        Id of its fragility in the library, such as `p58/B.10.41.001a`.
    demand
        Names of what it feels, in the unit of its fragility. Of several, the largest counts, and
        what has no direction feels 1.2 times that.
    quantity
        In its own unit, which the component then states: of `100 SF`, 5 are 500 square feet.
    blocks
        Equal parts of the quantity that break by themselves.
    amount
        What is added up.
    state
        State folder, which has the packages fetched.

    Returns
    -------
    component
        A state that the package gives no cost for costs nothing, and is no less a state.

    Raises
    ------
    NotFoundError
        When there is no such component, or the package has no costs of it.
    SourceUnavailableError
        When the package, or its newer parts, have not been fetched.

    Notes
    -----
    Costs are of the United States in 2011: bring them to your own prices before you add them up.
    """
    library, dataset = CurveLibrary(Path(state)), _dataset()
    curve = library.get(identity)
    row_id = identity.removeprefix(f"{DATASET}/")
    fragile = _row(library.text(dataset), row_id)
    costs = _row(_costs(Path(state), dataset), f"{row_id}-{amount}")
    if fragile is None or costs is None:
        raise NotFoundError(
            "component.no_costs",
            f"there are no costs of {identity!r}",
            hint="Take another component, or write its costs by hand as `UnitCost`",
            params={"component": identity},
        )
    texts = [fragile.get(f"LS{k + 1}-DamageStateWeights") or "" for k in range(len(curve.states))]
    parts = tuple(_shares(text) if text.strip() else (1.0,) for text in texts)
    return Component(
        id=identity,
        demand=tuple(demand),
        factor=WITHOUT_DIRECTION if fragile.get("Demand-Directional") == "0" else 1.0,
        quantity=quantity,
        unit=costs.get("Quantity-Unit", ""),
        blocks=blocks,
        fragility=curve,
        parts=parts if any(len(one) > 1 for one in parts) else (),
        cost=tuple(_cost(costs, k + 1) for k in range(sum(map(len, parts)))),
    )


def _cost(row: Row, k: int) -> UnitCost:
    """Return the cost of a state; nothing where none is given."""
    centre, _, quantity = (row.get(f"DS{k}-Theta_0") or "0").partition("|")
    try:
        return UnitCost(
            amount=np.array(_shares(centre, ",")),
            quantity=np.array(_shares(quantity or "1", ",")),
            scatter=Scatter(row.get(f"DS{k}-Family") or "none"),
            spread=float(row.get(f"DS{k}-Theta_1") or 0.0),
        )
    except ValueError as error:
        raise InvalidInputError(
            "component.row",
            f"{row.get('ID')}: {error}",
            hint="Take another component, or write its costs by hand",
            params={"row": row.get("ID", ""), "problem": str(error)},
        ) from error


def _shares(text: str, mark: str = "|") -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(mark))


def _row(text: str, identity: str) -> Row | None:
    return next((row for row in csv.DictReader(io.StringIO(text)) if row["ID"] == identity), None)


def _dataset() -> Dataset:
    return next(one for one in manifest().dataset if one.id == DATASET)


def _costs(state: Path, dataset: Dataset) -> str:
    """Return the file of costs, which lies beside that of the fragilities."""
    path = f"{dataset.member.rpartition('/')[0]}/{COSTS}"
    try:
        return member(state, dataset.package, path).read_text(encoding="utf-8")
    except SourceUnavailableError as error:
        raise SourceUnavailableError(
            "curve.not_fetched",
            f"the costs of {dataset.id} of {dataset.package} have not been fetched",
            hint="Run `rencheng curve fetch` once while you have a network",
            params={"dataset": dataset.id, "package": dataset.package},
        ) from error
