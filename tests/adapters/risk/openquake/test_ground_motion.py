"""OpenQuake's ground motion and hazard curves: read, or refused with every fault."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openquake_kit import HEAD, MOTION, SITES, files
from rencheng.adapters.risk.events.table import check_events
from rencheng.adapters.risk.openquake.ground_motion import (
    GroundMotion,
    places,
    read_motion,
    read_sites,
)
from rencheng.adapters.risk.openquake.hazard_curves import read_hazard_curves
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk_classical import HazardCurves

CURVES = """#,,,"imt='SA(0.5)', investigation_time=50.0"
lon,lat,depth,poe-0.1,poe-0.2
10.0,45.0,0,0.5,0.1
"""
CURVES_XML = (
    HEAD
    + """<hazardCurves IMT="SA" saPeriod="0.5" investigationTime="50.0">
<IMLs>0.1 0.2</IMLs><hazardCurve><Point><pos>10.0 45.0</pos></Point><poEs>0.5 0.1</poEs>
</hazardCurve></hazardCurves></nrml>"""
)


def motion(folder: Path, text: str = MOTION, sites: str = SITES, events: int = 0) -> GroundMotion:
    files(folder, gmf_csv=text, sites_csv=sites)
    return read_motion(folder / "gmf.csv", read_sites(folder / "sites.csv"), events=events)


def refused(folder: Path, text: str = MOTION, sites: str = SITES) -> set[str]:
    with pytest.raises(InvalidInputError) as error:
        motion(folder, text, sites)
    return {fault.key.removeprefix("openquake.") for fault in error.value.faults}


def test_ground_motion_becomes_events_that_the_engine_takes(tmp_path: Path) -> None:
    events = motion(tmp_path, events=4).of("PGA", rate=0.01)
    check_events(events)
    assert events.start.tolist() == [0, 2, 2, 3, 3]
    assert events.point.tolist() == [0, 1, 0]
    np.testing.assert_allclose(events.intensity, [0.3, 0.4, 0.5], rtol=1e-6)
    assert events.head.unit == "g" and events.head.rate.tolist() == [0.01] * 4


def test_sites_may_have_names_of_their_own(tmp_path: Path) -> None:
    named = MOTION.replace("site_id", "custom_site_id").replace(",0,0.3", ",x,0.3")
    named = named.replace("0,1,0.4", "0,y,0.4").replace("2,0,0.5", "2,x,0.5")
    found = motion(tmp_path, named, "custom_site_id,lon,lat\ny,10.1,45.0\nx,10.0,45.0\n")
    assert found.site.tolist() == [1, 0, 1]


def test_what_is_zero_is_not_reached_and_what_is_blank_is_unknown(tmp_path: Path) -> None:
    events = motion(tmp_path, MOTION.replace("0,0,0.3,", "0,0,0,").replace("0.4,", ",")).of("PGA")
    assert events.start.tolist() == [0, 1, 1, 2]
    assert np.isnan(events.intensity[0])


def test_sites_of_a_job_are_numbered_from_west_to_east() -> None:
    found = places("10.1 45, 10.0 46, 10.0 45", "job")
    assert found.lonlat.tolist() == [[10.0, 45.0], [10.0, 46.0], [10.1, 45.0]]


def test_a_measure_that_the_file_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as error:
        motion(tmp_path).of("SA(1.0)")
    assert error.value.faults[0].first == ("SA(1.0)",)


@pytest.mark.parametrize(
    ("change", "to", "said"),
    [
        ("2,0,", "2,7,", "site"),
        ("2,0,", "x,0,", "number"),
        ("2,0,", "2.5,0,", "event"),
        ("0,1,0.4", "0,0,0.4", "double"),
        ("0,1,0.4", "0,1,-0.4", "negative"),
        ("event_id", "name", "columns"),
        ("gmv_PGA,gmv_SA(0.3)", "a,b", "columns"),
    ],
)
def test_faulty_ground_motion_is_named(tmp_path: Path, change: str, to: str, said: str) -> None:
    assert said in refused(tmp_path, MOTION.replace(change, to))


def test_faulty_sites_are_named(tmp_path: Path) -> None:
    assert refused(tmp_path, sites=SITES.replace("45.0", "145.0", 1)) == {"place"}
    assert refused(tmp_path, sites=SITES.replace("\n1,", "\n0,")) == {"double"}


def curves(folder: Path, text: str = CURVES) -> HazardCurves:
    return read_hazard_curves(files(folder, c_csv=text) / "c.csv")


def test_hazard_curves_read_the_same_from_both_forms(tmp_path: Path) -> None:
    one = curves(tmp_path)
    other = read_hazard_curves(files(tmp_path, c_xml=CURVES_XML) / "c.xml")
    assert (one.measure, one.unit, one.years) == ("SA(0.5)", "g", 50.0)
    assert (other.measure, other.unit, other.years) == (one.measure, one.unit, one.years)
    for name in ("place", "level", "poe"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize(
    ("change", "to", "said"),
    [
        ("imt='SA(0.5)', ", "", "measure"),
        (", investigation_time=50.0", "", "option"),
        ("0.5,0.1\n", "1.5,0.1\n", "ratio"),
        ("0.5,0.1\n", "0.1,0.5\n", "rises"),
        ("poe-0.1,poe-0.2", "poe-0.2,poe-0.1", "level"),
        ("10.0,45.0", "10.0,95.0", "place"),
    ],
)
def test_faulty_hazard_curves_are_named(tmp_path: Path, change: str, to: str, said: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        curves(tmp_path, CURVES.replace(change, to))
    assert [f.key for f in error.value.faults] == [f"openquake.{said}"]
