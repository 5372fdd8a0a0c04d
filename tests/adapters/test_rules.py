import shutil
from itertools import pairwise

import pytest

from rencheng.adapters.files import data_folder
from rencheng.adapters.rules import load_indicators, load_rules
from rencheng.domain.errors import CorruptDataError
from rencheng.domain.rules import CriterionKind


def test_levels_of_each_kind_join_without_gap_or_overlap():
    for kind in CriterionKind:
        mine = sorted(
            (c for c in load_rules().response.criteria if c.kind is kind), key=lambda c: c.low
        )
        assert all(a.high == b.low and a.level == b.level + 1 for a, b in pairwise(mine))
        assert mine[-1].high == float("inf")


def test_every_lifeline_of_the_city_has_a_repair_time():
    known = {time.kind for time in load_rules().operations.repair_times}
    assert known >= {"substation", "feeder", "treatment", "pump", "tank", "exchange"}


def test_a_broken_file_is_refused_with_every_broken_row(tmp_path):
    folder = tmp_path / "rules"
    shutil.copytree(data_folder() / "rules", folder)
    file = folder / "supplies.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("7.5\n", "-1.0\n").replace("2100.0", '"many"'), encoding="utf-8")
    with pytest.raises(CorruptDataError) as caught:
        load_rules(folder)
    assert {fault.where for fault in caught.value.faults} == {"items[0]", "items[2]"}


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CorruptDataError) as caught:
        load_indicators(tmp_path / "framework.toml")
    assert str(caught.value.params["where"]).endswith("framework.toml")


def test_every_pack_says_where_it_comes_from_and_applies():
    rules = load_rules()
    packs = (
        rules.response.pack,
        rules.supplies.pack,
        rules.operations.pack,
        load_indicators().pack,
    )
    assert all(p.version and p.source and p.jurisdiction for p in packs)
    assert rules.response.pack.jurisdiction == "CN"
