from __future__ import annotations

import warnings

import numpy as np
import pytest

from rencheng.adapters.cities.readers import Job, Source
from rencheng.adapters.cities.readers.swmm import READER
from rencheng.domain.errors import InvalidInputError

SMALL = """[TITLE]
two branches to a river
[OPTIONS]
FLOW_UNITS           CFS
INFILTRATION         HORTON
[JUNCTIONS]
;;Name  Elev MaxDepth
J1      96   4
J2      90   4
[DIVIDERS]
D1      92   * CUTOFF 1.0
[OUTFALLS]
O1      85   FREE NO
[STORAGE]
S1      80   10 0 FUNCTIONAL 1000 0 0 0 0
[CONDUITS]
C1      J1   J2   400   0.01 0 0 0 0
C2      J2   D1   400   0.01 0 0 0 0
C3      D1   O1   -1    0.01 0 0 0 0
C4      D1   NOWHERE 10 0.01 0 0 0 0
[ORIFICES]
R1      D1   S1   SIDE 0 0.65 NO 0
[PUMPS]
U1      S1   O1   K1 ON 0 0
U2      S1   O1   NOCURVE ON 0 0
U3      S1   O1   *  ON 0 0
[XSECTIONS]
C1      CIRCULAR     1.5  0 0 0 1
C2      RECT_CLOSED  2    3 0 0 1
C3      CIRCULAR     1.0  0 0 0 1
R1      CIRCULAR     0.5  0 0 0
[CURVES]
K1      PUMP3  0   5
K1             10  2
K1             20  1
[TAGS]
Link    C1     PVC
[COORDINATES]
J1      13.000 52.500
J2      13.002 52.500
D1      13.004 52.500
O1      13.006 52.500
S1      13.004 52.501
[VERTICES]
C2      13.003 52.5005
"""


def read(folder, text=SMALL, **more):
    file = folder / "drain.inp"
    file.write_text(text, encoding="utf-8")
    return READER.read(Source(id="d", kind="swmm", crs="EPSG:4326", **more), file, Job())


def test_nodes_are_junctions_outfalls_stores_and_pumps(tmp_path):
    drains = read(tmp_path).drainage
    assert dict(zip(drains.id, drains.kind, strict=True)) == {
        "J1": "junction", "J2": "junction", "D1": "junction", "O1": "outfall", "S1": "storage",
        "U1": "pump", "U2": "pump", "U3": "pump",
    }  # fmt: skip


def test_feet_become_metres_and_only_round_sections_have_a_diameter(tmp_path):
    given = read(tmp_path, options={"material": "brittle"})
    drains = given.drainage
    wide = dict(zip(drains.link_id, drains.diameter_m, strict=True))
    assert wide["C1"] == pytest.approx(1.5 * 0.3048)
    assert np.isnan(wide["C2"])
    assert wide["R1"] == pytest.approx(0.5 * 0.3048)
    pump = dict(zip(drains.id, drains.capacity, strict=True))
    assert pump["U1"] == pytest.approx(5 * 0.3048**3)
    material = dict(zip(drains.link_id, drains.material, strict=True))
    assert (material["C1"], material["C2"], material["R1"]) == ("ductile", "brittle", "")


def test_what_is_wrong_with_rows_is_counted(tmp_path):
    seen = {one.key: one.first for one in read(tmp_path).findings}
    assert seen["net_dangling"] == ("C4",)
    assert seen["net_length"] == ("C3",)
    assert seen["net_pump_no_curve"] == ("U2",)
    assert seen["net_not_round"] == ("C2", "C4")


def test_faults_name_section_and_line(tmp_path):
    text = SMALL.replace("C2      J2   D1   400", "C2      J2   D1   wide").replace("CFS", "XYZ")
    with pytest.raises(InvalidInputError) as caught:
        read(tmp_path, text)
    assert [(fault.key, fault.where) for fault in caught.value.faults] == [
        ("inp.units", "drain.inp:4 [OPTIONS]"),
        ("inp.number", "drain.inp:18 [CONDUITS]"),
    ]


@pytest.mark.slow
def test_sections_agree_with_the_programs_own_reader(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        swmm_api = pytest.importorskip("swmm_api", exc_type=ImportError)
        drains = read(tmp_path).drainage
        judge = swmm_api.SwmmInput.read_file(str(tmp_path / "drain.inp"))
        lengths = {name: one.length for name, one in judge.CONDUITS.items()}
        nodes = {"D1", *judge.JUNCTIONS, *judge.OUTFALLS, *judge.STORAGE}  # it skips dividers
        places = {name: (one.x, one.y) for name, one in judge.COORDINATES.items()}
    assert {name for name in drains.id if not name.startswith("U")} == nodes
    assert {name for name in drains.link_id if name.startswith("C")} == set(lengths) - {"C4"}
    for name, at in places.items():
        assert tuple(drains.xy[list(drains.id).index(name)]) == at
