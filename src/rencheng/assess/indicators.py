"""The framework's items and indicators for this city: coverage first, scores only where earned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import isfinite

from rencheng.assess.formulas import RECIPES, Basis
from rencheng.domain.assessment import IndicatorStatus, IndicatorValue, ItemScore
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.provenance import UNKNOWN, Band, Origin, Text, Why
from rencheng.domain.rules import IndicatorDefinition, IndicatorSet, RuleStatus

NAN = float("nan")
_WEAKER = (Origin.OBSERVED, Origin.DERIVED, Origin.SYNTHETIC, Origin.MISSING)
_OWN_WORK = {"own records": Origin.OBSERVED, "layers": Origin.DERIVED}
"""What is not a layer of the city; forecasts are derived from what they rest on."""


def measure_indicators(
    basis: Basis, indicators: IndicatorSet, *, at: datetime
) -> tuple[IndicatorValue, ...]:
    """Compute every indicator of a set; what cannot be computed is missing, never zero.

    Raises
    ------
    InvalidInputError
        When the set names a formula that does not exist.
    """
    return tuple(
        _measure(basis, definition, indicators, at) for definition in indicators.indicators
    )


def score(value: float, goalposts: tuple[float, float]) -> float:
    """Place a value between fixed goalposts; the second may be the smaller one.

    Examples
    --------
    >>> score(0.3, (0.0, 1.0)), score(30.0, (120.0, 10.0)) > 0.8, score(-5.0, (0.0, 1.0))
    (0.3, True, 0.0)
    """
    worst, best = goalposts
    return min(max((value - worst) / (best - worst), 0.0), 1.0) if isfinite(value) else NAN


def score_items(
    values: Sequence[IndicatorValue], indicators: IndicatorSet
) -> tuple[ItemScore, ...]:
    """Combine the indicators of each item with equal weights.

    Returns
    -------
    items
        In the framework's order. The score is the mean of the known indicators where at least
        `coverage_rule` of them are known, otherwise unknown; its low and high ends count missing
        ones as 0 and as 1.
    """
    found = []
    for item, dimension in indicators.items:
        mine = [value for value in values if value.item == item]
        known = [value.score for value in mine if value.status is IndicatorStatus.MEASURED]
        coverage = len(known) / len(mine) if mine else 0.0
        band = UNKNOWN
        if mine and coverage >= indicators.coverage_rule:
            low, middle = sum(known) / len(mine), sum(known) / len(known)
            band = Band(low, middle, low + (len(mine) - len(known)) / len(mine))
        found.append(ItemScore(item=item, dimension=dimension, coverage=coverage, score=band))
    return tuple(found)


def _measure(
    basis: Basis, definition: IndicatorDefinition, indicators: IndicatorSet, at: datetime
) -> IndicatorValue:
    recipe = RECIPES.get(definition.formula)
    if recipe is None:
        raise InvalidInputError(
            "indicators.formula",
            f"indicator {definition.id} names the unknown formula {definition.formula}",
            hint="Use one of the formulas that the program knows",
            params={"indicator": definition.id, "formula": definition.formula},
        )
    value = recipe.formula(basis, definition)
    is_known = isfinite(value)
    source = basis.city.fact_sources.get(definition.fact, definition.source)
    return IndicatorValue(
        id=definition.id,
        item=definition.item,
        dimension=definition.dimension,
        title_zh=definition.title_zh,
        title_en=definition.title_en,
        status=IndicatorStatus.MEASURED if is_known else IndicatorStatus.MISSING,
        value=value if is_known else NAN,
        unit=definition.unit,
        score=score(value, definition.goalposts),
        goalposts=definition.goalposts,
        source=source,
        standard=definition.standard,
        why=_why(basis, definition, recipe.data, indicators, at),
    )


def _why(
    basis: Basis,
    definition: IndicatorDefinition,
    data: tuple[str, ...],
    indicators: IndicatorSet,
    at: datetime,
) -> Why:
    layers = {layer.name: layer.origin for layer in basis.city.layers}
    origins = {name: layers.get(name, _OWN_WORK.get(name, Origin.DERIVED)) for name in data}
    missing = [name for name in data if origins[name] is Origin.MISSING]
    if any(name.endswith("forecast") for name in data) and basis.impact is None:
        missing.append("impact")
    if definition.fact and definition.fact not in basis.city.facts:
        missing.append(definition.fact)
    is_own = data == ("own records",)
    forecast = any(name.endswith("forecast") for name in data) and basis.impact is not None
    notes = [Text("assess.goalposts")]
    if definition.status is RuleStatus.UNVERIFIED:
        notes.append(Text("assess.unverified"))
    return Why(
        data=tuple(name for name in data if name not in missing),
        model=f"assess.{definition.formula}",
        version=f"{indicators.pack.id} {indicators.pack.version}",
        as_of=basis.impact.at if forecast and basis.impact else at,
        missing=tuple(missing),
        notes=tuple(notes),
        origin=Origin.OBSERVED if is_own else max(origins.values(), key=_WEAKER.index),
    )
