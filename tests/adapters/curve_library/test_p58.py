"""Components of FEMA P-58 with their costs, as the package gives them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rencheng import risk
from rencheng.domain.errors import NotFoundError, SourceUnavailableError

pytestmark = pytest.mark.slow


def test_a_column_has_the_numbers_of_its_row(fetched: Path) -> None:
    # B.10.41.001a: medians 0.02, 0.0275, 0.05; the third state divides 80 to 20.
    one = risk.p58_component("p58/B.10.41.001a", demand=["PID-1-1"], quantity=12, state=fetched)
    assert one.fragility is not None
    assert one.fragility.median.tolist() == [0.02, 0.0275, 0.05]
    assert one.parts == ((1.0,), (1.0,), (0.8, 0.2))
    assert [c.amount.tolist() for c in one.cost] == [
        [25704.0, 17136.0], [38978.4, 25985.6], [47978.4, 31985.6], [38978.4, 25985.6]
    ]  # fmt: skip
    assert (one.unit, one.factor) == ("1 EA", 1.0)
    assert one.cost[0].scatter is risk.Scatter.NORMAL


def test_twelve_columns_far_beyond_cost_what_the_row_says_for_twelve(fetched: Path) -> None:
    one = risk.p58_component("p58/B.10.41.001a", demand=["PID-1-1"], quantity=12, state=fetched)
    got = risk.component_losses(np.full((20_000, 1), 9.0), ("PID-1-1",), [one], seed=1)
    at = (12 - 5) / (20 - 5)
    each = [a + (b - a) * at for a, b in ((47978.4, 31985.6), (38978.4, 25985.6))]
    assert got.total.mean() == pytest.approx(12 * (0.8 * each[0] + 0.2 * each[1]), rel=0.01)


def test_what_has_no_direction_feels_more(fetched: Path) -> None:
    one = risk.p58_component("p58/D.30.31.013h", demand=["PFA-5-1", "PFA-5-2"], state=fetched)
    assert one.factor == 1.2


def test_a_state_without_a_cost_costs_nothing(fetched: Path) -> None:
    one = risk.p58_component("p58/B.10.31.001", demand=["PID-1-1"], state=fetched)
    assert len(one.cost) == 4
    assert one.cost[0].amount.tolist() == [0.0]


def test_other_amounts_are_read_too(fetched: Path) -> None:
    one = risk.p58_component(
        "p58/B.10.41.001a", demand=["PID-1-1"], amount=risk.Amount.TIME, state=fetched
    )
    assert one.cost[0].amount.tolist() == [22.68, 15.12]


def test_what_is_not_there_says_so(fetched: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"E\.20\.22\.001"):
        risk.p58_component("p58/E.20.22.001", demand=["PFA-1-1"], state=fetched)
    with pytest.raises(SourceUnavailableError, match="curve fetch"):
        risk.p58_component("p58/B.10.41.001a", demand=["PID-1-1"], state=tmp_path)
