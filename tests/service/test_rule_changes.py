"""Rules that change while the service runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from ops_kit import Kit, make_kit
from rencheng.adapters.watch_packs import OFFICE_FOLDER, open_watch
from rencheng.adapters.words import both
from rencheng.domain.alarm import Alarm, Level
from rencheng.service.following import Follower
from rencheng.service.rule_changes import BROKEN_RULE, RuleChanges
from service.test_watching import gauges, hear

HEAD = """
schema = "rencheng/alarms/2"
id = "office"
version = "{version}"
title_zh = "本单位"
title_en = "Office"
jurisdiction = "*"
status = "unverified"
source = "ours"
valid_from = "2026-01-01"
"""
RULE = """
[[rule]]
id = "{id}"
title_zh = "雨"
title_en = "Rain"
quantity = "rain"
speaks = "city"
steps = [{{ level = {level}, at = {at} }}]
"""


class Office:
    """A house whose rules lie in a folder, and a hand that changes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / OFFICE_FOLDER).mkdir()
        self.write("1", RULE.format(id="rain", level=2, at=20))
        self.kit: Kit = make_kit(folder, gauges(), watch=open_watch(folder))
        self.changes = RuleChanges(self.kit.house)
        self.stamp = 0

    def write(self, version: str, rules: str) -> None:
        (self.folder / OFFICE_FOLDER / "office.toml").write_text(
            HEAD.format(version=version) + rules, encoding="utf-8"
        )

    def looked(self) -> bool:
        """Return whether other rules are in force after the looks that a change needs."""
        self.stamp += 1
        for file in (self.folder / OFFICE_FOLDER).iterdir():
            os.utime(file, ns=(self.stamp, self.stamp))
        looks = [self.changes.look() for _ in range(3)]
        return any(looks)

    def open(self, rule: str = "office/rain") -> list[Alarm]:
        where = {"is_open": "true", "rule": rule}
        found: list[Alarm] = self.kit.see(lambda work: work.alarms.list("live", where=where))
        return found


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.kit.store.close()


def test_a_new_version_judges_what_comes_and_what_was(office: Office) -> None:
    hear(office.kit, (0, 0, 15))
    assert office.open() == []
    office.write("2", RULE.format(id="rain", level=2, at=10))
    assert office.looked()
    assert "rules.changed" in office.kit.actions()
    assert hear(office.kit, (1, 60, 0)) == 1
    (alarm,) = office.open()
    assert (alarm.rule_version, alarm.level) == ("2", Level.ORANGE)


def test_an_open_alarm_stays_and_takes_the_new_version_and_level(office: Office) -> None:
    hear(office.kit, (0, 0, 25))
    (before,) = office.open()
    office.write("2", RULE.format(id="rain", level=1, at=20))
    office.looked()
    hear(office.kit, (1, 60, 0))
    (after,) = office.open()
    assert (after.id, after.rule_version, after.level) == (before.id, "2", Level.RED)


def test_an_open_alarm_is_cleared_where_the_new_version_says_so(office: Office) -> None:
    hear(office.kit, (0, 0, 25), (1, 0, 0), (2, 0, 0))
    office.write("2", RULE.format(id="rain", level=2, at=30))
    office.looked()
    hear(office.kit, (1, 60, 0))
    assert office.open() == []


@pytest.mark.parametrize("gone", ["is_on = false\n", "other"])
def test_the_alarms_of_a_rule_that_is_gone_or_off_are_cleared(office: Office, gone: str) -> None:
    hear(office.kit, (0, 0, 25))
    if gone == "other":
        office.write("2", RULE.format(id="other", level=2, at=20))
    else:
        office.write("2", gone + RULE.format(id="rain", level=2, at=20))
    office.looked()
    assert office.open() == []


def test_a_broken_file_leaves_the_rules_before_in_force_and_is_an_alarm(office: Office) -> None:
    office.write("2", RULE.format(id="rain", level=9, at=20))
    assert not office.looked()
    (alarm,) = office.open(BROKEN_RULE)
    assert alarm.object == "office.toml"
    assert "level = 9" in both(alarm.text)[0]
    assert hear(office.kit, (0, 0, 25)) == 1
    assert office.open()[0].rule_version == "1"
    office.write("3", RULE.format(id="rain", level=2, at=20))
    assert office.looked()
    assert office.open(BROKEN_RULE) == []


def test_a_file_that_is_being_written_is_left_alone(office: Office) -> None:
    office.changes.look()
    for version in ("2", "3", "4"):
        office.write(version, RULE.format(id="rain", level=2, at=int(version)))
        office.stamp += 1
        os.utime(office.folder / OFFICE_FOLDER / "office.toml", ns=(office.stamp, office.stamp))
        assert not office.changes.look()
    assert office.changes.look()
    assert not office.changes.look()


def test_a_pack_that_is_taken_away_ends(office: Office) -> None:
    hear(office.kit, (0, 0, 25))
    (office.folder / OFFICE_FOLDER / "office.toml").unlink()
    assert office.looked()
    assert office.open() == []
    assert all(pack.id != "office" for pack in office.kit.house.watch.packs)


def test_a_running_service_takes_up_a_new_version_by_itself(office: Office) -> None:
    hear(office.kit, (0, 0, 15))
    woken = Event()
    follower = Follower(office.kit.house, lambda _run: woken.set())
    follower.start()
    try:
        office.write("2", RULE.format(id="rain", level=2, at=10))
        assert woken.wait(60), "the rules were not taken up"
        while not (found := office.open()):
            woken.wait(0.05)
    finally:
        follower.stop()
    assert found[0].rule_version == "2", "what is known already is judged by the new version"
