"""States of damage of a table: drawn or expected, as tables that say what is unknown."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rencheng import risk
from rencheng.domain.errors import InvalidInputError
from risk_kit import fragility, ramp

WOOD = fragility([0.2, 0.5, 1.0, 1.5], [0.6] * 4, id="wood")
HOUSES: dict[str, Any] = {
    "id": ["a", "b", "c", "far"], "lon": [0.0, 0.01, 0.0, 9.0], "lat": [0.0] * 4,
    "zone": ["x", "y", "x", "y"],
}  # fmt: skip
QUAKES = risk.event_table(
    {
        "event": ["big", "big", "dark"], "lon": [0.0, 0.01, 0.0], "lat": [0.0] * 3,
        "intensity": [0.5, 0.3, "nan"],
    },
    measure="PGA", unit="g", reach_m=100.0,
)  # fmt: skip


def drawn(**how: Any) -> risk.SampledStates:
    plan = risk.Sampling(seed=1, group=risk.groups_of(HOUSES, "zone"), **how)
    return risk.sample_states(HOUSES, QUAKES, [WOOD], plan)


def test_drawn_and_expected_states_agree() -> None:
    exact = risk.expected_states(HOUSES, QUAKES, [WOOD])
    found = drawn(draws=20_000)
    mean = found.by_realisation.reshape(2, 20_000, 5).mean(axis=1)
    np.testing.assert_allclose(mean, exact.by_event, atol=0.03)
    assert exact.unknown.tolist() == [0, 2]
    assert [fault.key for fault in found.faults] == ["risk.outside"]


def test_tables_say_event_draw_group_and_what_is_unknown() -> None:
    tables = risk.state_tables(drawn(draws=2), HOUSES["id"])
    rows = tables["realisations"]
    assert rows["event"].tolist() == ["big"] * 4 + ["dark"] * 4
    assert rows["draw"].tolist() == [1, 1, 2, 2] * 2
    assert rows["group"].tolist() == ["x", "y"] * 4
    assert rows["unknown"].tolist() == [0] * 4 + [2, 0] * 2
    assert tables["assets"]["standing"].tolist() == ["assessed"] * 3 + ["not_exposed"]
    assert tables["assets"]["dark"].tolist() == [2, 0, 2, 0]


def test_files_hold_what_the_tables_do_and_the_summary_comes_last(tmp_path: Path) -> None:
    result = drawn(draws=3)
    files = risk.write_states(result, HOUSES["id"], tmp_path)
    assert [file.name for file in files] == ["realisations.csv", "assets.csv", "summary.json"]
    with files[1].open(encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    assert float(rows[3]["none"]) == 1.0
    assert float(rows[1]["slight"]) == result.share[1, 1]
    said = json.loads(files[2].read_text(encoding="utf-8"))
    assert said["realisations"] == 6
    assert said["versions"]["curve wood"] == "1"


def test_vulnerabilities_and_other_measures_are_refused_together() -> None:
    with pytest.raises(InvalidInputError) as error:
        risk.expected_states(HOUSES, QUAKES, [ramp([0.0, 1.0], [0.0, 1.0])])
    assert [f.key for f in error.value.faults] == ["risk.fragility", "risk.other_measure"]


def test_a_column_to_count_by_must_be_there() -> None:
    with pytest.raises(InvalidInputError) as error:
        risk.groups_of(HOUSES, "district")
    assert error.value.faults[0].first == ("district",)
