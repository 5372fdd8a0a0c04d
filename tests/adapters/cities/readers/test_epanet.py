from __future__ import annotations

import contextlib
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.adapters.cities.readers import Job, Source
from rencheng.adapters.cities.readers.epanet import READER
from rencheng.domain.errors import InvalidInputError
from shared_data import SHARED

SHELBY = SHARED / "shelby/shelby/water/water.inp"
SMALL = """[TITLE]
a test; with a mark
[JUNCTIONS]
J1 10 5
J2 10 -2
J3 10 0 ; no demand
[RESERVOIRS]
R1 50
[TANKS]
T1 20 1 0 5 10 0
[PIPES]
P1 R1 J1 100 300 130 0 Open ; DI
P2 J1 J2 200 200 90
P3 J2 T1 200 200 100 0 Closed
P4 J2 GONE 200 200 100
P5 J3 J3 10 100 100
P6 J1 J3 -5 0 100
P1 J1 J3 10 100 100
[PUMPS]
U1 J2 J3 HEAD C1
J1 J1 J2 HEAD NONE
[VALVES]
V1 J3 T1 250 PRV 40 0
[CURVES]
C1 4 30
C1 9 10
[TAGS]
LINK P2 灰铁
[OPTIONS]
UNITS LPS
[COORDINATES]
R1 13.00 52.50
J1 13.01 52.50
J2 13.02 52.50
J3 13.02 52.51
T1 13.03 52.51
[VERTICES]
P2 13.015 52.505
[END]
nothing behind the end counts
"""


def source(**more) -> Source:
    return Source(id="water", kind="epanet", crs="EPSG:4326", **more)


def read(folder: Path, text: str = SMALL, job: Job | None = None, **more):
    file = folder / "net.inp"
    file.write_text(text, encoding="utf-8")
    return READER.read(source(**more), file, job or Job())


def found(given) -> dict[str, tuple[int, tuple[str, ...]]]:
    return {one.key: (one.count, one.first) for one in given.findings}


def test_every_node_gets_a_kind_of_ours(tmp_path):
    water = read(tmp_path).water
    kinds = dict(zip(water.id, water.kind, strict=True))
    assert kinds == {
        "J1": "junction", "J2": "treatment", "J3": "junction", "R1": "treatment", "T1": "tank",
        "U1": "pump", "pump:J1": "pump",
    }  # fmt: skip


def test_flows_are_cubic_metres_a_second_and_diameters_metres(tmp_path):
    water = read(tmp_path).water
    flow = dict(zip(water.id, water.capacity, strict=True))
    assert flow["J1"] == pytest.approx(0.005)
    assert flow["J2"] == pytest.approx(0.002)
    assert flow["U1"] == pytest.approx(0.009)
    assert np.isnan(flow["R1"])
    wide = dict(zip(water.link_id, water.diameter_m, strict=True))
    assert wide["P1"] == pytest.approx(0.3)
    assert wide["V1"] == pytest.approx(0.25)


def test_what_is_wrong_with_rows_is_counted_and_left_out(tmp_path):
    seen = found(read(tmp_path))
    assert seen["net_dangling"] == (1, ("P4",))
    assert seen["net_twice"] == (1, ("P1",))
    assert seen["net_loop"] == (1, ("P5",))
    assert seen["net_length"] == (1, ("P6",))
    assert seen["net_diameter"] == (1, ("P6",))
    assert seen["net_closed"] == (1, ("P3",))
    assert seen["net_pump_no_curve"] == (1, ("J1",))
    assert set(read(tmp_path).water.link_id) == {
        "P1", "P2", "P6", "U1:in", "U1:out", "J1:in", "J1:out", "V1",
    }  # fmt: skip


def test_a_line_runs_through_its_vertices(tmp_path):
    water = read(tmp_path).water
    line = water.lines[list(water.link_id).index("P2")]
    assert list(line.coords) == [(13.01, 52.5), (13.015, 52.505), (13.02, 52.5)]


def test_material_comes_from_tags_comments_and_the_citys_own_words(tmp_path):
    water = read(tmp_path, values={"material": {"灰铁": "brittle"}}).water
    assert dict(zip(water.link_id, water.material, strict=True))["P1"] == "ductile"
    assert dict(zip(water.link_id, water.material, strict=True))["P2"] == "brittle"
    guessed = read(tmp_path, options={"brittle_below": 110}).water
    assert dict(zip(guessed.link_id, guessed.material, strict=True))["P6"] == "brittle"


def test_only_what_touches_the_box_is_kept(tmp_path):
    water = read(tmp_path, job=Job(clip=(12.99, 52.49, 13.005, 52.51))).water
    assert (list(water.id), list(water.link_id)) == (["J1", "R1"], ["P1"])


def test_a_file_that_does_not_parse_names_every_line(tmp_path):
    broken = SMALL.replace("P2 J1 J2 200 200 90", "P2 J1 J2\nP7 J1 J2 long 200 90")
    broken = broken.replace("[TAGS]", "[TOGS]").replace("J2 13.02 52.50", "J2 13,02 52.50")
    with pytest.raises(InvalidInputError) as caught:
        read(tmp_path, broken)
    assert [(fault.key, fault.where, fault.first) for fault in caught.value.faults] == [
        ("inp.short", "net.inp:13 [PIPES]", ("13 “P2 J1 J2”",)),
        ("inp.number", "net.inp:14 [PIPES]", ("14 “long”",)),
        ("inp.section", "net.inp:28 [TOGS]", ("28 “[TOGS]”",)),
        ("inp.number", "net.inp:35 [COORDINATES]", ("35 “13,02”",)),
    ]


@pytest.mark.parametrize(
    ("crs", "text", "key"),
    [
        ("", SMALL.replace("13.", "4613."), "net.no_crs"),
        ("EPSG:4326", SMALL.partition("[COORDINATES]")[0], "net.no_places"),
        ("EPSG:4326", SMALL.replace("13.", "4613."), "net.wrong_crs"),
        ("EPSG:3857", SMALL, "net.elsewhere"),
        ("EPSG:4326", "\0\1\2 not text", "inp.file"),
    ],
)
def test_a_network_without_a_place_on_earth_is_refused(tmp_path, crs, text, key):
    file = tmp_path / "net.inp"
    file.write_text(text, encoding="utf-8")
    job = Job(clip=(12.9, 52.4, 13.1, 52.6))
    with pytest.raises(InvalidInputError) as caught:
        READER.read(Source(id="w", kind="epanet", crs=crs), file, job)
    assert caught.value.key == key


@pytest.mark.skipif(not SHELBY.exists(), reason=f"no shared data: {SHELBY} is absent")
def test_shelby_county_lies_in_memphis_and_its_lengths_agree():
    given = READER.read(Source(id="w", kind="epanet", crs="EPSG:3857"), SHELBY, Job())
    water = given.water
    assert Counter(water.kind) == {"junction": 55, "pump": 14, "treatment": 9, "tank": 6}
    assert np.abs(water.xy - (-89.9, 35.2)).max() < 0.3
    differs = next(f for f in given.findings if f.key == "net_length_differs")
    assert differs.text.params["ratio"] == pytest.approx(1.0, abs=0.01)


@pytest.fixture(scope="module")
def wntr():
    """Return the library that judges; it warns about its own ways, which are not ours to mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(
            "wntr", exc_type=ImportError, reason="wntr (or `six`, which it needs) is not installed"
        )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Net1", "Net2", "Net3", "Net6", "ky4", "ky10"])
def test_counts_lengths_and_diameters_agree_with_epanets_own(wntr, name):
    file = Path(wntr.__file__).parent / "library" / "networks" / f"{name}.inp"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = wntr.network.WaterNetworkModel(str(file))
    options = {"keep_closed": True}
    given = READER.read(
        Source(id="w", kind="epanet", crs="EPSG:3857", options=options), file, Job()
    )
    water = given.water
    assert len(water.id) == model.num_nodes + model.num_pumps
    assert len(water.link_id) == model.num_pipes + model.num_valves + 2 * model.num_pumps
    row = {link: i for i, link in enumerate(water.link_id)}
    wide = {name: pipe.diameter for name, pipe in (*model.pipes(), *model.valves())}
    assert [water.diameter_m[row[n]] for n in wide] == pytest.approx(list(wide.values()), rel=1e-6)
    demand = {n: junction.base_demand for n, junction in model.junctions()}
    at = {node: i for i, node in enumerate(water.id)}
    ours = [water.capacity[at[n]] for n in demand]
    assert ours == pytest.approx([abs(d) for d in demand.values()], rel=1e-5, abs=1e-12)


WORDS = st.sampled_from(["", "-1", "nan", "1e400", "1e308", "x", "[PIPES]", "[", '"', ";", "P1"])


@given(changes=st.lists(st.tuples(st.integers(0, 46), st.integers(0, 7), WORDS), max_size=6))
def test_no_changed_word_gets_past_as_anything_but_a_named_error(tmp_path, changes):
    lines = [line.split(" ") for line in SMALL.split("\n")]
    for line, place, word in changes:
        words = lines[line % len(lines)]
        words[place % len(words)] = word
    with contextlib.suppress(InvalidInputError):
        water = read(tmp_path, "\n".join(" ".join(words) for words in lines)).water
        assert np.isfinite(water.xy).all()
        assert len(water.start) == len(water.lines) == len(water.link_id)
