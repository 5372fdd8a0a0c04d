"""Every connector holds the contract: built in, scaffolded, installed or in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from rencheng.connectors import manifests
from rencheng.connectors.contract import examples, faults_of
from rencheng.connectors.manifests import connectors, open_folder
from rencheng.connectors.scaffold import scaffold
from rencheng.connectors.shape import Both, Connector
from rencheng.domain.errors import InvalidInputError

BUILT_IN = connectors()


def said(connector: Connector) -> list[str]:
    return [f"{fault.where}: {fault.problem}" for fault in faults_of(connector)]


@pytest.mark.parametrize("connector", BUILT_IN.values(), ids=BUILT_IN)
def test_holds_the_contract(connector: Connector) -> None:
    assert examples(connector)
    assert said(connector) == []


@pytest.mark.parametrize("connector", BUILT_IN.values(), ids=BUILT_IN)
def test_speaks_both_languages_and_declares_units(connector: Connector) -> None:
    manifest = connector.manifest
    sentences = [manifest.name, manifest.about, *(one.help for one in manifest.settings)]
    assert all(isinstance(one, Both) and one.zh and one.en for one in sentences)
    assert all(any("\u4e00" <= c <= "\u9fff" for c in one.zh) for one in sentences)
    assert manifest.licence
    assert all(one.unit for one in manifest.outputs)


def test_a_new_one_holds_the_contract_at_once_and_is_found(tmp_path: Path) -> None:
    made = open_folder(scaffold(tmp_path, "my_gauges"))
    assert said(made) == []
    assert connectors(tmp_path)["my_gauges"].origin == "folder"


def test_one_that_goes_out_by_itself_is_found_out(tmp_path: Path) -> None:
    folder = scaffold(tmp_path, "sly")
    code = folder / "connector.py"
    sly = "import socket; socket.create_connection(('127.0.0.1', 9)); answer = get("
    code.write_text(code.read_text("utf-8").replace("answer = get(", sly), "utf-8")
    assert any("goes out by itself" in one for one in said(open_folder(folder)))


def test_ids_made_of_the_clock_are_found_out(tmp_path: Path) -> None:
    folder = scaffold(tmp_path, "hasty")
    code = folder / "connector.py"
    text = code.read_text("utf-8").replace('key = f"{gauge}@', 'key = f"{datetime.now()}{gauge}@')
    code.write_text(text, "utf-8")
    assert any("other ids" in one for one in said(open_folder(folder)))


def test_all_faults_of_a_manifest_are_named_at_once(tmp_path: Path) -> None:
    folder = scaffold(tmp_path, "faulty")
    text = (folder / "manifest.toml").read_text("utf-8")
    text = text.replace('unit = "m"', 'unit = ""').replace('way = "polling"', 'way = "magic"')
    (folder / "manifest.toml").write_text(text.replace("required = true\n", ""), "utf-8")
    with pytest.raises(InvalidInputError) as error:
        open_folder(folder)
    where = {fault.where for fault in error.value.faults}
    assert {"output[0]", "way", "setting.url"} <= where


def test_an_installed_package_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = scaffold(tmp_path, "stranger")
    package = tmp_path / "stranger_package"
    folder.rename(package)
    (package / "__init__.py").write_text("", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))

    class Point:
        value = "stranger_package"

    monkeypatch.setattr(manifests, "entry_points", lambda group: [Point()])
    found = connectors()["stranger"]
    assert found.origin == "entry point"
    assert said(found) == []
