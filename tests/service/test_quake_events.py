"""Two catalogues, one earthquake: one event, both solutions, one preferred."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from math import nan

import pytest

from ops_kit import DEVICE, T0, Kit
from rencheng.connectors.shape import Delivery
from rencheng.connectors.taking import take
from rencheng.domain.alarm import Level
from rencheng.domain.hazard import Bulletin, BulletinKind, ShakingMap
from rencheng.service import bulletins, incidents
from rencheng.service.foreign import map_of, take_map
from rencheng.service.ingest import BulletinItem, ingest_bulletin

CSN = BulletinItem(
    id="csn/1", event="csn", kind=BulletinKind.EARTHQUAKE, issuer="CSN",
    issued=T0 + timedelta(minutes=5), origin_time=T0, lon=-71.674, lat=-31.573, depth_km=22.4,
    magnitude=7.9, magnitude_sd=nan, text="", source="https://csn.example/1", catalogue="feed:csn",
)  # fmt: skip
USGS = replace(
    CSN, id="us/1", event="us2000", issuer="US", issued=T0 + timedelta(minutes=9),
    origin_time=T0 + timedelta(seconds=2), lat=-31.51, magnitude=8.3,
    source="https://us.example/2000", catalogue="feed:us",
)  # fmt: skip


def send(kit: Kit, item: BulletinItem, **changes: object) -> Bulletin:
    kit.clock.time = max(kit.clock(), T0 + timedelta(minutes=40))
    return ingest_bulletin(kit.house, kit.order(DEVICE), replace(item, **changes))


def later(item: BulletinItem, minutes: float, **changes: object) -> BulletinItem:
    issued = item.issued + timedelta(minutes=minutes)
    return replace(item, id=f"{item.id}+{minutes:g}", issued=issued, **changes)


def kept(kit: Kit) -> dict[str, str]:
    """Return the event of each entry of a catalogue."""
    return {one.own: one.event for one in kit.see(lambda work: work.bulletins.list("live"))}


def word(kit: Kit) -> Bulletin:
    return kit.see(lambda work: bulletins.latest(work, "live"))


def test_two_catalogues_make_one_event_one_alarm_and_one_incident(kit: Kit) -> None:
    send(kit, CSN)
    send(kit, USGS)
    assert kept(kit) == {"csn": "csn", "us2000": "csn"}
    found = kit.see(lambda work: work.bulletins.list("live", where={"event": "csn"}))
    assert {one.source for one in found} == {CSN.source, USGS.source}
    assert [one.event for one in kit.see(lambda work: work.incidents.list("live"))] == ["csn"]
    alarms = kit.see(lambda work: work.alarms.list("live"))
    assert [(one.object, one.level) for one in alarms] == [("csn", Level.RED)]
    assert kit.actions().count("bulletin.joined") == 1


def test_the_first_catalogue_keeps_the_word_and_a_change_of_it_is_logged(kit: Kit) -> None:
    send(kit, CSN)
    send(kit, USGS)
    send(kit, later(USGS, 3, magnitude=8.4))
    assert (word(kit).issuer, word(kit).magnitude) == ("CSN", 7.9)
    send(kit, later(CSN, 10, magnitude=8.2))
    assert "bulletin.preferred" not in kit.actions()
    assert "8.2" in kit.see(lambda work: incidents.current(work, "live")).name_en

    send(kit, later(CSN, 20, kind=BulletinKind.WITHDRAWN))
    assert (word(kit).issuer, word(kit).magnitude) == ("US", 8.4)
    assert kit.actions().count("bulletin.preferred") == 1
    incident = kit.see(lambda work: incidents.current(work, "live"))
    assert "8.4" in incident.name_en
    (alarm,) = kit.see(lambda work: work.alarms.list("live"))
    assert alarm.cleared is None


def test_when_every_catalogue_has_withdrawn_it_the_alarm_ends(kit: Kit) -> None:
    send(kit, CSN)
    send(kit, USGS)
    for item in (CSN, USGS):
        send(kit, later(item, 15, kind=BulletinKind.WITHDRAWN))
    (alarm,) = kit.see(lambda work: work.alarms.list("live"))
    assert alarm.cleared is not None


def test_a_catalogue_that_says_less_lowers_no_alarm_of_another(kit: Kit) -> None:
    send(kit, USGS)
    send(kit, CSN, magnitude=6.9)
    (alarm,) = kit.see(lambda work: work.alarms.list("live"))
    assert alarm.level is Level.RED


AFTER = {"origin_time": T0 + timedelta(seconds=11), "magnitude": 7.2}
"""An aftershock eleven seconds after the main shock."""


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_main_shock_and_aftershock_are_two_events_in_whatever_order_they_are_heard(
    kit: Kit, order: tuple[int, ...]
) -> None:
    items = (
        CSN,
        USGS,
        replace(CSN, id="csn/2", event="csn-2", **AFTER),
        replace(USGS, id="us/2", event="us-2", **AFTER | {"magnitude": 7.4}),
    )
    for n in order:
        send(kit, items[n])
    found = kept(kit)
    assert found["csn"] == found["us2000"]
    assert found["csn-2"] == found["us-2"]
    assert found["csn"] != found["csn-2"]


def test_an_entry_that_was_taken_for_another_earthquake_moves_and_the_log_says_so(kit: Kit) -> None:
    send(kit, CSN)
    send(kit, USGS, id="us/2", event="us-2", **AFTER)
    assert kept(kit)["us-2"] == "csn"
    send(kit, CSN, id="csn/2", event="csn-2", **AFTER)
    assert kept(kit)["us-2"] == kept(kit)["csn-2"] != "csn"
    assert kit.actions().count("bulletin.moved") == 1


def test_the_same_bulletin_twice_changes_nothing_after_it_joined(kit: Kit) -> None:
    send(kit, CSN)
    first = send(kit, USGS)
    assert send(kit, USGS).id == first.id
    assert kit.actions().count("bulletin.taken") == 2


def test_two_feeds_are_two_catalogues_and_one_feed_is_one(kit: Kit) -> None:
    kit.clock.time = T0 + timedelta(minutes=40)
    geojson = replace(USGS, catalogue="")
    second = replace(geojson, id="us/9", event="us9", origin_time=T0 + timedelta(seconds=6))
    take(kit.house, "usgs", Delivery(bulletins=(geojson, second)))
    take(kit.house, "emsc", Delivery(bulletins=(replace(CSN, catalogue=""),)))
    found = kept(kit)
    assert found["us2000"] != found["us9"]
    assert found["csn"] == found["us2000"]


def test_a_map_of_shaking_is_found_by_the_name_of_any_catalogue(kit: Kit) -> None:
    send(kit, CSN)
    send(kit, USGS)
    given = ShakingMap(
        id="us2000/map/1", event="us2000", revision=1, issuer="US", issued=USGS.issued, west=-72.0,
        north=-31.0, step_lon=0.1, step_lat=0.1, rows=2, columns=2, cells=bytes(48), source="x",
    )  # fmt: skip
    take_map(kit.house, kit.order(DEVICE), given)
    found = kit.see(lambda work: map_of(work, "live", word(kit), kit.clock()))
    assert (found.id, found.event) == ("us2000/map/1", "csn")
