from __future__ import annotations

from pathlib import Path

import pytest

from rencheng.adapters.files import data_folder
from rencheng.adapters.replay.scenarios import EVIDENCE, ScenarioFolder, read_scenario
from rencheng.domain.errors import CorruptDataError, NotFoundError
from rencheng.domain.hazard import BulletinKind

SHIPPED = data_folder() / "scenarios" / "illapel_2015" / "scenario.toml"


def test_the_shipped_scenario_tells_the_public_timeline() -> None:
    file = ScenarioFolder().file("illapel_2015")
    after = {
        b.kind: (b.issued - file.scenario.origin).total_seconds() / 60.0 for b in file.bulletins
    }
    assert after[BulletinKind.TSUNAMI_ALERT] == 8.0
    assert after[BulletinKind.EVACUATION_ORDER] == 11.0
    assert [s.id for s in ScenarioFolder().list()] == ["illapel_2015"]


def test_every_bulletin_names_source_and_evidence() -> None:
    for bulletin in ScenarioFolder().file("illapel_2015").bulletins:
        assert bulletin.source
        assert bulletin.evidence in EVIDENCE


def test_an_unknown_scenario_is_said_to_be_unknown() -> None:
    with pytest.raises(NotFoundError):
        ScenarioFolder().get("../../etc")


def test_all_faults_of_a_scenario_are_named_at_once(tmp_path: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    text = text.replace(
        'evidence = "A"\nsource = "The first', 'evidence = "Z"\nsource = "The first'
    )
    text = text.replace('kind = "tsunami_cancel"', 'kind = "rumour"')
    text = text.replace("[tide]", "[tides]")
    file = tmp_path / "scenario.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CorruptDataError) as refused:
        read_scenario(file)
    assert [f.where for f in refused.value.faults] == ["tide", "bulletin[0]", "bulletin[5]"]


def test_a_scenario_that_is_no_toml_is_corrupt(tmp_path: Path) -> None:
    file = tmp_path / "scenario.toml"
    file.write_bytes(b"\xff\x00")
    with pytest.raises(CorruptDataError):
        read_scenario(file)
