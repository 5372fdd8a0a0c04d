"""Sobol indices: the Ishigami function, and a portfolio whose indices are known in closed form."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from rencheng.adapters.risk.events.table import Pointwise
from rencheng.adapters.risk.study.files import Prepared, prepare
from rencheng.adapters.risk.study.sensitivity import sobol_indices
from rencheng.domain.errors import InvalidInputError, SourceUnavailableError
from rencheng.domain.risk_uncertainty import (
    Design,
    LossFactor,
    RateFactor,
    Study,
    UncertainInput,
    ValueFactor,
)
from rencheng.model.risk.uncertain.memory import Carry
from rencheng.model.risk.uncertain.study import Asked
from risk_kit import event_set, ramp

pytest.importorskip("SALib", reason="the extra `sensitivity` is not installed")


def ishigami(u: np.ndarray) -> dict[str, np.ndarray]:
    """With a = 7, b = 0.1 on [-pi, pi]."""
    x = -np.pi + 2.0 * np.pi * u
    return {
        "y": np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    }


def test_ishigami_has_its_analytic_indices() -> None:
    found = sobol_indices(ishigami, "abc", base=4096, seed=1, with_second=True)
    a, b, pi = 7.0, 0.1, np.pi
    whole = a**2 / 8 + b * pi**4 / 5 + b**2 * pi**8 / 18 + 0.5
    one, two = 0.5 * (1 + b * pi**4 / 5) ** 2 / whole, a**2 / 8 / whole
    both = b**2 * pi**8 * (1 / 18 - 1 / 50) / whole
    np.testing.assert_allclose(found.first[0], [one, two, 0.0], atol=0.02)
    np.testing.assert_allclose(found.total[0], [one + both, two, both], atol=0.02)
    assert found.second is not None
    assert found.second[0, 0, 2] == pytest.approx(both, abs=0.03)
    assert found.runs == 4096 * 8


def city(inputs: tuple[UncertainInput, ...]) -> Prepared:
    events = Pointwise(source=event_set([{0: 1.0}, {1: 1.0}], 2, [0.1, 0.1]), reach_m=1.0)
    assets = {"id": ["a", "b"], "lon": [0.0, 0.01], "lat": [0.0, 0.0], "value": [300.0, 700.0],
              "curve": ["wood", "brick"]}  # fmt: skip
    curve = ramp([0.0, 1.0], [0.0, 1.0])
    return prepare(
        assets, events, {"wood": curve, "brick": curve}, Study(inputs=inputs), currency="CNY",
        year=2024, asked=Asked(carry=Carry(events=False, assets=False)),
    )  # fmt: skip


def test_a_sum_of_two_classes_splits_as_their_variances() -> None:
    inputs = (ValueFactor(name="wood", classes=("wood",), common=0.3),
              ValueFactor(name="brick", classes=("brick",), common=0.1))  # fmt: skip
    job = city(inputs)

    def model(u: np.ndarray) -> dict[str, np.ndarray]:
        design = Design(names=("wood", "brick"), uniform=u, origin="")
        return {"aal": job.impact(design).aal}

    found = sobol_indices(model, ("wood", "brick"), base=2048, seed=3)
    part = [w**2 * np.exp(s**2) * np.expm1(s**2) for w, s in ((300.0, 0.3), (700.0, 0.1))]
    share = np.array(part) / sum(part)
    np.testing.assert_allclose(found.first[0], share, atol=0.02)
    np.testing.assert_allclose(found.total[0], share, atol=0.02)


def test_a_product_has_interactions_as_its_closed_form_says() -> None:
    inputs = (LossFactor(name="model", common=0.8), RateFactor(name="rate", cv=0.9))
    job = city(inputs)

    def model(u: np.ndarray) -> dict[str, np.ndarray]:
        return {"aal": job.impact(Design(names=("model", "rate"), uniform=u, origin="")).aal}

    found = sobol_indices(model, ("model", "rate"), base=4096, seed=3)
    v = np.array([np.expm1(0.8**2), 0.9**2])  # squared coefficients of variation
    whole = np.prod(1.0 + v) - 1.0
    np.testing.assert_allclose(found.first[0], v / whole, atol=0.05)
    np.testing.assert_allclose(found.total[0], v * (1.0 + v[::-1]) / whole, atol=0.06)


def test_own_parts_of_assets_count_to_their_input() -> None:
    inputs = (ValueFactor(name="own", own=0.3), LossFactor(name="idle", common=0.0))
    job = city(inputs)
    found = sobol_indices(
        lambda u: {"aal": job.impact(Design(names=("own", "idle"), uniform=u, origin="")).aal},
        ("own", "idle"), base=512, seed=3,
    )  # fmt: skip
    np.testing.assert_allclose(found.first[0], [1.0, 0.0], atol=0.1)
    np.testing.assert_allclose(found.total[0], [1.0, 0.0], atol=0.1)


def test_an_output_that_does_not_vary_has_unknown_indices() -> None:
    found = sobol_indices(lambda u: {"y": np.ones(len(u))}, "ab", base=8)
    assert np.isnan(found.first).all() and np.isnan(found.total).all()


def test_an_unknown_output_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="unknown in some runs: y"):
        sobol_indices(lambda u: {"y": np.full(len(u), np.nan)}, "ab", base=8)


@pytest.mark.parametrize(("base", "names"), [(500, "ab"), (1, "ab"), (512, "a")])
def test_a_base_that_fits_no_sequence_is_refused(base: int, names: str) -> None:
    with pytest.raises(InvalidInputError, match="base sample"):
        sobol_indices(ishigami, names, base=base)


def test_without_salib_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "SALib.sample.sobol", None)
    with pytest.raises(SourceUnavailableError, match=r"rencheng\[sensitivity\]"):
        sobol_indices(ishigami, "abc", base=8)
