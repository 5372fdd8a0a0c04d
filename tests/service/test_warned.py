"""Warnings of others and the alarms that they raise."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ops_kit import T0, Kit, make_kit
from rencheng.adapters.watch_packs import open_watch
from rencheng.adapters.words import both
from rencheng.connectors.taking import actor_of
from rencheng.domain.alarm import Alarm, Level
from rencheng.domain.alert import MessageType
from rencheng.domain.warning import ForeignWarning, Signature, WarningArea, WarningInfo
from rencheng.service.foreign import WarningItem, take_warning
from rencheng.service.house import Command
from rencheng.service.warned import is_over, review_warnings
from tiny_city import make_tiny_city

CITY = make_tiny_city()
INFO = WarningInfo(
    language="en", event="Rain", categories=("Met",), urgency="Expected", severity="Severe",
    certainty="Likely", effective=T0, onset=None, expires=T0 + timedelta(hours=6),
    sender_name="Met Office", headline="", description="", instruction="", web="", contact="",
)  # fmt: skip
FIRST = WarningItem(
    sender="o@o.example", identifier="1", sent=T0 - timedelta(minutes=10), status="Actual",
    kind=MessageType.ALERT, scope="Public", references=(), infos=(INFO,),
    signature=Signature.NONE, signed_by="", findings=(), original=b"<alert/>",
)  # fmt: skip


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return make_kit(tmp_path, CITY, watch=open_watch())


def take(kit: Kit, item: WarningItem) -> ForeignWarning:
    return take_warning(kit.house, Command(actor=actor_of("a"), run="live"), item, "a")


def looked(kit: Kit) -> list[Alarm]:
    review_warnings(kit.house, "live", CITY, kit.clock())
    review_warnings(kit.house, "live", CITY, kit.clock())
    found: list[Alarm] = kit.see(lambda work: work.alarms.list("live", where={"is_open": "true"}))
    return found


def saying(**changes: Any) -> WarningItem:
    return replace(FIRST, infos=(replace(INFO, **changes),))


def test_a_warning_in_force_raises_one_alarm_and_its_end_clears_it(kit: Kit) -> None:
    take(kit, FIRST)
    [alarm] = looked(kit)
    assert (alarm.rule, alarm.level) == ("warnings/in_force", Level.ORANGE)
    assert "Met Office" in both(alarm.text)[1]
    kit.clock.forward(hours=7)
    assert looked(kit) == []


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({"severity": "Extreme"}, Level.RED),
        ({"severity": "Moderate"}, Level.YELLOW),
        ({"severity": "Minor"}, Level.BLUE),
        ({"severity": "Minor", "parameters": (("ColorCode", "Red"),)}, Level.RED),
        ({"severity": "Extreme", "parameters": (("预警颜色", "蓝色"),)}, Level.BLUE),
        ({"severity": "Severe", "parameters": (("note", "red cross"),)}, Level.ORANGE),
    ],
)
def test_the_colour_of_a_message_wins_over_its_severity(
    kit: Kit, changes: dict[str, Any], level: Level
) -> None:
    take(kit, saying(**changes))
    assert [one.level for one in looked(kit)] == [level]


def test_an_update_continues_the_alarm_and_a_cancellation_clears_it(kit: Kit) -> None:
    take(kit, FIRST)
    [before] = looked(kit)
    update = replace(
        saying(severity="Extreme"), identifier="2", kind=MessageType.UPDATE,
        sent=T0 - timedelta(minutes=5), references=(FIRST.key,),
    )  # fmt: skip
    take(kit, update)
    [after] = looked(kit)
    assert (after.id, after.level) == (before.id, Level.RED)
    cancel = replace(
        update, identifier="3", kind=MessageType.CANCEL, sent=T0 - timedelta(minutes=1),
        references=(FIRST.key, update.key), infos=(),
    )  # fmt: skip
    take(kit, cancel)
    assert looked(kit) == []


@pytest.mark.parametrize(
    "item",
    [
        replace(FIRST, status="Exercise"),
        replace(FIRST, signature=Signature.BAD),
        saying(severity="Unknown"),
        saying(areas=(WarningArea(text="far away", circles=((0.0, 0.0, 5.0),)),)),
    ],
)
def test_exercises_forgeries_and_what_is_far_away_raise_nothing(
    kit: Kit, item: WarningItem
) -> None:
    take(kit, item)
    assert looked(kit) == []


def test_an_alarm_of_a_warning_survives_a_start_of_the_rules(kit: Kit) -> None:
    take(kit, FIRST)
    [before] = looked(kit)
    again = replace(kit.house, watch=open_watch())
    review_warnings(again, "live", CITY, kit.clock())
    assert kit.see(lambda work: work.alarms.get(before.id)).is_open


def test_areas_are_over_the_city_by_zone_or_box_and_codes_alone_count(kit: Kit) -> None:
    west, south, east, north = CITY.bbox
    around = ((west - 1, south - 1), (east + 1, south - 1), (east + 1, north + 1),
              (west - 1, north + 1), (west - 1, south - 1))  # fmt: skip
    beside = tuple((lon + 20, lat) for lon, lat in around)

    def over(area: WarningArea) -> bool:
        return is_over(CITY, take(kit, replace(saying(areas=(area,)), identifier=repr(area))))

    assert over(WarningArea(text="around", polygons=(around,)))
    assert not over(WarningArea(text="beside", polygons=(beside,)))
    assert over(WarningArea(text="coded", geocodes=(("adcode", "370200"),)))
    assert over(WarningArea(text="wide", circles=((west - 1, south, 400.0),)))
