"""Tables that a user writes: read as Windows saves them, or refused with the line."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

import rencheng
from rencheng import risk
from rencheng.adapters.cities.downloads.catalogue import Catalogue
from rencheng.adapters.cities.generate.usual_needs import load_defaults
from rencheng.adapters.cities.packages import read_packages
from rencheng.adapters.cities.recipe import load_recipe
from rencheng.adapters.curve_library.table import read_table
from rencheng.adapters.escalation import load_escalation
from rencheng.adapters.files import read_ours, read_toml
from rencheng.adapters.history_import.maps import map_from
from rencheng.adapters.quality_limits import load_quality_limits
from rencheng.adapters.replay.scenarios import read_scenario
from rencheng.adapters.restoration import load_restoration
from rencheng.adapters.risk.amounts import debris, downtime
from rencheng.adapters.risk.city.use_tables import read_costs
from rencheng.adapters.risk.events.descriptions import described
from rencheng.adapters.rules import load_indicators
from rencheng.adapters.watch_packs import read_pack
from rencheng.connectors.manifests import read_manifest
from rencheng.connectors.mqtt.mapping import read_mapping
from rencheng.domain.errors import CorruptDataError, InvalidInputError
from rencheng.service.toml import parse_toml

SRC = Path(rencheng.__file__).parent
BROKEN = [
    ('a = 1\nb = "地震"\n'.encode("gb18030"), "own.toml:2"),
    ("a = 1\n".encode("utf-16"), "own.toml:1"),
    (b"a = 1\n\nb 2\n", "own.toml:3"),
    (b"a = [", "own.toml"),
]
OURS: list[Callable[[Path], object]] = [
    read_ours,
    load_restoration,
    load_indicators,
    load_quality_limits,
    read_scenario,
    load_defaults,
    lambda file: Catalogue(file.parent).all(),
]
READERS: list[Callable[[Path], object]] = [
    read_toml,
    risk.study_file,
    risk.measure_file,
    risk.price_file,
    read_table,
    read_pack,
    read_packages,
    lambda file: load_recipe(str(file)),
    lambda file: map_from(file.read_bytes(), file.name),
    lambda file: read_mapping(file.read_bytes(), file.name),
    lambda file: risk.repair_cost("RES1", file=file),
    lambda file: downtime("RES1", file=file),
    lambda file: debris("W1", file=file),
]


def test_a_byte_order_mark_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_bytes('a = "名"\r\n'.encode("utf-8-sig"))
    assert read_toml(tmp_path / "own.toml") == {"a": "名"}


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(("content", "where"), BROKEN)
def test_what_is_no_toml_in_utf8_names_its_line(
    tmp_path: Path, read: Callable[[Path], object], content: bytes, where: str
) -> None:
    (tmp_path / "own.toml").write_bytes(content)
    with pytest.raises(InvalidInputError) as error:
        read(tmp_path / "own.toml")
    assert (error.value.key, error.value.params["where"]) == ("files.toml", where)
    assert "UTF-8" in error.value.hint


@pytest.mark.parametrize("read", OURS)
@pytest.mark.parametrize(("content", "where"), BROKEN)
def test_a_broken_file_of_ours_names_its_line(
    tmp_path: Path, read: Callable[[Path], object], content: bytes, where: str
) -> None:
    (tmp_path / "own.toml").write_bytes(content)
    with pytest.raises(CorruptDataError) as error:
        read(tmp_path / "own.toml")
    assert (error.value.key, error.value.params["where"]) == ("files.toml", where)


@pytest.mark.parametrize("read", OURS[:-1])
def test_a_missing_file_of_ours_is_named(tmp_path: Path, read: Callable[[Path], object]) -> None:
    with pytest.raises(CorruptDataError, match=r"own\.toml cannot be read"):
        read(tmp_path / "own.toml")


def test_files_with_a_name_of_their_own_name_their_line(tmp_path: Path) -> None:
    for name, read in (
        ("escalation.toml", lambda: load_escalation(tmp_path)),
        ("manifest.toml", lambda: read_manifest(tmp_path)),
    ):
        (tmp_path / name).write_bytes(b"a = 1\nb 2\n")
        with pytest.raises((CorruptDataError, InvalidInputError)) as error:
            read()
        assert str(error.value.params["where"]).endswith(f"{name}:2")


@pytest.mark.parametrize("content", [b"[" * 5000, b"{a=" * 3000, b"9" * 5000])
def test_what_is_too_deep_or_too_long_to_read_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(InvalidInputError) as error:
        parse_toml(b"a=" + content, "own.toml")
    assert (error.value.key, error.value.params["where"]) == ("files.toml", "own.toml")
    assert len("".join(traceback.format_exception(error.value)).splitlines()) < 60


def test_toml_is_parsed_in_one_place() -> None:
    files = list(SRC.rglob("*.py"))
    parsing = [file for file in files if "import tomllib" in file.read_text("utf-8")]
    assert [str(file.relative_to(SRC)) for file in parsing] == ["service/toml.py"]


def test_tables_of_a_city_say_it_among_their_faults(tmp_path: Path) -> None:
    (tmp_path / "risk").mkdir()
    for name in ("replacement_cost", "set"):
        (tmp_path / "risk" / f"{name}.toml").write_bytes("# 地震".encode("gb18030"))
    for read in (lambda: read_costs(tmp_path, ""), lambda: described(tmp_path / "risk/set.toml")):
        with pytest.raises(InvalidInputError) as error:
            read()
        assert [fault.key for fault in error.value.faults] == ["files.toml"]
