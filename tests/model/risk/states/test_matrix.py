"""States of damage kept by event and asset: the same as their sums, and within the memory."""

from __future__ import annotations

import numpy as np
import pytest

from rencheng.domain.curve import Curve
from rencheng.domain.errors import InvalidInputError, TooMuchError
from rencheng.domain.risk import OUTSIDE, Standing
from rencheng.model.risk.states.expected import expected_states
from rencheng.model.risk.states.matrix import state_matrix
from risk_kit import assets, event_set, fragility, random_case, steps

CURVES = [
    fragility([0.2, 0.5, 1.0], [0.6, 0.5, 0.5]),
    fragility([0.3, 0.4, 0.45], [0.9, 0.3, 0.8]),
    steps([0.1, 0.5, 2.0], [[0.0, 0.8, 1.0], [0.0, 0.3, 0.9], [0.0, 0.1, 0.5]]),
]


@pytest.mark.parametrize("seed", range(4))
def test_its_sums_are_those_of_the_compiled_loop(seed: int) -> None:
    events, folio, _ = random_case(seed, classes=len(CURVES))
    matrix = state_matrix(events, folio, CURVES)
    sums = expected_states(events, folio, CURVES)
    by_event = np.zeros((matrix.start.size - 1, 3))
    np.add.at(by_event, matrix.event, np.nan_to_num(matrix.share))
    np.testing.assert_allclose(by_event, sums.by_event[:, 1:], rtol=0, atol=1e-6)
    assert matrix.standing.tolist() == sums.standing.tolist()
    unknown = np.isnan(matrix.share[:, 0])
    many = np.bincount(matrix.event[unknown], minlength=by_event.shape[0])
    assert many.tolist() == sums.unknown.tolist()


def test_blocks_change_nothing() -> None:
    events, folio, _ = random_case(7, classes=len(CURVES))
    whole = state_matrix(events, folio, CURVES)
    size = whole.share.size * 8 / 1e6
    parts = state_matrix(events, folio, CURVES, budget_mb=2 * size + 1)
    np.testing.assert_array_equal(whole.share, parts.share)
    np.testing.assert_array_equal(whole.start, parts.start)


def test_who_is_not_reached_has_no_entry() -> None:
    found = state_matrix(event_set([{0: 0.5}], 2), assets([0, 1, OUTSIDE], [[1.0]] * 3), CURVES)
    assert found.asset.tolist() == [0]
    assert found.counts[Standing.NOT_EXPOSED] == 2


def test_a_job_beyond_its_memory_is_refused() -> None:
    events = event_set([dict.fromkeys(range(300), 0.5)] * 300, 300)
    with pytest.raises(TooMuchError):
        state_matrix(events, assets(list(range(300)), [[1.0]] * 300), CURVES, budget_mb=1.0)


def test_curves_with_other_states_are_refused() -> None:
    with pytest.raises(InvalidInputError) as error:
        state_matrix(event_set([{0: 1.0}], 1), assets([0], [[1.0]]), [CURVES[0], _two()])
    assert error.value.key == "risk.states"


def _two() -> Curve:
    return fragility([0.2, 0.5], [0.5, 0.5])
