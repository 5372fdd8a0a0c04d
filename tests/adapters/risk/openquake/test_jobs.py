"""Jobs of OpenQuake, computed by the engine: hand cases, and what is left out or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openquake_kit import ASSETS, FRAGILITY, INLINE, JOB, whole_job
from rencheng.adapters.risk.openquake.report import OpenQuakeReport, run_job, write_report
from rencheng.domain.errors import InvalidInputError

DAMAGE = JOB.replace("event_based_risk", "event_based_damage").replace(
    "structural_vulnerability_file = vulnerability.xml",
    "structural_fragility_file = fragility.xml\nconsequence_file = {'taxonomy': 'costs.csv'}",
)
COSTS = "risk_id,consequence,slight,heavy\nbrick,losses,0.1,0.5\nwood,losses,0.1,0.5\n"


def run(folder: Path, job: str = JOB, **other: str) -> OpenQuakeReport:
    return run_job(whole_job(folder, job_ini=job, **other))


def test_losses_by_hand(tmp_path: Path) -> None:
    # brick, worth 300, at 0.3 g loses 0.2 and at 0.5 g 0.4; wood, worth 100, at 0.5 g loses 0.5.
    found = run(tmp_path)
    np.testing.assert_allclose(found.tables["events"]["structural"], [60 + 50, 0, 120, 0])
    # 20 years of events, told for ten.
    np.testing.assert_allclose(found.tables["totals"]["amount"], [230 / 2])
    np.testing.assert_allclose(found.tables["assets"]["structural"], [90, 25])
    assert found.is_sampled_there  # wood's share scatters


def test_return_periods_follow_the_ranks_of_events(tmp_path: Path) -> None:
    curves = run(tmp_path, JOB + "return_periods = 10 20\n").tables["curves"]
    assert curves["return_period"].tolist() == [10, 20]
    np.testing.assert_allclose(curves["amount"], [110, 120])


def test_small_losses_of_assets_are_none(tmp_path: Path) -> None:
    found = run(tmp_path, JOB + "minimum_asset_loss = {'structural': 55}\n")
    np.testing.assert_allclose(found.tables["events"]["structural"], [60, 0, 120, 0])


def test_a_taxonomy_may_be_several_curves(tmp_path: Path) -> None:
    mapped = "taxonomy,risk_id,weight\nbrick,brick,0.25\nbrick,wood,0.75\nwood,wood,1\n"
    job = JOB + "taxonomy_mapping_csv = map.csv\n"
    found = run(tmp_path, job, map_csv=mapped).tables["assets"]["structural"]
    by_wood = 300 * 0.75 * (0.5 + 0.25)  # at 0.5 g and, in the other event, at 0.1 g of SA(0.3)
    np.testing.assert_allclose(found[0], (0.25 * 180 + by_wood) / 2, rtol=1e-6)


def test_insurers_pay_between_deductible_and_limit(tmp_path: Path) -> None:
    # Worth 100, deductible 10, limit 50, of each event: losses of 20 and 40.
    found = run(tmp_path, exposure_xml=INLINE).tables["events"]["structural_ins"]
    np.testing.assert_allclose(found, [10, 0, 30, 0], rtol=1e-6)


def test_damage_and_what_it_costs_by_hand(tmp_path: Path) -> None:
    events = run(tmp_path, DAMAGE, costs_csv=COSTS, assets_csv=_one(ASSETS)).tables["events"]
    # two brick buildings: at 0.3 g P[slight or worse] 0.6, P[heavy] 0.25; at 0.5 g 1.0 and 0.5
    np.testing.assert_allclose(events["structural-heavy"], [0.5, 0, 1, 0], rtol=1e-6)
    np.testing.assert_allclose(events["structural-slight"], [0.7, 0, 1, 0], rtol=1e-6)
    want = [300 * (0.35 * 0.1 + 0.25 * 0.5), 0, 300 * (0.5 * 0.1 + 0.5 * 0.5), 0]
    np.testing.assert_allclose(events["structural-losses"], want, rtol=1e-6)


def _one(assets: str) -> str:
    return "\n".join(assets.splitlines()[:2]) + "\n"


def test_who_is_out_of_reach_is_left_out_and_named(tmp_path: Path) -> None:
    far = ASSETS.replace("b,10.1,45.0", "b,12.0,45.0")
    found = run(tmp_path, assets_csv=far)
    assert (found.counts["assets"], found.counts["left_out"]) == (1, 1)
    assert [(f.key, f.first) for f in found.faults] == [("openquake.outside", ("b",))]


def test_an_unknown_intensity_is_an_unknown_loss(tmp_path: Path) -> None:
    gmf = "event_id,site_id,gmv_PGA,gmv_SA(0.3)\n0,0,,0.5\n1,0,0.3,0.5\n"
    found = run(tmp_path, gmf_csv=gmf, assets_csv=_one(ASSETS))
    np.testing.assert_allclose(found.tables["events"]["structural"], [np.nan, 60, 0, 0], rtol=1e-6)
    assert np.isnan(found.tables["totals"]["amount"]).all()


@pytest.mark.parametrize(
    ("change", "to", "said"),
    [
        ("event_based_risk", "classical", "mode"),
        ("calculation_mode = event_based_risk", "", "missing"),
        ("gmfs_csv = gmf.csv", "", "missing"),
        ("gmf.csv", "none.csv", "file"),
        ("structural_vulnerability_file", "occupants_vulnerability_file", ""),
        ("structural_vulnerability_file", "nonstructural_vulnerability_file", "loss_type"),
        ("sites_csv = sites.csv", "", "sites"),
        ("investigation_time = 10", "investigation_time = ten", "option"),
        ("investigation_time = 10", "investigation_time = 10\naggregate_by = town", "option"),
    ],
)
def test_faulty_jobs_are_named(tmp_path: Path, change: str, to: str, said: str) -> None:
    job = whole_job(tmp_path, job_ini=JOB.replace(change, to))
    if not said:
        assert run_job(job).tables["totals"]["what"].tolist() == ["occupants"]
        return
    with pytest.raises(InvalidInputError) as error:
        run_job(job)
    assert f"openquake.{said}" in {fault.key for fault in error.value.faults}


def test_an_asset_without_a_curve_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as error:
        run(tmp_path, assets_csv=ASSETS.replace("wood", "straw"))
    assert error.value.faults[0].first == ("b (straw)",)


def test_a_report_is_written_as_tables(tmp_path: Path) -> None:
    written = write_report(run(tmp_path), tmp_path / "out")
    names = [file.name for file in written]
    assert names[-1] == "summary.json" and {"events.csv", "totals.csv"} <= set(names)
    assert (tmp_path / "out" / "events.csv").read_text().startswith("event_id,structural\n0,110")


VOLCANO = """[general]
calculation_mode = multi_risk
exposure_file = exposure.xml
multi_peril_file = {"ASH": "ash.csv", "LAVA": "lava.csv"}
ash_wet_amplification_factor = 2
structural_fragility_file = fragility.xml
"""


def test_several_perils_strike_apart(tmp_path: Path) -> None:
    ring = '"POLYGON ((9.9 44.9, 10.05 44.9, 10.05 45.1, 9.9 45.1, 9.9 44.9))"'
    roofs = {"ash_csv": "lon,lat,intensity\n10.0,45.0,100\n", "lava_csv": f"geom\n{ring}\n"}
    ash = FRAGILITY.replace("PGA", "ASH").replace("0.1 0.5</imls>", "50 200</imls>")
    found = run(tmp_path, VOLCANO, fragility_xml=ash, **roofs).tables["assets"]
    np.testing.assert_allclose(found["structural_LAVA"], [300, 0])
    dry, wet = found["structural-heavy_ASH_DRY"][0], found["structural-heavy_ASH_WET"][0]
    np.testing.assert_allclose([dry, wet], [2 * 0.5 / 3, 2 * 0.5], rtol=1e-6)


@pytest.mark.parametrize(
    "line",
    [
        "return_periods = [0, 10]",
        "return_periods = [ten]",
        "minimum_asset_loss = {'structural': 'much'}",
        "minimum_asset_loss = {'structural'",
        "region = 9 44, 11 44",
        "region = 9 44, 11 44, x y",
        "asset_hazard_distance = inf",
        "number_of_logic_tree_samples = nan",
        "risk_investigation_time = 0",
        "taxonomy_mapping_csv = \0",
    ],
)
def test_options_that_mean_nothing_are_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        run(tmp_path, JOB + line + "\n")
    assert all(fault.key.startswith("openquake.") for fault in error.value.faults)


def test_no_buildings_have_no_consequences(tmp_path: Path) -> None:
    none = ASSETS.replace("brick,2,", "brick,0,")
    found = run(tmp_path, DAMAGE, costs_csv=COSTS, assets_csv=_one(none)).tables["events"]
    assert found["structural-losses"].tolist() == [0, 0, 0, 0]


def test_what_tags_come_to_adds_up_to_the_whole(tmp_path: Path) -> None:
    more = ASSETS + "c,10.0,45.0,brick,1,10,3,7,4,8,north\n"
    found = run(tmp_path, JOB + "aggregate_by = district, taxonomy\n", assets_csv=more)
    table = found.tables["by_tag"]
    keys = list(zip(table["district"], table["taxonomy"], strict=True))
    assert keys == [("?", "wood"), ("north", "brick")]
    np.testing.assert_allclose(table["amount"].sum(), found.tables["totals"]["amount"])
    curves = found.tables["curves"]
    wood = curves["taxonomy"] == "wood"  # losses of 50 and 0 in 20 years
    assert curves["return_period"][wood].tolist() == [5, 10, 20]
    np.testing.assert_allclose(curves["amount"][wood], [0, 0, 50], atol=1e-9)


def test_sites_are_named_as_their_file_names_them(tmp_path: Path) -> None:
    sites = "site_id,lon,lat\n1,10.1,45.0\n0,10.0,45.0\n"
    found = run(tmp_path, JOB + "aggregate_by = site_id\n", sites_csv=sites).tables["by_tag"]
    assert found["site_id"].tolist() == ["0", "1"]
    np.testing.assert_allclose(found["amount"], [90, 25])
