"""Who needs whom, from a table."""

import numpy as np
import pytest

from rencheng.adapters.cities.readers import Job, Source, reader_of
from rencheng.domain.errors import InvalidInputError


def read(folder, *rows, **about):
    file = folder / "needs.csv"
    file.write_text("\n".join(rows), encoding="utf-8")
    source = Source(id="mine", kind="dependencies", **about)
    return reader_of(source).read(source, file, Job())


def test_rows_become_needs_and_alternatives_share_a_group(tmp_path):
    given = read(
        tmp_path, "node,service,group,supplier,backup_low_h,backup_high_h,source",
        "H1,power,0,F1,4,24,owner", "H1,power,0,F2,4,24,owner", "H1,供水,1,T1,,,owner",
    )  # fmt: skip
    needs = given.dependencies
    assert needs.node.tolist() == ["H1"] * 3
    assert needs.service.tolist() == ["power", "power", "water"]
    assert needs.group.tolist() == [0, 0, 1]
    assert needs.backup_high_h[0] == 24
    assert np.isnan(needs.backup_low_h[2])
    assert given.findings == ()


def test_words_for_groups_and_one_backup_time_will_do(tmp_path):
    needs = read(
        tmp_path, "node,service,group,supplier,backup_h", "H1,power,mains,F1,4",
        "H1,power,diesel,D1,8",
    ).dependencies  # fmt: skip
    assert len(set(needs.group)) == 2
    assert needs.backup_high_h.tolist() == needs.backup_low_h.tolist() == [4, 8]


def test_rows_that_say_nothing_or_nonsense_are_left_out_and_named(tmp_path):
    given = read(
        tmp_path, "node,service,group,supplier,backup_low_h,backup_high_h",
        "A,power,0,B,9,3", "A,power,0,,1,2", ",power,0,B,1,2", "A,love,0,B,1,2", "A,power,0,A,1,2",
        "A,power,0,B,1,2", "A,water,0,C,-1,2",
    )  # fmt: skip
    assert given.dependencies.supplier.tolist() == ["B", "C"]
    assert given.dependencies.backup_low_h[0] == 3
    assert np.isnan(given.dependencies.backup_low_h[1])
    assert {f.key: f.first for f in given.findings} == {
        "need_open": ("row 3",), "need_nameless": ("row 4",), "need_service": ("row 5: love",),
        "need_of_itself": ("A",), "need_repeated": ("row 7",), "need_backup": ("row 2",),
        "value_negative": ("row 8: -1",),
    }  # fmt: skip


def test_a_table_without_its_columns_says_all_that_miss(tmp_path):
    with pytest.raises(InvalidInputError) as caught:
        read(tmp_path, "a,b", "1,2")
    assert [f.where.partition(".")[2] for f in caught.value.faults] == [
        "node", "service", "supplier",
    ]  # fmt: skip
