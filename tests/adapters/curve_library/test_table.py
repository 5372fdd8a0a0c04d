"""Tables of curves: what is written is read again, and every fault has its line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curve_kit import fragility, tabulated, vulnerability
from rencheng.adapters.curve_library.table import read_table, same, write_table
from rencheng.domain.curve import Beyond, Curve
from rencheng.domain.errors import InvalidInputError

HEAD = """schema = "rencheng/curves/1"
kind = "vulnerability"
hazard = "flood"
component = "whole"
intensity = "water_depth"
unit = "m"
region = "here"
source = "our survey"
licence = "own"
status = "assumption"
version = "1"
"""
GOOD = """
[[curve]]
id = "house"
asset = "house"
x = [0, 1]
mean = [0, 0.5]
"""


def refused(file: Path) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        read_table(file)
    return caught.value


def table(folder: Path, text: str) -> Path:
    file = folder / "mine.toml"
    file.write_text(HEAD + text, encoding="utf-8")
    return file


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9), st.floats(0.01, 9), st.text(max_size=9))
def test_what_is_written_is_read_again_to_the_last_bit(
    tmp_path: Path, shares: list[float], scale: float, note: str
) -> None:
    x = np.arange(len(shares)) * scale
    loss = vulnerability(x=x, mean=sorted(shares), sd=None, high=x[-1], id="loss")
    note = "".join(c for c in note if c.isprintable()).strip()
    given = [
        loss,
        fragility(id="f", median=[scale, scale], note=note, collapse=0.13, low=0.01),
        tabulated(id="t", above=Beyond.UNKNOWN, high=1.5),
        vulnerability(id="s", name="含义, \"quoted\" | 'x'"),
    ]
    write_table(tmp_path / "t.toml", given)
    back = read_table(tmp_path / "t.toml")
    assert [c.id for c in back] == [c.id for c in given]
    assert all(map(same, given, back))


def test_a_curve_takes_the_header_and_its_knots_as_range(tmp_path: Path) -> None:
    (curve,) = read_table(table(tmp_path, GOOD))
    assert (curve.region, curve.low, curve.high, curve.sd) == ("here", 0.0, 1.0, None)
    assert curve.value(0.5) == 0.25


def test_all_faults_of_a_file_come_at_once_with_line_and_count(tmp_path: Path) -> None:
    more = GOOD.replace('"house"', '"b"', 1).replace("0.5", "50")
    again = GOOD.replace('"house"', '"c"', 1).replace("0.5", "70").replace("[0, 1]", "[1, 0]")
    odd = GOOD.replace('"house"', '"d"', 1) + 'status = "sure"\nbelow = "none"\nunit = "g"\n'
    error = refused(table(tmp_path, GOOD + more + again + odd + GOOD))
    said = {(f.where, f.key, f.count) for f in error.faults}
    assert said == {
        ("mine.toml:19 b.mean", "curve.share", 2),
        ("mine.toml:25 c.x", "curve.order", 1),
        ("mine.toml:31 d.unit", "curve.unit", 1),
        ("mine.toml:31 d.below", "curve.choice", 1),
        ("mine.toml:31 d.status", "curve.choice", 1),
        ("mine.toml:40 house.id", "curve.double", 1),
    }
    assert error.params["count"] == 7


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "curve.no_curves"),
        (GOOD.replace("mean =", "means ="), "curve.field"),
        (GOOD.replace("[0, 1]", '"0 one"'), "curve.value"),
        (GOOD.replace('asset = "house"', "asset = 7"), "curve.value"),
        ('rows = "absent.csv"\n', "curve.rows"),
        ('rows = "../mine.csv"\n', "curve.rows"),
        (GOOD.replace('id = "house"', ""), "curve.blank"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, text: str, key: str) -> None:
    assert key in {fault.key for fault in refused(table(tmp_path, text)).faults}


def test_rows_beside_the_table_name_their_line(tmp_path: Path) -> None:
    rows = "id,asset,x,mean,colour\na,a,0 1,0 0.5,red\nb,b,0 1,0 5,red\nc,c,0 1\n"
    (tmp_path / "mine.csv").write_text(rows, encoding="utf-8")
    said = {f.where for f in refused(table(tmp_path, 'rows = "mine.csv"\n')).faults}
    assert said == {"mine.csv:1 columns", "mine.csv:3 b.mean", "mine.csv:4 row"}


@pytest.mark.parametrize("text", ["not toml [", 'schema = "other/1"'])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.toml"
    file.write_text(text, encoding="utf-8")
    assert "x.toml" in str(refused(file))


def test_a_curve_differs_from_one_with_another_number() -> None:
    one: Curve = fragility()
    assert same(one, fragility())
    assert not same(one, fragility(median=[0.2, np.nextafter(0.4, 1)]))
