"""OpenQuake's vulnerability, fragility and consequences as the project's curves; or refused."""

from __future__ import annotations

from math import erf, log, sqrt
from pathlib import Path

import numpy as np
import pytest

from openquake_kit import FRAGILITY, HEAD, VULNERABILITY, files
from rencheng.adapters.risk.openquake.consequences import read_consequences
from rencheng.adapters.risk.openquake.curves import CurveModel, read_fragility, read_vulnerability
from rencheng.adapters.risk.openquake.faults import SAID
from rencheng.adapters.risk.openquake.writing import write_curves
from rencheng.adapters.words import catalogue
from rencheng.domain.errors import InvalidInputError


def vulnerability(folder: Path, text: str = VULNERABILITY) -> CurveModel:
    return read_vulnerability(files(folder, v_xml=text) / "v.xml")


def fragility(folder: Path, text: str = FRAGILITY) -> CurveModel:
    return read_fragility(files(folder, f_xml=text) / "f.xml")


def said(error: pytest.ExceptionInfo[InvalidInputError]) -> set[str]:
    return {fault.key.removeprefix("openquake.") for fault in error.value.faults}


def test_a_vulnerability_gives_nothing_below_and_holds_above(tmp_path: Path) -> None:
    brick = vulnerability(tmp_path).curves["brick"]
    np.testing.assert_allclose(brick.value([0.05, 0.2, 0.5, 9.0]), [0.0, 0.1, 0.4, 0.4])
    assert (brick.intensity, brick.unit, brick.component) == ("PGA", "g", "structure")


def test_a_mass_function_has_its_mean_and_spread(tmp_path: Path) -> None:
    wood = vulnerability(tmp_path).curves["wood"]
    assert wood.intensity == "SA(0.3)"
    np.testing.assert_allclose(wood.mean, [0.25, 0.5])
    np.testing.assert_allclose(wood.sd, [sqrt(0.25 * 0.75), 0.5])


def test_the_spread_is_mean_times_variation(tmp_path: Path) -> None:
    text = VULNERABILITY.replace("<covLRs>0 0 0", "<covLRs>0 0.5 0.25")
    np.testing.assert_allclose(vulnerability(tmp_path, text).curves["brick"].sd, [0, 0.1, 0.1])


def test_a_lognormal_of_mean_and_deviation(tmp_path: Path) -> None:
    wood = fragility(tmp_path).curves["wood"]
    beta = sqrt(log(1 + 0.25))
    median = 0.2 * np.exp(-(beta**2) / 2)
    want = 0.5 * (1 + erf(log(0.3 / median) / beta / sqrt(2)))
    np.testing.assert_allclose(wood.value(0.3)[0], want, rtol=1e-12)
    np.testing.assert_allclose(wood.value(0.01), wood.value(0.1))  # held below minIML
    np.testing.assert_allclose(wood.value(5.0), wood.value(2.0))


def test_probabilities_rise_from_the_limit_of_no_damage(tmp_path: Path) -> None:
    brick = fragility(tmp_path).curves["brick"]
    np.testing.assert_allclose(brick.value([0.04, 0.075, 0.1])[:, 0], [0.0, 0.1, 0.2])


def test_there_is_no_damage_at_the_limit_of_a_lognormal_there_and_back(tmp_path: Path) -> None:
    text = FRAGILITY.replace('minIML="0.1"', 'noDamageLimit="0.1"')
    assert text != FRAGILITY
    wood = fragility(tmp_path, text).curves["wood"]
    assert wood.value(0.1).tolist() == [0.0, 0.0]
    assert (wood.value(0.1000001) > 0.0).all()
    back = read_fragility(write_curves({"wood": wood}, tmp_path / "back.xml")).curves["wood"]
    assert back.low == wood.low


def test_without_a_limit_nobody_knows_what_lies_below(tmp_path: Path) -> None:
    brick = fragility(tmp_path, FRAGILITY.replace(' noDamageLimit="0.05"', "")).curves["brick"]
    assert np.isnan(brick.value(0.05)).all()


def test_a_milder_state_is_raised_to_the_worse_and_told(tmp_path: Path) -> None:
    crossing = FRAGILITY.replace('<poes ls="slight">0.2 1.0', '<poes ls="slight">0.0 0.0')
    found = fragility(tmp_path, crossing)
    np.testing.assert_allclose(found.curves["brick"].shares(0.5), [0.5, 0.0, 0.5])
    assert [fault.key for fault in found.faults] == ["openquake.order"]


@pytest.mark.parametrize(
    ("change", "to", "key"),
    [
        ("SA(0.30)", "JMA", "measure"),
        ("0.0 0.2 0.4", "0.0 0.2", "length"),
        ("0.0 0.2 0.4", "0.0 0.2 40", "curve"),
        ("0.0 0.2 0.4", "0.0 x 0.4", "number"),
        ('dist="PM"', 'dist="XX"', "dist"),
        ('id="wood"', 'id="brick"', "double"),
        ("vulnerabilityModel", "lossModel", "kind"),
    ],
)
def test_faulty_vulnerabilities_are_named(tmp_path: Path, change: str, to: str, key: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        vulnerability(tmp_path, VULNERABILITY.replace(change, to))
    assert key in said(error)


@pytest.mark.parametrize(
    ("change", "to", "key"),
    [
        ("slight heavy", "", "states"),
        ('ls="heavy" mean', 'ls="severe" mean', "states"),
        ("0.2 1.0", "0.2", "length"),
        ('stddev="0.1"', 'stddev="-0.1x"', "number"),
        ("0.2 1.0", "0.9 0.6", "curve"),
    ],
)
def test_faulty_fragilities_are_named(tmp_path: Path, change: str, to: str, key: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        fragility(tmp_path, FRAGILITY.replace(change, to))
    assert key in said(error)


def test_consequences_read_the_same_from_both_forms(tmp_path: Path) -> None:
    table = "risk_id,consequence,peril,slight,heavy\nbrick,losses,groundshaking,0.1,0.9\n"
    model = (
        HEAD
        + """<consequenceModel id="c"><limitStates>slight heavy</limitStates>
        <consequenceFunction id="brick" dist="LN"><params ls="slight" mean="0.1" stddev="0"/>
        <params ls="heavy" mean="0.9" stddev="0"/></consequenceFunction>
        </consequenceModel></nrml>"""
    )
    folder = files(tmp_path, c_csv=table, c_xml=model)
    one, other = (read_consequences([folder / name]) for name in ("c.csv", "c.xml"))
    assert one.states == other.states == ("slight", "heavy")
    assert one.share["losses"]["brick"].tolist() == other.share["losses"]["brick"].tolist()


def test_consequences_in_percent_are_refused(tmp_path: Path) -> None:
    table = "risk_id,consequence,slight\nbrick,losses,10\n"
    with pytest.raises(InvalidInputError) as error:
        read_consequences([files(tmp_path, c_csv=table) / "c.csv"])
    assert said(error) == {"ratio"}


def test_every_fault_is_worded_in_both_languages() -> None:
    words = catalogue()
    assert {f"fault.openquake.{key}.problem" for key in SAID} <= set(words)
