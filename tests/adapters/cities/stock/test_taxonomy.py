"""Classes that a source names become HAZUS types whose curves exist; a bad table says why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rencheng.adapters.cities.stock.hazus import HEIGHTS, LEVELS, all_curve_ids, curve_id, read_type
from rencheng.adapters.cities.stock.tags import coded, read_tag
from rencheng.adapters.cities.stock.taxonomy import RULES, Taxonomy, load_taxonomy
from rencheng.adapters.words import LANGUAGES, catalogue
from rencheng.domain.errors import InvalidInputError

HEAD = "# schema = rencheng.taxonomy/1\nrule,value,low,high,result,probability,source,status\n"


@pytest.fixture(scope="module")
def table() -> Taxonomy:
    return load_taxonomy()


def own(folder: Path, rows: str) -> Path:
    file = folder / "own.csv"
    file.write_text(HEAD + rows, encoding="utf-8")
    return file


@pytest.mark.parametrize("name", ["default", "china"])
def test_the_shares_of_every_value_add_up_to_one(name: str) -> None:
    table = load_taxonomy(name)
    assert set(table.rules) == set(RULES)
    for values in table.rules.values():
        for spreads in values.values():
            assert all(abs(sum(one.shares) - 1.0) < 1e-9 for one in spreads)


@pytest.mark.parametrize(
    ("tag", "types"),
    [
        ("框架", {"C1", "C3"}), ("框架结构", {"C1", "C3"}), ("剪力墙", {"C2"}), ("框剪", {"C2"}),
        ("砖混结构", {"URM", "RM2"}), ("砖木", {"URM"}), ("土木", {"URM.PC"}), ("木结构", {"W1"}),
        ("钢混", {"C1", "C2", "C3"}), ("混合结构", {"URM", "RM2"}), ("brick", {"URM", "RM1", "C3"}),
        ("Reinforced Concrete", {"C1", "C2", "C3"}), ("adobe; brick", {"URM.PC"}),
        ("MUR+ADO/LWAL", {"URM.PC"}), ("W/LFM", {"W1"}), ("CR/LFINF+CDL/HEX:3", {"C3"}),
    ],
)  # fmt: skip
def test_a_tag_means_these_types(table: Taxonomy, tag: str, types: set[str]) -> None:
    found = read_tag(tag, table)
    spread = table.spread(found.rule, found.value, 2.0)
    assert spread is not None and set(spread.results) == types


def test_a_gem_string_says_storeys_ductility_and_year(table: Taxonomy) -> None:
    tag = read_tag("DX/CR/LWAL+CDH/DY/CR/H:4-7/Y:1990/RES", table)
    assert (tag.value, tag.level, tag.storeys, tag.year) == ("CR/LWAL", "HC", 5.0, 1990.0)


def test_a_hazus_name_stands_for_itself(table: Taxonomy) -> None:
    tag = read_tag("C1M-LC", table)
    assert (tag.rule, tag.value, tag.height, tag.level) == ("type", "C1", "M", "LC")
    assert read_type("C4") is None


def test_a_tag_that_nobody_knows_is_said_to_be_unknown(table: Taxonomy) -> None:
    assert not read_tag("旧式", table).is_known
    assert read_tag("", table).is_known
    assert read_tag("其他", table).is_known


@pytest.mark.parametrize("name", ["default", "china"])
def test_chinese_classes_are_marked_unverified(name: str) -> None:
    from rencheng.adapters.files import data_folder

    text = (data_folder() / "taxonomy" / f"{name}.csv").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line and not line.startswith(("#", "rule,"))]
    assert all(row.endswith(",unverified") for row in rows)


def test_every_curve_that_a_table_can_name_is_in_the_fragility_table(state: Path) -> None:
    from rencheng.adapters.curves import read_curves

    assert set(all_curve_ids()) <= set(read_curves(state).id)


def test_a_type_and_level_that_hazus_lacks_becomes_the_nearest_it_has() -> None:
    assert curve_id("URM", 3, "HC") == "LF.URM.M.LC"
    assert curve_id("RM1", 12, "MC") == "LF.RM1.M.MC"
    every = {curve_id(k, n, code) for k in HEIGHTS for n in range(1, 60) for code in LEVELS}
    assert every <= set(all_curve_ids())


def test_a_bad_table_names_all_its_faults_with_their_rows(tmp_path: Path) -> None:
    file = own(
        tmp_path,
        "structure,砖混,,,URM,0.7,,\n"  # row 3: the sum is 0.7
        "structure,adobe,,,X9,1,,\n"
        "structure,steel,,,S1,-0.5,,\n"
        "era,known,1990,1980,LC,1,,\n"
        "colour,red,,,C1,1,,\n"
        "storeys,*,5,,3,1,,maybe\n",
    )
    with pytest.raises(InvalidInputError) as caught:
        load_taxonomy(file)
    faults = {(one.where, one.key) for one in caught.value.faults}
    assert faults == {
        ("own.csv:3", "taxonomy.sum"), ("own.csv:4", "taxonomy.result"),
        ("own.csv:5", "taxonomy.probability"), ("own.csv:6", "taxonomy.span"),
        ("own.csv:7", "taxonomy.rule"), ("own.csv:8", "taxonomy.status"),
    }  # fmt: skip
    for one in caught.value.faults:
        assert {f"fault.{one.key}.problem", f"fault.{one.key}.hint"} <= catalogue().keys()
    assert LANGUAGES


def test_spans_that_overlap_or_leave_a_gap_are_faults(tmp_path: Path) -> None:
    rows = "structure,砖混,1,4,URM,1,,\nstructure,砖混,4,,RM2,1,,\n"
    with pytest.raises(InvalidInputError) as caught:
        load_taxonomy(own(tmp_path, rows))
    assert [one.key for one in caught.value.faults] == ["taxonomy.overlap"]
    with pytest.raises(InvalidInputError) as caught:
        load_taxonomy(own(tmp_path, "stock,*,2,,C1,1,,\n"))
    assert [one.key for one in caught.value.faults] == ["taxonomy.gap"]


def test_a_city_changes_only_the_values_that_its_own_table_names(
    tmp_path: Path, table: Taxonomy
) -> None:
    changed = load_taxonomy(own(tmp_path, "structure,砖混,,,RM1,1,,official\n"))
    found = changed.spread("structure", "砖混", 3.0)
    assert found is not None and found.results == ("RM1",)
    assert changed.rules["structure"]["框架"] == table.rules["structure"]["框架"]
    assert changed.rules["use"] == table.rules["use"]


def test_a_table_that_is_not_there_or_not_text_is_a_named_error(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_bytes("rule,value\n砖混".encode("gb18030"))
    for name in (tmp_path / "own.csv", tmp_path / "none.csv", "nowhere"):
        with pytest.raises(InvalidInputError, match=r"csv|nowhere"):
            load_taxonomy(name)


def test_values_are_coded_in_order_of_appearance() -> None:
    rows, names = coded(np.array(["b", None, "b"], dtype=object))
    assert rows.tolist() == [0, 1, 0]
    assert names == ("b", "")
