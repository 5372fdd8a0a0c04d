"""Files of measures: what is right is read, and all that is wrong is named at once."""

from __future__ import annotations

import tomllib
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rencheng.adapters.risk.measures.files import HINTS, meant, measure_file, read_measures
from rencheng.adapters.words import catalogue
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk_measures import EffectSpread, Estimate, MeasureKind
from rencheng.domain.risk_uncertainty import RateFactor

HEAD = """
schema = "rencheng/measures/1"
version = "1"
source = "made up for a test"
status = "assumption"
jurisdiction = "*"
valid_from = "2026-01-01"
currency = "CNY"
year = 2024
"""
WALL = """
[[measure]]
id = "wall"
name = "Wall"
kind = "barrier"
where = { zone = ["a", "b"], id = "1" }
lowers = 50
unit = "cm"
design_period = 100
cost = [1, 2, 4]
life = 30
source = "by hand"
status = "assumption"
"""
ASSETS = {"id": ["1", "2"], "zone": ["a", "c"], "value": [1, 1]}


def read(text: str) -> Any:
    return read_measures(tomllib.loads(text), "file")


def faults(text: str) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInputError) as error:
        read(text)
    return [(f.where.removeprefix("file, "), f.key.removeprefix("measures.")) for f in
            error.value.faults]  # fmt: skip


def test_a_measure_is_read_as_it_stands() -> None:
    found = read(HEAD + WALL)
    (wall,) = found.measures
    assert (found.currency, found.year) == ("CNY", 2024)
    assert wall.kind is MeasureKind.BARRIER
    assert wall.where == {"zone": ("a", "b"), "id": ("1",)}
    assert wall.cost == Estimate(low=1.0, best=2.0, high=4.0)
    assert wall.upkeep == Estimate(low=0.0, best=0.0, high=0.0)
    assert (wall.lowers, wall.unit, wall.design_period, wall.limit) == (50.0, "cm", 100.0, inf)


def test_all_that_is_wrong_is_named_at_once() -> None:
    text = (
        HEAD.replace('source = "made up for a test"\n', "").replace("2024", '"2024"')
        + WALL.replace("kind", "colour").replace("cost = [1, 2, 4]", "cost = [3, 2, 4]")
        + WALL.replace("life = 30", "life = 2.5").replace('unit = "cm"\n', "deductible = 1\n")
        + WALL.replace('"wall"', '"roof"').replace('"barrier"', '"retrofit"')
    )
    assert faults(text) == [
        ("source", "missing"), ("year", "number"),
        ("wall, kind", "choice"), ("wall, cost", "estimate"),
        ("wall, deductible", "unknown"), ("wall, unit", "missing"), ("wall, life", "number"),
        ("roof, lowers", "unknown"), ("roof, unit", "unknown"), ("roof, design_period", "unknown"),
        ("roof, curve, median_factor, ratio_factor", "nothing"),
        ("file", "double"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("cost = [1, 2, 4]", "cost = -1", ("wall, cost", "estimate")),
        ("cost = [1, 2, 4]", "cost = nan", ("wall, cost", "estimate")),
        ("cost = [1, 2, 4]", "cost = true", ("wall, cost", "estimate")),
        ("cost = [1, 2, 4]\n", "", ("wall, cost", "missing")),
        ("life = 30", "life = 0", ("wall, life", "number")),
        ("lowers = 50", "lowers = -1", ("wall, lowers", "number")),
        ('source = "by hand"', 'source = " "', ("wall, source", "text")),
        ('status = "assumption"\n', "", ("status", "choice")),  # the first: of the file
        ("where = {", 'excludes = ["wall"]\nwhere = {', ("wall, excludes", "other")),
        ("where = {", 'excludes = ["moat"]\nwhere = {', ("wall, excludes", "other")),
        ('where = { zone = ["a", "b"], id = "1" }', "where = 3", ("wall, where", "text")),
        ('zone = ["a", "b"]', "zone = []", ("wall, where, zone", "text")),
        ("rencheng/measures/1", "rencheng/measures/9", ("schema", "choice")),
    ],
)
def test_each_mistake_has_its_name(old: str, new: str, said: tuple[str, str]) -> None:
    assert old in HEAD + WALL
    assert said in faults((HEAD + WALL).replace(old, new, 1))


@pytest.mark.parametrize(
    ("kind", "own", "said"),
    [
        ("insurance", "deductible = 9\nlimit = 5", "number"),
        ("insurance", "deductible = inf", "number"),
        ("insurance", "deductible = 99999999999999999999999", "number"),
        ("barrier", "design_period = inf", "number"),
        ("warning", "ratio_factor = 0.5", "missing"),
        ("retrofit", "ratio_factor = 1.5", "number"),
        ("retrofit", "median_factor = 0.5", "number"),
        ("barrier", "", "nothing"),
        ("relocation", "ratio_factor = 0.5", "unknown"),
    ],
)
def test_each_kind_has_its_own_fields(kind: str, own: str, said: str) -> None:
    rest = 'id = "m"\nname = "m"\ncost = 1\nlife = 9\nsource = "x"\nstatus = "assumption"'
    text = f'{HEAD}\n[[measure]]\nkind = "{kind}"\n{rest}\n{own}\n'
    assert said in [key for _, key in faults(text)]


UNSURE = (
    HEAD
    + 'samples = 50\nseed = 7\n[[input]]\nname = "rate"\nkind = "rate"\ncv = 0.3\n'
    + WALL.replace("lowers = 50", "lowers = { median = 50, p05 = 30, p95 = 60 }").replace(
        "design_period = 100", "design_period = { median = 100, common = 0.2 }"
    )
)


def test_what_is_uncertain_is_read_as_it_stands() -> None:
    found = read(UNSURE)
    (wall,) = found.measures
    assert (wall.lowers, wall.design_period) == (50.0, 100.0)
    assert wall.effect["lowers"] == EffectSpread(median=50.0, p05=30.0, p95=60.0)
    edge = 100.0 * np.exp(0.2 * 1.6448536269514722)
    assert wall.effect["design_period"].p95 == pytest.approx(edge)
    assert (found.study.samples, found.study.seed) == (50, 7)
    assert found.study.inputs == (RateFactor(name="rate", cv=0.3),)
    assert read(HEAD + WALL).study is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("p05 = 30", "p05 = 55", ("wall, lowers", "spread")),
        ("p05 = 30", "p05 = 0", ("wall, lowers", "spread")),
        ("p05 = 30", "p06 = 30", ("wall, lowers, p06", "unknown")),
        ("p05 = 30, ", "", ("wall, lowers, p05", "missing")),
        ("common = 0.2", "common = 20", ("wall, design_period, common", "number")),
        ("median = 50", 'median = "a"', ("wall, lowers, median", "number")),
        ("samples = 50", "samples = 0", ("samples", "number")),
        ("seed = 7", "seed = -1", ("seed", "number")),
        ('kind = "rate"\ncv = 0.3', 'kind = "quantile"', ("input rate", "input")),
        ('kind = "rate"\ncv = 0.3', 'kind = "value"\nown = 0.3', ("input rate", "input")),
    ],
)
def test_each_mistake_of_what_is_uncertain_has_its_name(
    old: str, new: str, said: tuple[str, str]
) -> None:
    assert old in UNSURE
    assert said in faults(UNSURE.replace(old, new, 1))


def test_what_a_study_would_refuse_is_refused() -> None:
    with pytest.raises(InvalidInputError) as error:
        read(UNSURE.replace("cv = 0.3", 'cv = "x"'))
    assert [f.key for f in error.value.faults] == ["risk_uncertainty.type"]


def test_what_is_no_table_is_named(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text("measure = [[", encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"own\.toml"):
        measure_file(file)
    assert ("measure", "missing") in faults(HEAD)


def test_assets_are_meant_by_their_columns() -> None:
    (mask,) = meant(read(HEAD + WALL), ASSETS, ("whole",), ("house",), "water_depth")
    assert mask.tolist() == [True, False]


def test_numbers_in_columns_are_met_by_numbers() -> None:
    text = HEAD + WALL.replace('{ zone = ["a", "b"], id = "1" }', "{ storeys = [2, 3] }")
    for storeys in (["1", "3"], np.array([1, 3]), [1, 3]):
        (mask,) = meant(
            read(text), {**ASSETS, "storeys": storeys}, ("whole",), ("house",), "water_depth"
        )
        assert mask.tolist() == [False, True]


def test_measures_that_meet_nothing_are_refused_together() -> None:
    text = (
        HEAD
        + WALL.replace("zone", "district")
        + WALL.replace('"wall"', '"far"').replace('["a", "b"]', '["z"]').replace('"cm"', '"g"')
        + WALL.replace('"wall"', '"new"').replace("barrier", "retrofit").replace("lowers = 50", "")
        .replace('unit = "cm"', 'curve = "stilts"')
        .replace("design_period = 100", 'components = "x"')
    )  # fmt: skip
    with pytest.raises(InvalidInputError) as error:
        meant(read(text), ASSETS, ("whole",), ("house",), "water_depth")
    assert [f.key.removeprefix("measures.") for f in error.value.faults] == [
        "column", "nobody", "unit", "curve", "component",
    ]  # fmt: skip


def test_every_fault_speaks_both_languages() -> None:
    keys = {f"fault.measures.{k}.{part}" for k in HINTS for part in ("problem", "hint")}
    assert keys - catalogue().keys() == set()
