"""What a summary says of events and of years."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rencheng import risk

HOUSE = risk.curve("jrc.asia.residential")


def tail(value: list[float], rate: list[float]) -> list[dict[str, Any]]:
    """Return the tail of a summary: each event takes one asset, by a depth of 6 m wholly."""
    ids = [f"e{k}" for k in range(len(value))]
    lon = [0.01 * k for k in range(len(value))]
    flood = risk.event_table(
        {"event": ids, "rate": rate, "lon": lon, "lat": [0.0] * len(ids),
         "intensity": [6.0] * len(ids)}, measure="water_depth", unit="m", reach_m=100,
    )  # fmt: skip
    table = {"id": ids, "lon": lon, "lat": [0.0] * len(ids), "value": value}
    return risk.summary(risk.run(table, flood, [HOUSE], currency="CNY", year=2024))["tail"]


def test_a_summary_tells_small_losses_beside_large_ones() -> None:
    said = {one["return_period"]: one for one in tail([1e5, 1e10], [0.3, 1e-4])}
    for period, exact in ((10, 1e5), (25, 1e5), (50, 2e5)):
        assert said[period]["annual_loss"] == pytest.approx(exact, rel=1e-3)
        assert said[period]["annual_loss_low"] <= exact <= said[period]["annual_loss_high"]


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 10), st.sampled_from([1.0, 0.1, 0.04, 0.02, 0.01, 0.004, 0.001])),
        min_size=1, max_size=5,
    )
)  # fmt: skip
def test_a_years_total_is_never_below_the_event_of_its_return_period(
    events: list[tuple[float, float]],
) -> None:
    value, rate = zip(*events, strict=True)
    for one in tail((10.0 ** np.array(value)).tolist(), list(rate)):
        if one["loss"] is not None:
            assert one["annual_loss"] is not None
            assert one["annual_loss"] >= one["loss"] * (1 - 1e-12)
            assert one["annual_loss_low"] <= one["annual_loss"] <= one["annual_loss_high"]


def test_assets_with_an_unknown_loss_are_counted_with_their_first_ids() -> None:
    nan = float("nan")
    flood = risk.event_table(
        {"event": ["a", "a", "b", "b"], "rate": [0.1] * 4, "lon": [0.0, 0.01] * 2,
         "lat": [0.0] * 4, "intensity": [nan, nan, nan, 1.0]},
        measure="water_depth", unit="m", reach_m=100,
    )  # fmt: skip
    table = {"id": ["never", "once"], "lon": [0.0, 0.01], "lat": [0.0] * 2, "value": [1e6] * 2}
    result = risk.run(table, flood, [HOUSE], currency="CNY", year=2024)
    assert result.counts[risk.Standing.ASSESSED] == 2
    faults = {one["key"]: one for one in risk.summary(result)["faults"]}
    assert faults["risk.unknown_in_all"]["first"] == ["never"]
    assert faults["risk.unknown_in_some"]["first"] == ["once"]
    assert {one["count"] for one in faults.values()} == {1}
