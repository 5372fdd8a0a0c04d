"""Samples of pelicun: read, written and turned into events and states of damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rencheng import risk
from rencheng.adapters.risk.formats.pelicun import (
    Sample,
    demand_of,
    demand_table,
    read_sample,
    state_shares,
    write_sample,
)
from rencheng.domain.errors import InvalidInputError
from risk_kit import event_set

# As pelicun's own files look: an unnamed first column, rows counted as floats.
DEMAND = ",1-PGA-1-1,1-PID-1-1,1-SA_0.3-0-1\nUnits,mps2,rad,g\n0.0e+00,6.85,0.01,1.5\n1.0e+00,,,2\n"
DAMAGE = "id,B.10.31.001-1-1-0-0,B.10.31.001-1-1-0-1,C.20.11.001a-1-0-1-0\n0,3,1,0\n1,1,3,0\n"


def written(folder: Path, text: str) -> Path:
    (folder / "sample.csv").write_text(text)
    return folder / "sample.csv"


def test_samples_go_round(tmp_path: Path) -> None:
    one = read_sample(written(tmp_path, DEMAND))
    assert one.labels[2] == ("1", "SA_0.3", "0", "1")
    assert one.units == ("mps2", "rad", "g")
    assert one.index == ("0", "1")
    write_sample(one, tmp_path / "again.csv")
    two = read_sample(tmp_path / "again.csv")
    np.testing.assert_array_equal(one.values, two.values)
    assert (one.labels, one.units, one.index) == (two.labels, two.units, two.index)


def test_columns_that_are_no_quantity_are_kept_as_they_are(tmp_path: Path) -> None:
    text = "%eval_id,interface,1-PGA-0-1,eventID\n1,NO_ID,0.5,RSN1447x00000\n"
    one = read_sample(written(tmp_path, text))
    assert one.notes == {"interface": ("NO_ID",), "eventID": ("RSN1447x00000",)}
    write_sample(one, tmp_path / "again.csv")
    two = read_sample(tmp_path / "again.csv")
    assert (two.notes, two.values.tolist()) == (one.notes, [[0.5]])


def test_a_demand_is_an_event_set_and_back(tmp_path: Path) -> None:
    sample = read_sample(written(tmp_path, DEMAND))
    table, unit = demand_table(sample, lon=1.0, lat=2.0, measure="PGA")
    assert unit == "m/s2"
    events = risk.event_table(table, measure="PGA", unit=unit)
    again = demand_of(events.source, 0)
    assert again.labels == (("1", "PGA", "0", "1"),)
    np.testing.assert_allclose(again.values[:, 0], sample.values[:, 0], rtol=1e-6)
    assert demand_table(sample, lon=1, lat=2, measure="SA(0.3)")[1] == "g"


def test_a_point_that_an_event_misses_has_no_demand() -> None:
    sample = demand_of(event_set([{0: 1.0}, {1: 2.0}], 2), 1)
    assert sample.values[:, 0].tolist() == [0.0, 2.0]
    assert sample.labels[0][1] == "PIH"


def test_damage_gives_the_share_of_each_state(tmp_path: Path) -> None:
    names, shares = state_shares(read_sample(written(tmp_path, DAMAGE)))
    assert names == ("B.10.31.001", "C.20.11.001a")
    assert shares[0].tolist() == [0.5, 0.5]
    assert np.isnan(shares[1]).all()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("id\n0\n", "columns"),
        (",1-PGA-0-1,1-PGA-0-1\n0,1,2\n", "double_column"),
        (",1-PGA-0-1\n0,1,2\n", "ragged"),
        (",1-PGA-0-1\n0,strong\n", "cells"),
    ],
)
def test_a_table_with_faults_is_refused(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        read_sample(written(tmp_path, text))
    assert [f.key for f in error.value.faults] == [f"risk.{key}"]


def test_a_demand_needs_its_measure_and_unit(tmp_path: Path) -> None:
    sample = read_sample(written(tmp_path, DEMAND))
    bare = Sample(labels=(("1", "PGA", "0", "1"),), units=("",), index=(), values=np.zeros((0, 1)))
    for one, measure, unit, key in (
        (sample, "PGV", "", "field"), (sample, "PGA", "g", "unit"), (bare, "PGA", "", "unit"),
    ):  # fmt: skip
        with pytest.raises(InvalidInputError) as error:
            demand_table(one, lon=0, lat=0, measure=measure, unit=unit)
        assert [f.key for f in error.value.faults] == [f"risk.{key}"]
    with pytest.raises(InvalidInputError):
        state_shares(sample)
    odd = event_set([{0: 1.0}], 1)
    from dataclasses import replace

    with pytest.raises(InvalidInputError):
        demand_of(replace(odd, head=replace(odd.head, measure="reach", unit="1")), 0)
