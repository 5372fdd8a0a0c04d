"""Bulletins: kept once, turned into alarms, the first that matters opens the incident."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import nan

import pytest

from ops_kit import DEVICE, T0, Kit
from rencheng.domain.alarm import Level
from rencheng.domain.errors import ConflictError, InvalidInputError
from rencheng.domain.hazard import BulletinKind
from rencheng.service import bulletins, incidents
from rencheng.service.ingest import BulletinItem, ingest_bulletin

QUAKE = BulletinItem(
    id="csn-1", event="illapel", kind=BulletinKind.EARTHQUAKE, issuer="CSN",
    issued=T0 + timedelta(minutes=5), origin_time=T0, lon=-71.674, lat=-31.573, depth_km=22.4,
    magnitude=7.9, magnitude_sd=nan, text="Sismo", source="public record",
)  # fmt: skip


def send(kit: Kit, item: BulletinItem = QUAKE, run: str = "live", **changes: object):
    kit.clock.time = max(kit.clock(), T0 + timedelta(minutes=20))
    return ingest_bulletin(kit.house, kit.order(DEVICE, run), replace(item, **changes))


def test_the_first_bulletin_that_concerns_the_city_opens_one_incident(kit: Kit) -> None:
    send(kit)
    send(kit, id="csn-2", magnitude=8.3)
    found = kit.see(lambda work: work.incidents.list("live"))
    assert [(one.event, one.level, one.xy) for one in found] == [
        ("illapel", None, (-71.674, -31.573))
    ]
    assert kit.see(lambda work: incidents.current(work, "live")) == found[0]
    assert kit.see(lambda work: bulletins.latest(work, "live")).magnitude == 8.3
    assert kit.actions().count("incident.opened") == 1


def test_the_incident_follows_the_newest_bulletin_not_the_last_to_arrive(kit: Kit) -> None:
    late = QUAKE.issued + timedelta(minutes=9)
    send(kit, magnitude=7.2)
    send(kit, id="csn-3", magnitude=8.3, issued=late)
    send(kit, id="csn-2", magnitude=7.9)
    found = kit.see(lambda work: incidents.current(work, "live"))
    assert "8.3" in found.name_en
    assert "8.3" in found.name_zh
    assert kit.actions().count("incident.revised") == 1


@pytest.mark.parametrize(
    ("changes", "opens"),
    [
        ({"magnitude": 4.9}, False),
        ({"magnitude": nan}, False),
        ({"lon": 142.4, "lat": 38.3, "magnitude": 9.1}, False),
        ({"kind": BulletinKind.TSUNAMI_ALERT, "lon": 142.4, "magnitude": nan}, True),
        ({"kind": BulletinKind.TSUNAMI_CANCEL}, False),
    ],
)
def test_not_everything_is_an_incident(kit: Kit, changes: dict[str, object], opens: bool) -> None:
    send(kit, **changes)
    assert bool(kit.see(lambda work: work.incidents.list("live"))) is opens


def test_one_alarm_follows_the_magnitude_as_it_is_revised(kit: Kit) -> None:
    send(kit, magnitude=6.4)
    send(kit, id="csn-2", magnitude=8.3)
    alarms = kit.see(lambda work: work.alarms.list("live"))
    assert [(one.rule, one.object, one.level) for one in alarms] == [
        (bulletins.EARTHQUAKE_RULE, "illapel", Level.RED)
    ]


def test_an_unknown_magnitude_still_raises_an_alarm_and_lowers_none(kit: Kit) -> None:
    send(kit, magnitude=nan)
    assert kit.see(lambda work: work.alarms.list("live"))[0].level is Level.YELLOW


def test_a_tsunami_alarm_stays_until_the_issuer_cancels_it(kit: Kit) -> None:
    send(kit, id="shoa-1", kind=BulletinKind.TSUNAMI_ALERT)
    assert kit.see(lambda work: work.alarms.count("live", where={"is_open": "true"})) == 1
    send(kit, id="shoa-2", kind=BulletinKind.TSUNAMI_CANCEL)
    assert kit.see(lambda work: work.alarms.count("live", where={"is_open": "true"})) == 0


def test_the_same_bulletin_twice_changes_nothing(kit: Kit) -> None:
    first = send(kit)
    lines, events = kit.actions(), kit.events()
    assert repr(send(kit)) == repr(first)
    assert (kit.actions(), kit.events()) == (lines, events)
    with pytest.raises(ConflictError):
        send(kit, magnitude=8.0)


def test_one_feed_enters_many_runs(kit: Kit) -> None:
    first, second = kit.replay("r1"), kit.replay("r2")
    kit.clock.forward(minutes=20)
    assert send(kit, run=first).id != send(kit, run=second).id


def test_all_faults_of_a_bulletin_are_named_at_once(kit: Kit) -> None:
    with pytest.raises(InvalidInputError) as error:
        send(kit, lat=91.0, magnitude=83.0, issued=T0 + timedelta(days=1), event="")
    assert {fault.where for fault in error.value.faults} == {"lat", "magnitude", "issued", "event"}
