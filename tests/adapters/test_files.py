"""Tables that a user writes: read as Windows saves them, or refused with the line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rencheng import risk
from rencheng.adapters.curve_library.table import read_table
from rencheng.adapters.files import read_toml
from rencheng.adapters.risk.amounts import debris, downtime
from rencheng.adapters.risk.city.use_tables import read_costs
from rencheng.adapters.risk.events.descriptions import described
from rencheng.domain.errors import InvalidInputError

READERS: list[Callable[[Path], object]] = [
    read_toml,
    risk.study_file,
    risk.measure_file,
    risk.price_file,
    read_table,
    lambda file: risk.repair_cost("RES1", file=file),
    lambda file: downtime("RES1", file=file),
    lambda file: debris("W1", file=file),
]


def test_a_byte_order_mark_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_bytes('a = "名"\r\n'.encode("utf-8-sig"))
    assert read_toml(tmp_path / "own.toml") == {"a": "名"}


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("content", "where"),
    [
        ('a = 1\nb = "地震"\n'.encode("gb18030"), "own.toml:2"),
        ("a = 1\n".encode("utf-16"), "own.toml:1"),
        (b"a = 1\n\nb 2\n", "own.toml:3"),
        (b"a = [", "own.toml"),
    ],
)
def test_what_is_no_toml_in_utf8_names_its_line(
    tmp_path: Path, read: Callable[[Path], object], content: bytes, where: str
) -> None:
    (tmp_path / "own.toml").write_bytes(content)
    with pytest.raises(InvalidInputError) as error:
        read(tmp_path / "own.toml")
    assert (error.value.key, error.value.params["where"]) == ("files.toml", where)
    assert "UTF-8" in error.value.hint


def test_tables_of_a_city_say_it_among_their_faults(tmp_path: Path) -> None:
    (tmp_path / "risk").mkdir()
    for name in ("replacement_cost", "set"):
        (tmp_path / "risk" / f"{name}.toml").write_bytes("# 地震".encode("gb18030"))
    for read in (lambda: read_costs(tmp_path, ""), lambda: described(tmp_path / "risk/set.toml")):
        with pytest.raises(InvalidInputError) as error:
            read()
        assert [fault.key for fault in error.value.faults] == ["files.toml"]
