"""Fragility curves from their files."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr

from curve_kit import fragility, vulnerability
from rencheng.adapters.curve_library.datasets import manifest
from rencheng.adapters.curve_library.library import CurveLibrary
from rencheng.adapters.curve_library.table import write_table
from rencheng.adapters.curves import (
    KEPT,
    crossing,
    curves_in_use,
    disordered,
    make_table,
    read_curves,
)
from rencheng.domain.curve import Curve
from rencheng.domain.errors import CorruptDataError, SourceUnavailableError
from rencheng.domain.impact import FragilityTable

STATES = ("slight", "moderate", "extensive", "complete")
HEAD = (
    "ID,Incomplete,Demand-Type,Demand-Unit,"
    + ",".join(f"LS{k}-Family,LS{k}-Theta_0,LS{k}-Theta_1" for k in (1, 2, 3, 4))
    + ",LS4-DamageStateWeights\n"
)
W1 = "LF.W1.MC,0,Peak Ground Acceleration,g," + ",".join(
    f"lognormal,{m},0.4" for m in (0.24, 0.43, 0.91, 1.34)
)


def loops(**changes: object) -> Curve:
    """Return a curve that the loop can use."""
    own = {"id": "hazus.earthquake/LF.W1.MC", "states": STATES}
    own |= {"median": [0.24, 0.43, 0.91, 1.34], "beta": [0.4] * 4, "collapse": 0.03}
    return fragility(**{**own, **changes})


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the text of each data set by id, which the library reads in place of packages."""
    texts = {dataset.id: HEAD for dataset in manifest().dataset}
    monkeypatch.setattr(CurveLibrary, "text", lambda _, dataset: texts[dataset.id])
    return texts


def test_a_row_keeps_its_numbers_its_beta_and_its_collapse_share(
    packages: dict[str, str], tmp_path: Path
) -> None:
    packages["hazus.earthquake"] += W1 + ",0.97 | 0.03\n"
    table = read_curves(tmp_path)
    row = table.row("LF.W1.MC")
    assert table.median_g[row].tolist() == [0.24, 0.43, 0.91, 1.34]
    assert table.beta[row].tolist() == [0.4] * 4  # as stored: fields are sampled
    assert table.collapse[row] == 0.03
    assert "LF.W1.MC" in table.source[row]


def test_rows_for_drift_and_ground_failure_stay_behind(
    packages: dict[str, str], tmp_path: Path
) -> None:
    drift = W1.replace("LF.W1.MC", "STR.W1.MC").replace("Peak Ground Acceleration", "Drift")
    packages["hazus.earthquake"] += drift + ",\n"
    assert all(
        i.split(".")[0] in {"PWT", "PPP", "PWE", "PST", "TCF"} for i in read_curves(tmp_path).id
    )


def test_every_bad_row_is_named(packages: dict[str, str], tmp_path: Path) -> None:
    bad = W1.replace("0.43", "much") + ",\n" + W1.replace("lognormal,1.34", "normal,1.34") + ",\n"
    packages["hazus.earthquake"] += bad
    with pytest.raises(CorruptDataError) as caught:
        read_curves(tmp_path)
    assert [f.where.rpartition(":")[2] for f in caught.value.faults] == ["2 LF.W1.MC", "3 LF.W1.MC"]


def test_one_id_twice_is_refused() -> None:
    with pytest.raises(CorruptDataError, match=r"LF\.W1\.MC"):
        make_table([loops(), loops()])


def test_a_curve_that_the_loop_cannot_use_is_refused() -> None:
    for bad in (fragility(), vulnerability(), loops(intensity="PGD", unit="m")):
        with pytest.raises(CorruptDataError, match="curves"):
            make_table([bad])


def test_a_bridge_asks_for_one_second(packages: dict[str, str], tmp_path: Path) -> None:
    text = W1.replace("LF.W1.MC", "HWB.GS.5").replace(
        "Peak Ground Acceleration", "Spectral Acceleration|1.0"
    )
    packages["hazus.transport"] += text + ",\n"
    table = read_curves(tmp_path)
    assert table.intensity[table.row("HWB5")] == "SA1"
    assert np.isnan(table.collapse[table.row("HWB5")])


def test_an_offices_curve_goes_before_that_of_the_package(
    packages: dict[str, str], tmp_path: Path
) -> None:
    packages["hazus.earthquake"] += W1 + ",0.97 | 0.03\n"
    before = read_curves(tmp_path)
    (tmp_path / "curves").mkdir()
    write_table(tmp_path / "curves" / "here.toml", [loops(median=[2, 3, 4, 5], unit="m/s2")])
    table = read_curves(tmp_path)
    assert table.median_g[table.row("LF.W1.MC"), 0] == pytest.approx(2 / 9.80665)
    assert (len(table.id), table.version != before.version) == (len(before.id), True)


@pytest.mark.parametrize("is_table", [True, False])
def test_an_offices_faulty_curves_are_all_left_out_and_named(
    packages: dict[str, str], tmp_path: Path, is_table: bool
) -> None:
    packages["hazus.earthquake"] += W1 + ",0.97 | 0.03\n"
    before = read_curves(tmp_path)
    (tmp_path / "curves").mkdir()
    write_table(tmp_path / "curves" / "here.toml", [loops(median=[2, 3, 4, 5], unit="m/s2")])
    assert curves_in_use(tmp_path)[1] is None
    there = tmp_path / "curves" / "there.toml"
    if is_table:  # a curve, but none that the loop can use
        write_table(there, [loops(id="hazus.earthquake/LF.C1", low=0.05, high=2.0)])
    else:
        there.write_text("[[curve", encoding="utf-8")
    table, fault = curves_in_use(tmp_path)
    assert table.version == before.version
    assert fault is not None
    assert fault.faults


def half_at_median(table: FragilityTable) -> None:
    for k in range(4):
        z = np.log(table.median_g[:, k] / table.median_g[:, k]) / table.beta[:, k]
        assert ndtr(z) == pytest.approx(0.5)
    assert (table.median_g > 0).all() and (table.beta > 0).all()


def test_our_own_curves_are_ordered_and_say_how_far_they_were_checked() -> None:
    own = [c for c in CurveLibrary(Path("nowhere")).ours.values() if c.id.startswith(KEPT)]
    table = make_table(own)
    half_at_median(table)
    assert disordered(table) == ()
    assert {"PWT.S", "PPP.S", "PST.G.C", "PWE", "TCF"} <= set(table.id)
    assert all("unverified" in s for s in table.source)


def test_the_version_follows_the_numbers() -> None:
    other = loops(median=[0.24, 0.44, 0.91, 1.34])
    assert make_table([loops()]).version == make_table([loops()]).version
    assert make_table([loops()]).version != make_table([other]).version


def test_nothing_fetched_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match="fetch"):
        read_curves(tmp_path)


@pytest.mark.slow
def test_the_whole_package_is_readable_and_in_order(state: Path) -> None:
    table = read_curves(state)
    kinds = {p: [i for i in table.id if i.startswith(p)] for p in ("LF.", "EP.", "HWB")}
    assert [len(v) for v in kinds.values()] == [128, 12, 28]
    half_at_median(table)
    buildings = [table.row(i) for i in kinds["LF."]]
    assert (table.beta[buildings] == 0.4).all()
    assert np.isfinite(table.collapse[buildings]).all()
    assert disordered(table) == ()
    # Unequal betas: the power rows cross inside the usable range, the building rows never.
    assert not [i for i in crossing(table) if i.startswith("LF.")]
