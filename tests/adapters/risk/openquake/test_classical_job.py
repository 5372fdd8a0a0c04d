"""Classical jobs of OpenQuake: by hand, with what is far away or not done said."""

from __future__ import annotations

from math import exp, log
from pathlib import Path

import numpy as np
import pytest

from rencheng import risk
from rencheng.cli import main
from rencheng.domain.errors import InvalidInputError

NRML = '<nrml xmlns="http://openquake.org/xmlns/nrml/0.5">{}</nrml>'
EXPOSURE = NRML.format(
    '<exposureModel id="e" category="buildings"><conversions><costTypes>'
    '<costType name="structural" type="aggregated" unit="USD"/></costTypes></conversions><assets>'
    '<asset id="near" taxonomy="W" number="3"><location lon="1" lat="1"/><costs>'
    '<cost type="structural" value="100"/></costs></asset>'
    '<asset id="far" taxonomy="W" number="1"><location lon="3" lat="1"/><costs>'
    '<cost type="structural" value="100"/></costs></asset></assets></exposureModel>'
)
STATES = NRML.format(
    '<fragilityModel id="f" assetCategory="building" lossCategory="structural">'
    "<limitStates>broken</limitStates>"
    '<fragilityFunction id="W" format="discrete"><imls imt="PGA">0.1 0.2</imls>'
    '<poes ls="broken">0.2 0.8</poes></fragilityFunction></fragilityModel>'
)
LOSS = NRML.format(
    '<vulnerabilityModel id="v" assetCategory="building" lossCategory="structural">'
    '<vulnerabilityFunction id="W" dist="LN"><imls imt="PGA">0.1 0.2</imls>'
    "<meanLRs>0.2 0.8</meanLRs><covLRs>0 0</covLRs></vulnerabilityFunction></vulnerabilityModel>"
)
JOB = """[general]
calculation_mode = {}
exposure_file = exposure.xml
structural_fragility_file = states.xml
structural_vulnerability_file = loss.xml
hazard_curves_csv = hazard.csv
investigation_time = 1
risk_investigation_time = 10
"""


@pytest.fixture
def job(tmp_path: Path) -> Path:
    for name, text in (("exposure.xml", EXPOSURE), ("states.xml", STATES), ("loss.xml", LOSS)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "hazard.csv").write_text(
        '# investigation_time=1.0, imt="PGA"\nlon,lat,poe-0.1,poe-0.2\n1,1,0.5,0.1\n',
        encoding="utf-8",
    )
    return tmp_path / "job.ini"


def test_states_by_hand(job: Path) -> None:
    job.write_text(JOB.format("classical_damage"), encoding="utf-8")
    got = risk.openquake(job)
    # Half of the fall of -ln(1 - poe) goes to each level: 0.2 + 0.8 of it break it.
    half = (log(2) + log(0.9)) / 2
    broken = 3 * (1 - exp(-10 * half))
    assert got.tables["assets"]["structural-broken"][0] == pytest.approx(broken)
    assert got.tables["assets"]["structural-no_damage"][0] == pytest.approx(3 - broken)


def test_losses_by_hand(job: Path) -> None:
    job.write_text(JOB.format("classical_risk"), encoding="utf-8")
    got = risk.openquake(job)
    # Certain shares 0.2 and 0.8 around 0.1 (0.05 to 0.15) and 0.2 (to 0.25), held beyond levels.
    nu = [-log(1 - p) for p in (0.5, 0.3, 0.1)]
    over = [1 - exp(-10 * (nu[0] - nu[2]))] * 2 + [1 - exp(-10 * (nu[1] - nu[2])), 0.0]
    over = [over[0], over[2], 0.0, 0.0]  # more than 0, 0.2, 0.8 and 1 of the value
    area = sum((a + b) / 2 * w for a, b, w in zip(over, over[1:], (0.2, 0.6, 0.2), strict=False))
    assert got.tables["assets"]["structural"][0] == pytest.approx(100 * area)
    assert got.tables["curves"]["chance"].tolist() == pytest.approx(over)


def test_an_asset_without_hazard_is_unknown_and_named(job: Path) -> None:
    job.write_text(JOB.format("classical_risk"), encoding="utf-8")
    got = risk.openquake(job)
    assert np.isnan(got.tables["assets"]["structural"][1])
    assert [(f.key, f.first) for f in got.faults] == [("openquake.outside", ("far",))]
    assert got.counts["left_out"] == 1


def test_a_retrofit_is_worth_its_saving_over_the_cost_in_the_exposure(job: Path) -> None:
    folder = job.parent
    better = LOSS.replace("0.2 0.8</meanLRs>", "0.1 0.4</meanLRs>")
    (folder / "better.xml").write_text(better, encoding="utf-8")
    dear = EXPOSURE.replace('value="100"', 'value="100" retrofitted="8"')
    (folder / "exposure.xml").write_text(dear, encoding="utf-8")
    options = "structural_vulnerability_retrofitted_file = better.xml\ninterest_rate = 0.05\n"
    text = JOB.format("classical_bcr") + options
    job.write_text(text + "asset_life_expectancy = 40\n", encoding="utf-8")
    near = {name: column[0] for name, column in risk.openquake(job).tables["assets"].items()}
    saved = near["structural-annual_loss_orig"] - near["structural-annual_loss_retro"]
    assert near["structural-annual_loss_orig"] > saved > 0
    assert near["structural-bcr"] == pytest.approx(saved * (1 - exp(-2)) / 0.05 / 8)
    job.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInputError, match="asset_life_expectancy"):
        risk.openquake(job)


def test_a_retrofit_without_a_cost_is_refused(job: Path) -> None:
    more = "structural_vulnerability_retrofitted_file = loss.xml\ninterest_rate = 0.05\n"
    text = JOB.format("classical_bcr") + more + "asset_life_expectancy = 40\n"
    job.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInputError, match="no cost of a retrofit"):
        risk.openquake(job)


MASSES = NRML.format(
    '<vulnerabilityModel id="v" assetCategory="building" lossCategory="structural">'
    '<vulnerabilityFunction id="W" dist="PM"><imls imt="PGA">0.1 0.2</imls>'
    '<probabilities lr="0">0.6 0.2</probabilities><probabilities lr="0.5">0.4 0.3</probabilities>'
    '<probabilities lr="1">0 0.5</probabilities></vulnerabilityFunction></vulnerabilityModel>'
)


def test_masses_are_taken_as_they_stand(job: Path) -> None:
    (job.parent / "loss.xml").write_text(MASSES, encoding="utf-8")
    job.write_text(JOB.format("classical_risk"), encoding="utf-8")
    got = risk.openquake(job)
    nu = [-log(1 - p) for p in (0.5, 0.3, 0.1)]
    milder, stronger = nu[0] - nu[1], nu[1] - nu[2]
    more_than = [0.4 * milder + 0.8 * stronger, 0.5 * stronger]  # than 0, and than 0.5
    chance = [1 - exp(-10 * one) for one in more_than]
    assert got.tables["assets"]["structural"][0] == pytest.approx(100 * sum(chance) / 2)
    assert got.tables["curves"]["chance"].tolist() == pytest.approx(
        [chance[0], chance[0], chance[1], chance[1], 0.0]
    )


def test_masses_that_do_not_sum_to_one_are_refused(job: Path) -> None:
    (job.parent / "loss.xml").write_text(MASSES.replace("0 0.5", "0 0.6"), encoding="utf-8")
    job.write_text(JOB.format("classical_risk"), encoding="utf-8")
    with pytest.raises(InvalidInputError, match="do not sum to 1: 0.2"):
        risk.openquake(job)


def test_a_job_that_is_not_done_here_says_so(job: Path) -> None:
    job.write_text(JOB.format("classical"), encoding="utf-8")
    with pytest.raises(InvalidInputError, match="calculations are not done here"):
        risk.openquake(job)
    job.write_text(
        JOB.format("classical_risk").replace("hazard_curves_csv", "nothing"), encoding="utf-8"
    )
    with pytest.raises(InvalidInputError, match="hazard_curves_csv"):
        risk.openquake(job)


def test_the_command_line_writes_its_tables(
    job: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job.write_text(JOB.format("classical_damage"), encoding="utf-8")
    main(["risk", "openquake", str(job), "--out", f"{tmp_path}/out", "--lang", "en"])
    text = (tmp_path / "out" / "assets.csv").read_text(encoding="utf-8")
    assert "structural-broken" in text.splitlines()[0]
    assert text.splitlines()[2].endswith(",,")
    assert "far" in capsys.readouterr().out
