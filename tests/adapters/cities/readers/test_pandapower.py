from __future__ import annotations

import contextlib
import json
import math
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.adapters.cities.readers import Job, Source
from rencheng.adapters.cities.readers.pandapower import READER
from rencheng.domain.errors import InvalidInputError
from shared_data import SHARED

SHELBY = SHARED / "shelby/shelby/power/power.json"


def table(columns: list[str], *rows: list) -> dict:
    content = {"columns": columns, "index": list(range(len(rows))), "data": list(rows)}
    frame = {"_module": "pandas.core.frame", "_class": "DataFrame", "orient": "split"}
    return {**frame, "_object": json.dumps(content)}


def at(x: float, y: float) -> str:
    return json.dumps({"type": "Point", "coordinates": [x, y]})


def small() -> dict:
    bus = ["name", "vn_kv", "in_service", "geo"]
    return {
        "bus": table(
            bus, ["A", 110.0, True, at(13.0, 52.5)], ["a", 20.0, True, at(13.0, 52.5)],
            ["B", 20.0, True, at(13.05, 52.5)], ["B", 20.0, True, at(13.1, 52.5)],
            ["dark", 20.0, True, None],
        ),
        "trafo": table(["name", "hv_bus", "lv_bus", "sn_mva", "parallel"], ["T", 0, 1, 40.0, 2]),
        "line": table(
            ["name", "from_bus", "to_bus", "length_km", "max_i_ka", "in_service"],
            ["L1", 1, 2, 3.4, 0.2, True], ["L2", 2, 3, 3.4, 0.2, True],
            ["L3", 3, 99, 1.0, 0.2, True], ["L4", 1, 3, 6.8, 0.2, False],
            ["L5", 1, 3, -1.0, 0.2, True],
        ),
        "switch": table(
            ["bus", "element", "et", "closed", "name"], [2, 1, "l", False, "open"]
        ),
        "ext_grid": table(["name", "bus", "max_p_mw"], ["grid", 0, 60.0]),
        "load": table(["name", "bus", "p_mw", "scaling"], ["town", 2, 4.0, 0.5]),
    }  # fmt: skip


def save(folder: Path, tables: dict) -> Path:
    file = folder / "net.json"
    whole = {"_module": "pandapower.auxiliary", "_class": "pandapowerNet", "_object": tables}
    file.write_text(json.dumps(whole), encoding="utf-8")
    return file


def read(file: Path, **more):
    return READER.read(Source(id="power", kind="pandapower", crs="EPSG:4326", **more), file, Job())


def test_a_transformer_makes_one_substation_of_its_buses(tmp_path):
    power = read(save(tmp_path, small())).power
    kinds = dict(zip(power.id, power.kind, strict=True))
    assert kinds == {
        "A": "substation", "B": "junction", "bus:3": "junction", "grid": "generation",
        "town": "feeder",
    }  # fmt: skip
    size = dict(zip(power.id, power.capacity, strict=True))
    assert (size["A"], size["grid"], size["town"]) == (80.0, 60.0, 2.0)


def test_what_is_open_off_or_dangling_is_counted_and_left_out(tmp_path):
    given = read(save(tmp_path, small()))
    seen = {one.key: one.first for one in given.findings}
    assert seen["net_dangling"] == ("L3",)
    assert set(seen["net_closed"]) == {"L2", "L4"}
    assert seen["net_no_place"] == ("dark",)
    assert seen["net_length"] == ("L5",)
    assert set(given.power.link_id) == {"L1", "L5", "grid:in", "town:in"}


def test_a_line_carries_what_its_current_allows(tmp_path):
    power = read(save(tmp_path, small())).power
    row = list(power.link_id).index("L1")
    assert power.link_capacity[row] == pytest.approx(math.sqrt(3) * 20 * 0.2)
    assert power.id[power.start[row]] == "A"


def test_older_files_keep_their_places_apart(tmp_path):
    tables = small()
    tables["bus"] = table(["name", "vn_kv", "in_service"], *[[n, 20.0, True] for n in "ABCD"])
    tables["bus_geodata"] = table(
        ["x", "y", "coords"], *[[13.0 + i / 100, 52.5, None] for i in range(4)]
    )
    tables["line_geodata"] = table(["coords"], [[[13.01, 52.5], [13.015, 52.51], [13.02, 52.5]]])
    power = read(save(tmp_path, tables)).power
    line = power.lines[list(power.link_id).index("L1")]
    assert line.coords[1] == (13.015, 52.51)


def test_nothing_that_the_file_names_is_imported(tmp_path):
    tables = small()
    tables["evil"] = {"_module": "this_module_must_not_be_looked_for", "_class": "X", "_object": ""}
    assert read(save(tmp_path, tables)).power is not None


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("{", ["panda.json"]),
        ("[1]", ["panda.kind"]),
        ('{"bus": 1}', ["panda.kind"]),
        (None, ["panda.columns", "panda.table"]),
    ],
)
def test_a_file_of_another_kind_is_refused_with_all_its_faults(tmp_path, text, keys):
    file = tmp_path / "net.json"
    if text is None:
        tables = small()
        tables["bus"] = table(["name"], ["A"])
        tables["line"]["_object"] = "{}"
        save(tmp_path, tables)
    else:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInputError) as caught:
        read(file)
    assert [fault.key for fault in caught.value.faults] == keys


@pytest.mark.skipif(not SHELBY.exists(), reason=f"no shared data: {SHELBY} is absent")
def test_shelby_county_has_59_stations_and_what_its_dependencies_name():
    source = Source(id="p", kind="pandapower", crs="EPSG:3857")
    power = READER.read(source, SHELBY, Job()).power
    kinds = Counter(power.kind)
    assert kinds["substation"] + kinds["junction"] == 59 + 14  # pumps take power and serve nobody
    assert (kinds["generation"], kinds["feeder"]) == (8, 37)
    lines = [name for name in power.link_id if not name.endswith(":in")]
    assert len(lines) == 73
    assert {f"P_MP{n}" for n in range(81, 95)} <= set(power.id)
    assert power.capacity[power.kind == "feeder"].sum() == pytest.approx(1003.0)


@pytest.fixture(scope="module")
def pandapower():
    """Return the library that judges; it warns about its own ways, which are not ours to mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = pytest.importorskip("pandapower", exc_type=ImportError)
        import pandapower.networks  # noqa: F401

        return found


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mv_oberrhein", "create_cigre_network_mv", "case118"])
def test_counts_and_sums_agree_with_pandapower(pandapower, tmp_path, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = getattr(pandapower.networks, name)()
        placed = net.bus.geo.notna() if "geo" in net.bus else None
        if placed is None or not placed.any():
            net.bus["geo"] = [at(13 + i % 20 / 100, 52 + i / 1000) for i in range(len(net.bus))]
        pandapower.to_json(net, str(tmp_path / "net.json"))
    options = {"merge": False}
    source = Source(id="p", kind="pandapower", crs="EPSG:3857", options=options)
    power = READER.read(source, tmp_path / "net.json", Job()).power
    kinds = Counter(power.kind)
    live = {t: net[t][net[t].in_service] for t in ("bus", "load", "gen", "sgen", "ext_grid")}
    assert kinds["substation"] + kinds["junction"] == len(live["bus"])
    assert kinds["feeder"] == len(live["load"])
    assert kinds["generation"] == sum(len(live[t]) for t in ("gen", "sgen", "ext_grid"))
    asked = (live["load"].p_mw * live["load"].scaling).abs().sum()
    assert np.nansum(power.capacity[power.kind == "feeder"]) == pytest.approx(asked)
    cut = set(net.switch[(net.switch.et == "l") & ~net.switch.closed].element)
    lines = net.line[net.line.in_service & ~net.line.index.isin(cut)]
    others = len(net.trafo[net.trafo.in_service])
    joints = len(net.switch[(net.switch.et == "b") & net.switch.closed])
    own = [n for n in power.link_id if not n.endswith(":in")]
    assert len(own) == len(lines) + others + joints


VALUES = st.sampled_from([None, "x", -1, 1e300, True, [], {}, '{"coordinates": [1]}', "[1, 2]"])
TABLES = ("bus", "trafo", "line", "switch", "ext_grid", "load")


@given(
    changes=st.lists(
        st.tuples(st.sampled_from(TABLES), st.integers(0, 4), st.integers(0, 5), VALUES),
        max_size=5,
    )
)
def test_no_changed_value_gets_past_as_anything_but_a_named_error(tmp_path, changes):
    tables = small()
    for name, row, column, value in changes:
        content = json.loads(tables[name]["_object"])
        record = content["data"][row % len(content["data"])]
        record[column % len(record)] = value
        tables[name]["_object"] = json.dumps(content)
    with contextlib.suppress(InvalidInputError):
        power = read(save(tmp_path, tables)).power
        assert np.isfinite(power.xy).all()
        assert len(power.start) == len(power.lines) == len(power.link_id)
