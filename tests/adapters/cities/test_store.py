"""Cities on disk: the same content has the same version, and damage is never served."""

from __future__ import annotations

import os
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rencheng.adapters.cities.store import Folder
from rencheng.domain.city import City
from rencheng.domain.errors import CorruptDataError, NotFoundError


def same(a: Any, b: Any) -> bool:
    if is_dataclass(a) and not isinstance(a, type):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)


@pytest.fixture
def folder(tmp_path: Path, tiny_city: City) -> Folder:
    folder = Folder(tmp_path, "tiny")
    folder.set_current(folder.save(tiny_city).version)
    return folder


def other(city: City) -> City:
    return replace(city, name={"zh-CN": "新城", "en": "New"})


def spoil(folder: Folder, version: str, file: str) -> Path:
    path = folder.path / version / file
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    return path


def test_a_city_comes_back_as_it_was(folder: Folder, tiny_city: City) -> None:
    found = folder.current()
    assert same(replace(found, version=""), replace(tiny_city, version=""))
    assert folder.versions() == (found.version,)


def test_the_same_content_has_the_same_version(folder: Folder, tiny_city: City) -> None:
    assert folder.save(replace(tiny_city, version="x")).version == folder.current().version
    assert folder.save(other(tiny_city)).version != folder.current().version


@pytest.mark.parametrize("file", ["zones.population.npy", "strings.json", "city.json"])
def test_a_damaged_file_is_named(folder: Folder, file: str) -> None:
    version = folder.current().version
    spoil(folder, version, file)
    with pytest.raises(CorruptDataError, match=file.replace(".", r"\.")):
        folder.load(version)


def test_a_missing_file_is_named(folder: Folder) -> None:
    version = folder.current().version
    (folder.path / version / "roads.start.npy").unlink()
    with pytest.raises(CorruptDataError, match=r"roads\.start\.npy.*missing"):
        folder.load(version)


def test_a_spoilt_pointer_is_named_and_mended_by_building_again(
    folder: Folder, tiny_city: City
) -> None:
    (folder.path / "current").write_bytes(b"\xff\xfe\x00")
    fresh = Folder(folder.path.parent.parent, folder.path.name)
    with pytest.raises(NotFoundError):
        fresh.current()
    fresh.set_current(fresh.save(tiny_city).version)
    assert fresh.current().id == tiny_city.id


def test_a_damaged_version_is_refused_and_the_old_one_served(
    folder: Folder, tiny_city: City
) -> None:
    before = folder.current()
    new = folder.save(other(tiny_city))
    spoil(folder, new.version, "buildings.xy.npy")
    with pytest.raises(CorruptDataError, match="buildings"):
        folder.set_current(new.version)
    assert folder.current() is before
    assert folder.problem is None


def test_a_version_that_spoils_later_leaves_the_one_before_it(
    folder: Folder, tiny_city: City
) -> None:
    before = folder.current()
    new = folder.set_current(folder.save(other(tiny_city)).version)
    spoil(folder, new.version, "buildings.xy.npy")
    assert folder.current() is before
    assert isinstance(folder.problem, CorruptDataError)
    started_again = Folder(folder.path.parent.parent, "tiny")
    assert started_again.current().version == before.version
    assert "buildings.xy.npy" in str(started_again.problem)


def test_a_new_version_is_taken_up_without_a_restart(folder: Folder, tiny_city: City) -> None:
    folder.current()
    new = folder.save(other(tiny_city))
    Folder(folder.path.parent.parent, "tiny").set_current(new.version)
    assert folder.current().version == new.version


def test_a_half_written_version_is_not_seen(folder: Folder) -> None:
    (folder.path / ".building-abc").mkdir()
    (folder.path / ".building-abc" / "city.json").write_text("{")
    (folder.path / "0123456789abcdef").mkdir()
    assert len(folder.versions()) == 1


def test_a_city_never_built_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="rencheng city build"):
        Folder(tmp_path, "nowhere").current()


def test_saving_again_mends_a_damaged_version(folder: Folder, tiny_city: City) -> None:
    version = folder.current().version
    spoil(folder, version, "zones.id.npy")
    assert folder.save(tiny_city).version == version
    assert folder.load(version).version == version


def test_versions_are_kept_newest_first_and_a_damaged_one_is_left_out(
    folder: Folder, tiny_city: City
) -> None:
    first = folder.current().version
    second = folder.save(other(tiny_city)).version
    os.utime(folder.path / first / "city.json", (1, 1))
    assert [(one.version, one.is_current) for one in folder.kept()] == [
        (second, False),
        (first, True),
    ]
    assert folder.kept()[0].buildings == tiny_city.buildings.id.size
    (folder.path / second / "roads.id.npy").unlink()
    assert [one.version for one in folder.kept()] == [first]
