"""Studies of uncertainty: read, or refused with every fault; run on tables."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rencheng import risk
from rencheng.adapters.risk.study.faults import SAID, has_beta
from rencheng.adapters.words import catalogue
from rencheng.domain.errors import InvalidInputError, TooMuchError
from rencheng.domain.risk_uncertainty import (
    CurveChoice,
    CurveFactor,
    CurveQuantile,
    Ensemble,
    Family,
    IntensityFactor,
    LossFactor,
    MissingShare,
    RateFactor,
    Study,
    UncertainInput,
    ValueFactor,
)
from risk_kit import ramp

GOOD = """
schema = "rencheng/risk-study/1"
samples = 200
seed = 3
return_periods = [20, 50.5]
input = [
  {name = "worth", kind = "value", classes = ["wood"], median = 1.1, common = 0.2, own = 0.3},
  {name = "gaps", kind = "missing", high = 0.1},
  {name = "which", kind = "choice", of = "wood", curves = ["wood", "other"], weights = [0.5, 0.5]},
  {name = "capacity", kind = "curve", common = 0.1, own = 0.1},
  {name = "ratio", kind = "quantile", classes = ["wood"], correlation = 0.4},
  {name = "depth", kind = "intensity", common = 0.1, between = 0.2, within = 0.3},
  {name = "set", kind = "ensemble", members = ["a", "b"], weights = [0.3, 0.7]},
  {name = "often", kind = "rate", cv = 0.5, family = "lognormal"},
  {name = "model", kind = "loss", common = 0.2},
]
"""
CURVES = {
    "wood": ramp([0.0, 1.0, 3.0], [0.0, 0.4, 0.8], [0.0, 0.2, 0.1]),
    "other": ramp([0.0, 2.0], [0.0, 0.9], [0.0, 0.2], id="other"),
}
FLOODS = {
    "event": ["e1", "e1", "e2"], "rate": [0.1, 0.1, 0.02], "lon": [0.0, 0.01, 0.0],
    "lat": [0.0, 0.0, 0.0], "intensity": [0.5, 1.0, 2.0],
}  # fmt: skip
ASSETS: dict[str, Any] = {
    "id": ["a", "b", "c"], "lon": [0.0, 0.01, 5.0], "lat": [0.0, 0.0, 0.0],
    "value": [1000.0, 500.0, 1.0], "curve": ["wood", "wood", "wood"], "group": ["n", "s", "s"],
}  # fmt: skip


def events() -> risk.Pointwise:
    return risk.event_table(FLOODS, measure="water_depth", unit="m", reach_m=100.0)


def keys(inputs: tuple[UncertainInput, ...], **other: Any) -> list[tuple[str, str]]:
    study = replace(Study(inputs=inputs), **other)
    with pytest.raises(InvalidInputError) as error:
        risk.study(ASSETS, events(), CURVES, study, currency="CNY", year=2024)
    return [(f.key.removeprefix("risk_uncertainty."), f.where) for f in error.value.faults]


def test_a_file_says_every_kind_of_input(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(GOOD, encoding="utf-8")
    file = risk.study_file(tmp_path / "study.toml")
    assert file.faults == () and file.alternatives == ("wood", "other")
    assert file.study == Study(
        samples=200, seed=3, return_periods=(20.0, 50.5),
        inputs=(
            ValueFactor(name="worth", classes=("wood",), median=1.1, common=0.2, own=0.3),
            MissingShare(name="gaps", high=0.1),
            CurveChoice(name="which", of="wood", curves=("wood", "other"), weights=(0.5, 0.5)),
            CurveFactor(name="capacity", common=0.1, own=0.1),
            CurveQuantile(name="ratio", classes=("wood",), correlation=0.4),
            IntensityFactor(name="depth", common=0.1, between=0.2, within=0.3),
            Ensemble(name="set", members=("a", "b"), weights=(0.3, 0.7)),
            RateFactor(name="often", cv=0.5, family=Family.LOGNORMAL),
            LossFactor(name="model", common=0.2),
        ),
    )  # fmt: skip
    sets = {"a": events(), "b": events()}
    result = risk.study(ASSETS, sets, CURVES, file, currency="CNY", year=2024)
    assert result.known_aal.size == 200 and np.isfinite(result.known_aal).all()
    assert {f.key for f in result.faults} == {"risk.outside"}


def test_every_fault_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(
        """
        schema = "other"
        samples = "many"
        smaples = 3
        input = [
          {name = "a", kind = "worth"},
          {name = "b", kind = "value", comon = 0.2},
          {name = "c", kind = "rate"},
          {name = "d", kind = "value", common = "wide"},
          {name = "e", kind = "rate", cv = 0.1, family = "beta"},
          {name = "f", kind = "value", common = -0.2},
          {name = "g", kind = "choice", of = "wood", curves = ["wood", "gone"], weights = [1, 1]},
        ]
        """,
        encoding="utf-8",
    )
    file = risk.study_file(tmp_path / "bad.toml")
    with pytest.raises(InvalidInputError) as error:
        risk.study(ASSETS, events(), CURVES, file, currency="CNY", year=2024)
    found = [f.key.removeprefix("risk_uncertainty.") for f in error.value.faults]
    assert found == [
        "schema", "kind", "key", "missing", "type", "family", "type", "key", "range", "weights",
        "curve",
    ]  # fmt: skip


def test_a_name_that_is_nearly_right_is_told_with_the_right_one(tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    rows = [
        {"name": "a", "kind": "valu"},
        {"name": "b", "kind": "value", "comon": 0.2},
        {"name": "c", "kind": "value", "classes": ["wod"]},
        {"name": "d", "kind": "value", "classes": ["other"], "common": 0.1},
        {"name": "e", "kind": "rate", "cv": 0.1, "family": "normal"},
    ]
    file.write_text(json.dumps({"schema": "rencheng/risk-study/1", "input": rows}), "utf-8")
    with pytest.raises(InvalidInputError) as error:
        risk.study(ASSETS, events(), CURVES, risk.study_file(file), currency="CNY", year=2024)
    said = [(f.where, f.key.removeprefix("risk_uncertainty."), f.first) for f in error.value.faults]
    assert said == [
        ("input[1] a", "kind", ("valu → value?",)),
        ("input[2] b", "key", ("comon → common?",)),
        ("input[5] e", "family", ("family = normal",)),
        ("input c", "curve", ("wod → wood?",)),
        ("input d", "unused", ("other",)),
    ]


def test_a_study_in_json_is_the_one_in_toml(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD, encoding="utf-8")
    table = tomllib.loads(GOOD)
    (tmp_path / "a.json").write_text(json.dumps(table), encoding="utf-8")
    assert risk.study_file(tmp_path / "a.json") == risk.study_file(tmp_path / "a.toml")
    for text in ("{", "[1]", '"x"', "{} x"):
        (tmp_path / "a.json").write_text(text, encoding="utf-8")
        with pytest.raises(InvalidInputError) as error:
            risk.study_file(tmp_path / "a.json")
        assert error.value.key == "risk_uncertainty.json"


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("input = [", encoding="utf-8")
    with pytest.raises(InvalidInputError) as error:
        risk.study_file(tmp_path / "bad.toml")
    assert error.value.key == "files.toml"


@pytest.mark.parametrize(
    ("one", "key"),
    [
        (ValueFactor(name="x", common=20.0), "range"),
        (ValueFactor(name="x", median=0.0), "range"),
        (ValueFactor(name="x", common=float("nan")), "range"),
        (MissingShare(name="x", low=0.3, high=0.2), "range"),
        (MissingShare(name="x", high=1.0), "range"),
        (CurveQuantile(name="x", correlation=1.5), "range"),
        (RateFactor(name="x", cv=-0.1), "range"),
        (ValueFactor(name="x", classes=("brick",)), "curve"),
        (CurveChoice(name="x", of="wood", curves=("wood",), weights=(0.5, 0.5)), "weights"),
        (CurveChoice(name="x", of="wood", curves=("wood", "other"), weights=(2, -1)), "weights"),
        (CurveChoice(name="x", of="wood", curves=("wood", "wood"), weights=(0.5, 0.5)), "weights"),
        (CurveChoice(name="x", of="wood", curves=(), weights=()), "weights"),
        (Ensemble(name="x", members=("a",), weights=(1.0,)), "members"),
        (LossFactor(name=" "), "name"),
    ],
)
def test_each_fault_is_told_where_it_is(one: UncertainInput, key: str) -> None:
    assert key in [found for found, _ in keys((one,))]


def test_what_two_inputs_decide_is_refused() -> None:
    choice = CurveChoice(name="x", of="wood", curves=("wood",), weights=(1.0,))
    both = (choice, replace(choice, name="y"), CurveQuantile(name="p"), CurveQuantile(name="q"))
    assert keys(both) == [("twice", "choice"), ("twice", "quantile")]
    assert keys((LossFactor(name="x"), LossFactor(name="x"))) == [("name", "input.name")]


def test_quantiles_need_a_deviation_that_a_beta_can_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CURVES, "bare", ramp([0.0, 1.0], [0.0, 1.0], id="bare"))
    monkeypatch.setitem(CURVES, "wide", ramp([0.0, 1.0], [0.0, 0.5], [0.0, 0.5], id="wide"))
    assert keys((CurveQuantile(name="q"),)) == [("no_sd", "quantile"), ("no_beta", "quantile")]
    assert not has_beta(risk.curve("jrc.oceania.residential"))  # mean 0 with a deviation at 0 m
    assert has_beta(risk.curve("jrc.asia.residential"))


WRONG = ("[[1]]", "{ a = 1 }", "true", '"x"', "inf", "nan", "-1", "[]", "99999999999999999999999")


@pytest.mark.parametrize("value", WRONG)
def test_a_value_of_any_type_is_read_or_is_a_fault(value: str, tmp_path: Path) -> None:
    file, lines = tmp_path / "study.toml", GOOD.splitlines()
    places = [k for k, line in enumerate(lines) if " = " in line]
    assert places
    for k in places:
        name = lines[k].split(" = ")[0]
        changed = [*lines[:k], f"{name} = {value}", *lines[k + 1 :]]
        file.write_text("\n".join(changed), encoding="utf-8")
        sets = {"a": events(), "b": events()}
        try:
            read = risk.study_file(file)
            if read.study.samples < 1e4:
                risk.study(ASSETS, sets, CURVES, read, currency="CNY", year=2024)
        except InvalidInputError as error:
            assert error.faults or error.key == "files.toml"


def test_samples_beyond_the_memory_are_refused_before_they_are_drawn() -> None:
    many = Study(inputs=(), samples=100_000_000_000)
    with pytest.raises(TooMuchError, match="needs 4,000,000 MB"):
        risk.study(ASSETS, events(), CURVES, many, currency="CNY", year=2024)


@pytest.mark.parametrize("seed", [-1, 2**63, 2**64 + 1])
def test_a_seed_that_would_stand_for_another_is_refused(seed: int) -> None:
    assert keys((), seed=seed) == [("range", "study")]
    plan = risk.Sampling(seed=seed)
    with pytest.raises(InvalidInputError, match="seed"):
        risk.sample_shares(np.array([[0.5, 0.5]]), ["a"], ["none", "some"], plan)


def test_the_largest_seed_draws() -> None:
    study = Study(
        inputs=(LossFactor(name="x", common=0.1), RateFactor(name="y", cv=0.1)),
        samples=5,
        seed=2**63 - 1,
    )
    found = risk.study(ASSETS, events(), CURVES, study, currency="CNY", year=2024)
    assert np.isfinite(found.known_aal).all()
    indices = risk.sobol(ASSETS, events(), CURVES, study, currency="CNY", year=2024, base=16)
    assert indices.runs > 0


def test_samples_and_periods_must_be_some() -> None:
    assert keys((), samples=0, return_periods=(0.0,)) == [("range", "study")]


def test_groups_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="groups"):
        risk.study(
            ASSETS, events(), CURVES, Study(inputs=()), currency="CNY", year=2024,
            asked=risk.Asked(groups=["n"]),
        )  # fmt: skip


def test_every_fault_has_words() -> None:
    kinds = ("problem", "hint")
    wanted = {f"fault.risk_uncertainty.{key}.{part}" for key in SAID for part in kinds}
    assert wanted - catalogue().keys() == set()


def test_files_hold_what_the_result_says(tmp_path: Path) -> None:
    inputs = (ValueFactor(name="worth", common=0.3, own=0.2), RateFactor(name="often", cv=0.2))
    study = Study(inputs=inputs, samples=50, return_periods=(15.0,))
    result = risk.study(ASSETS, events(), CURVES, study, currency="CNY", year=2024)
    indices = risk.sobol(ASSETS, events(), CURVES, study, currency="CNY", year=2024, base=64)
    risk.write_study(result, ASSETS["id"], tmp_path, indices)
    said = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert said["aal"]["p50"] == np.quantile(result.aal, 0.5)
    assert said["sobol"]["runs"] == 64 * 4 and len(said["sobol"]["indices"]) >= 2
    assert set(said["ranking"]["kendall_tau"]) == {"p05", "p25", "p50", "p75", "p95"}
    tables = risk.study_tables(result, ASSETS["id"])
    for name, columns in tables.items():
        lines = (tmp_path / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        assert lines[0].split(",") == list(columns)
        assert len(lines) == 1 + len(next(iter(columns.values())))


def test_a_partial_result_says_known() -> None:
    unknown = {**FLOODS, "intensity": [0.5, float("nan"), 2.0]}
    flood = risk.event_table(unknown, measure="water_depth", unit="m", reach_m=100.0)
    result = risk.study(ASSETS, flood, CURVES, Study(inputs=(), samples=3), currency="C", year=2024)
    assert "known_aal" in risk.study_summary(result) and "aal" not in risk.study_summary(result)
    assert risk.study_tables(result, ASSETS["id"])["assets"]["unknown_events"].tolist() == [0, 1, 0]
