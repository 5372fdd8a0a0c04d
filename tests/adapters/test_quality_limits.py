"""The shipped limits of quality control, and files that are wrong."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from ops_kit import GAUGE
from rencheng.adapters.quality_limits import load_quality_limits
from rencheng.domain.errors import CorruptDataError, InvalidInputError
from rencheng.domain.observation import Quantity

HEAD = 'schema = "rencheng/quality/1"\nversion = "x"\n'


def test_every_quantity_of_the_house_has_limits() -> None:
    assert set(load_quality_limits().by_quantity) == set(Quantity)


def test_no_shipped_limit_takes_the_event_itself_for_a_fault() -> None:
    shaking, sea, pressure = (
        load_quality_limits().by_quantity[one]
        for one in (Quantity.PEAK_ACCELERATION, Quantity.WATER_LEVEL, Quantity.WATER_PRESSURE)
    )
    assert shaking.spike_up == sea.spike_up == sea.spike_down == sea.near_abs == inf
    assert pressure.spike_down == pressure.drift_down == inf


def test_a_streams_own_table_replaces_that_of_its_quantity(tmp_path: Path) -> None:
    months = [float(n) for n in range(12)]
    file = tmp_path / "quality.toml"
    file.write_text(
        f'{HEAD}[[limits]]\nquantity = "water_level"\nspike_up = 2\nlag_s = 9.0\n'
        f'[[limits]]\nstream = "tide"\nhigh_by_month = {months}\n'
    )
    limits = load_quality_limits(file)
    assert limits.of(GAUGE).high_by_month == tuple(months) and limits.of(GAUGE).lag_s == inf
    assert limits.of(replace(GAUGE, id="other")).spike_up == 2


@pytest.mark.parametrize(
    "body",
    [
        'quantity = "humour"',
        'quantity = "rain"\nstream = "r"',
        "lag_s = 3.0",
        'quantity = "rain"\nlag_s = -1.0',
        'quantity = "rain"\nlag = 1.0',
        'quantity = "rain"\nis_whole = 1',
        'quantity = "rain"\nlow_by_month = [1.0]',
    ],
)
def test_a_wrong_table_is_named(tmp_path: Path, body: str) -> None:
    file = tmp_path / "quality.toml"
    file.write_text(f"{HEAD}[[limits]]\nquantity = 'rain'\n[[limits]]\n{body}\n")
    with pytest.raises(InvalidInputError) as error:
        load_quality_limits(file)
    assert str(error.value.params["first"]).startswith("2 (")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "quality.toml"
    file.write_text('schema = "other"')
    with pytest.raises(CorruptDataError):
        load_quality_limits(file)
