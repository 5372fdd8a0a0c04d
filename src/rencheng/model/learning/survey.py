"""A survey of damaged buildings drawn from a hidden truth: always synthetic."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rencheng.domain.city import F64, City
from rencheng.domain.impact import DamageState, FragilityTable
from rencheng.model.learning.evidence import group_of


def synthetic_survey(
    city: City,
    table: FragilityTable,
    truth: Mapping[str, tuple[float, float]],
    intensity_g: Mapping[str, F64],
    *,
    seed: int,
    count: int,
) -> list[tuple[int, DamageState]]:
    """Draw buildings at random and the damage that a hidden truth gives them.

    Parameters
    ----------
    truth
        Factors on median and beta by structural type, such as `{"C1": (0.8, 1.1)}`; `all` holds for
        types not named.
    intensity_g
        The shaking that really was, by `PGA` and `SA1`. [g] (zones,)
    count
        Buildings to survey; fewer when fewer have a curve.

    Returns
    -------
    survey
        Row in `Buildings` and its state, in the order drawn. Whoever stores them marks them
        `Origin.SYNTHETIC`.
    """
    rng = np.random.default_rng(seed)
    rows = {name: row for row, name in enumerate(table.id)}
    curve_row = np.array(
        [rows.get(name, -1) if group_of(name) else -1 for name in city.buildings.curves]
    )
    usable = np.flatnonzero(curve_row[city.buildings.curve] >= 0)
    chosen = rng.choice(usable, size=min(count, usable.size), replace=False)
    curve = curve_row[city.buildings.curve[chosen]]
    factor = np.array(
        [truth.get(group_of(table.id[r]), truth.get("all", (1.0, 1.0))) for r in curve]
    )
    is_pga = np.array([table.intensity[r] == "PGA" for r in curve], dtype=bool)
    zone = city.buildings.zone[chosen]
    shaking = np.where(is_pga, intensity_g["PGA"][zone], intensity_g["SA1"][zone])
    # A building keeps one capacity for all states, so that its states cannot cross.
    deviation = rng.standard_normal(chosen.size) * factor.reshape(-1, 2)[:, 1]
    capacity = table.median_g[curve] * factor.reshape(-1, 2)[:, :1]
    capacity = capacity * np.exp(table.beta[curve] * deviation[:, None])
    state = (shaking[:, None] >= capacity).sum(axis=1)
    return [(int(b), DamageState(int(s))) for b, s in zip(chosen, state, strict=True)]
