"""From OpenQuake's files to our tables and back: what comes back is what went in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openquake_kit import FRAGILITY, VULNERABILITY, files, whole_job
from rencheng import risk
from rencheng.adapters.curve_library.table import read_table
from rencheng.adapters.risk.openquake.converting import Wish, converted
from rencheng.adapters.risk.openquake.curves import read_fragility, read_vulnerability
from rencheng.adapters.risk.openquake.exposure import read_exposure
from rencheng.adapters.risk.openquake.ground_motion import read_motion, read_sites
from rencheng.adapters.risk.openquake.writing import write_curves, write_exposure, write_motion
from rencheng.domain.errors import InvalidInputError


def test_an_exposure_comes_back(tmp_path: Path) -> None:
    whole_job(tmp_path)
    one = read_exposure(tmp_path / "exposure.xml")
    write_exposure(one, tmp_path / "again.xml")
    other = read_exposure(tmp_path / "again.xml")
    for name in ("id", "lonlat", "taxonomy", "number", "area"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for name in ("value", "people", "tag"):
        ours, theirs = getattr(one, name), getattr(other, name)
        assert {k: v.tolist() for k, v in ours.items()} == {
            k: v.tolist() for k, v in theirs.items()
        }


def test_a_vulnerability_comes_back(tmp_path: Path) -> None:
    files(tmp_path, v_xml=VULNERABILITY)
    one = read_vulnerability(tmp_path / "v.xml").curves
    write_curves(one, tmp_path / "again.xml")
    other = read_vulnerability(tmp_path / "again.xml").curves
    for name, curve in one.items():
        np.testing.assert_array_equal(curve.x, other[name].x)
        np.testing.assert_array_equal(curve.mean, other[name].mean)
        np.testing.assert_allclose(curve.sd, other[name].sd, rtol=1e-15)


def test_a_fragility_comes_back(tmp_path: Path) -> None:
    files(tmp_path, f_xml=FRAGILITY.replace('minIML="0.1" ', ""))
    one = read_fragility(tmp_path / "f.xml").curves
    write_curves(one, tmp_path / "again.xml")
    other = read_fragility(tmp_path / "again.xml").curves
    x = np.linspace(0.0, 3.0, 301)
    for name, curve in one.items():
        np.testing.assert_allclose(curve.value(x), other[name].value(x), rtol=1e-12)


def test_ground_motion_comes_back(tmp_path: Path) -> None:
    whole_job(tmp_path)
    one = read_motion(tmp_path / "gmf.csv", read_sites(tmp_path / "sites.csv")).of("PGA")
    write_motion(one, tmp_path / "g.csv", tmp_path / "s.csv")
    other = read_motion(tmp_path / "g.csv", read_sites(tmp_path / "s.csv")).of("PGA")
    for name in ("start", "point", "intensity"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_curves_that_nrml_cannot_say_are_refused(tmp_path: Path) -> None:
    files(tmp_path, f_xml=FRAGILITY)  # held below minIML
    with pytest.raises(InvalidInputError) as error:
        write_curves(read_fragility(tmp_path / "f.xml").curves, tmp_path / "again.xml")
    assert [f.where for f in error.value.faults] == ["wood"]


def test_converted_files_give_the_losses_of_the_job(tmp_path: Path) -> None:
    whole_job(tmp_path)
    out = tmp_path / "ours"
    wish = Wish(sites=tmp_path / "sites.csv", measure="PGA", years=20.0)
    for name in ("exposure.xml", "vulnerability.xml", "gmf.csv"):
        converted(tmp_path / name, out, wish)
    brick = {c.id: c for c in read_table(out / "vulnerability.toml")}["brick"]
    table = risk.asset_file(out / "exposure.csv")
    first = {k: v[:1] for k, v in table.items() if not k.endswith("contents")}
    events = risk.open_events(out / "gmf.csv", measure="PGA", unit="g")
    result = risk.run(first, events, {"brick": brick}, currency="EUR", year=2020)
    np.testing.assert_allclose(result.aal, 180 / 20, rtol=1e-6)


def test_our_tables_become_files_of_openquake(tmp_path: Path) -> None:
    ours = files(
        tmp_path,
        houses_csv="id,lon,lat,value,curve\na,10,45,100,brick\n",
        floods_csv="event,lon,lat,intensity,rate\ne,10,45,30,0.1\n",
    )
    converted(ours / "houses.csv", tmp_path / "oq", Wish())
    converted(ours / "floods.csv", tmp_path / "oq", Wish(measure="PGV", unit="km/h"))
    back = read_exposure(tmp_path / "oq" / "houses.xml")
    assert (back.taxonomy.tolist(), back.value["structural"].tolist()) == (["brick"], [100.0])
    sites = read_sites(tmp_path / "oq" / "floods-sites.csv")
    motion = read_motion(tmp_path / "oq" / "floods-gmf.csv", sites)
    np.testing.assert_allclose(motion.imt["PGV"], [30 / 3.6 * 100], rtol=1e-6)  # [cm/s]


def test_assets_with_curves_of_several_names_are_refused(tmp_path: Path) -> None:
    table = "id,lon,lat,value_structure,curve_structure,value_contents,curve_contents\n"
    files(tmp_path, a_csv=table + "x,10,45,1,brick,1,shelf\n")
    with pytest.raises(InvalidInputError) as error:
        converted(tmp_path / "a.csv", tmp_path / "oq", Wish())
    assert [f.key for f in error.value.faults] == ["openquake.taxonomies"]


def test_a_file_that_is_none_of_them_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as error:
        converted(files(tmp_path, x_csv="a,b\n1,2\n") / "x.csv", tmp_path / "out", Wish())
    assert [f.key for f in error.value.faults] == ["openquake.kind"]
