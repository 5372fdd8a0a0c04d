"""Warnings: a second person, a ready correction, the approved area and nothing else."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from ops_kit import CHIEF, DEPUTY, DUTY, FIELD, T0, Kit, OneCity
from rencheng.domain.alert import Alert, AlertStatus, MessageType
from rencheng.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    RenchengError,
)
from rencheng.domain.provenance import Mode
from rencheng.service import alerts
from rencheng.service.alerts import AlertContent


def content(kit: Kit, run: str = "live", **changes: object) -> AlertContent:
    return replace(alerts.suggestion(kit.house, run, "tsunami"), **changes)


def drafted(kit: Kit, run: str = "live", **changes: object) -> Alert:
    return alerts.draft(kit.house, kit.order(DUTY, run), content(kit, run, **changes))


def sent(kit: Kit, run: str = "live", **changes: object) -> Alert:
    alert = drafted(kit, run, **changes)
    return alerts.approve(kit.house, kit.order(CHIEF, run), alert.id, alert.version)


def listed(kit: Kit, run: str = "live") -> list[Alert]:
    return kit.see(lambda work: work.alerts.list(run))


def test_a_second_person_sends_what_the_first_drafted(kit: Kit) -> None:
    alert = sent(kit)
    assert (alert.status, alert.drafted_by, alert.approved_by) == (
        AlertStatus.SENT, "duty", "chief",
    )  # fmt: skip
    assert alert.sent == T0
    queued = kit.see(lambda work: alerts.deliveries_of(work, alert))
    assert {(one.subscriber, one.state, one.seq) for one in queued} == {
        ("radio", "queued", 1), ("console", "queued", 1),
    }  # fmt: skip
    assert kit.actions() == ["alert.drafted", "alert.sent"]


def test_the_drafter_cannot_approve_alone_without_a_named_reason(kit: Kit) -> None:
    alert = alerts.draft(kit.house, kit.order(CHIEF), content(kit))
    with pytest.raises(ConflictError) as error:
        alerts.approve(kit.house, kit.order(CHIEF), alert.id, 1)
    assert error.value.key == "alert.second_person"
    alone = alerts.approve(kit.house, kit.order(CHIEF), alert.id, 1, override="电话中断")
    assert alone.override_reason == "电话中断"
    line = kit.see(lambda work: work.log.lines("live", limit=1)[0])
    assert (line.action, line.params["reason"]) == ("alert.sent_alone", "电话中断")
    assert kit.events()[-2:] == ["event", "alert"], "announced to everybody"


def test_who_edits_a_draft_is_its_drafter(kit: Kit) -> None:
    alert = drafted(kit)
    edited = alerts.edit(kit.house, kit.order(CHIEF), alert.id, 1, content(kit))
    with pytest.raises(ConflictError):
        alerts.approve(kit.house, kit.order(CHIEF), alert.id, edited.version)
    alerts.approve(kit.house, kit.order(DEPUTY), alert.id, edited.version)


def test_the_correction_draft_exists_the_moment_the_warning_is_sent(kit: Kit) -> None:
    alert = sent(kit)
    waiting = [one for one in listed(kit) if one.status is AlertStatus.DRAFT]
    assert [(one.kind, one.correction_of, one.references) for one in waiting] == [
        (MessageType.UPDATE, alert.id, (alert.id,))
    ]
    assert alerts.correct(kit.house, kit.order(DUTY), alert.id) == waiting[0]


def test_a_correction_needs_two_people_too(kit: Kit) -> None:
    alert = sent(kit)
    waiting = alerts.correct(kit.house, kit.order(DUTY), alert.id)
    with pytest.raises(ConflictError) as error:
        alerts.approve(kit.house, kit.order(CHIEF), waiting.id, 1)
    assert error.value.key == "alert.unedited"
    edited = alerts.edit(kit.house, kit.order(DUTY), waiting.id, 1, content(kit, zones=(101,)))
    update = alerts.approve(kit.house, kit.order(CHIEF), edited.id, edited.version)
    assert update.kind is MessageType.UPDATE
    second = alerts.correct(kit.house, kit.order(DUTY), alert.id)
    assert set(second.references) == {alert.id, update.id}


@pytest.mark.parametrize("zones", [(), (999,), (101, 101)])
def test_an_area_that_is_absent_or_unknown_is_refused(kit: Kit, zones: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInputError):
        sent(kit, zones=zones)
    assert not [one for one in listed(kit) if one.sent]


def test_an_area_that_changed_after_drafting_is_refused(kit: Kit) -> None:
    alert = drafted(kit)
    city = kit.house.cities.current()
    shapes = replace(city.zones.shapes, xy=city.zones.shapes.xy + 0.001)
    moved = replace(city, zones=replace(city.zones, shapes=shapes))
    house = replace(kit.house, cities=OneCity(moved))
    with pytest.raises(ConflictError) as error:
        alerts.approve(house, kit.order(CHIEF), alert.id, 1)
    assert error.value.key == "alert.area"


def test_an_outline_that_crosses_itself_is_refused(kit: Kit) -> None:
    city = kit.house.cities.current()
    xy = city.zones.shapes.xy.copy()
    xy[[1, 2]] = xy[[2, 1]]
    broken = replace(city, zones=replace(city.zones, shapes=replace(city.zones.shapes, xy=xy)))
    crossed = replace(kit, house=replace(kit.house, cities=OneCity(broken)))
    with pytest.raises(InvalidInputError) as error:
        sent(crossed, zones=(101,))
    assert error.value.key == "alert.area_invalid"


def test_what_has_expired_is_not_sent(kit: Kit) -> None:
    alert = drafted(kit)
    kit.clock.forward(days=2)
    with pytest.raises(ConflictError):
        alerts.approve(kit.house, kit.order(CHIEF), alert.id, 1)


def test_all_faults_are_named_at_once(kit: Kit) -> None:
    info = replace(
        content(kit).infos[0], headline="同一句话", description="同一句话", instruction=""
    )
    alert = drafted(kit, infos=(info, info), zones=(), expires=T0 + timedelta(days=60))
    with pytest.raises(InvalidInputError) as error:
        alerts.approve(kit.house, kit.order(CHIEF), alert.id, 1)
    assert {fault.key for fault in error.value.faults} >= {
        "alert.no_area", "alert.empty", "alert.same_text", "alert.too_long",
        "alert.language_twice", "alert.untranslated",
    }  # fmt: skip


def test_of_two_people_approving_one_wins_and_the_other_is_told(kit: Kit) -> None:
    alert, start, told = drafted(kit), threading.Barrier(2), []

    def approve(actor: object) -> None:
        start.wait()
        try:
            alerts.approve(kit.house, kit.order(actor), alert.id, 1)
        except RenchengError as error:
            told.append(error.key)

    threads = [threading.Thread(target=approve, args=(one,)) for one in (CHIEF, DEPUTY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == ["store.version"]
    assert kit.actions().count("alert.sent") == 1


def test_a_retry_sends_nobody_twice(kit: Kit) -> None:
    alert = drafted(kit)
    for _ in range(3):
        alerts.approve(kit.house, kit.order(CHIEF, id="k1"), alert.id, 1)
    assert len(kit.see(lambda work: work.deliveries.list("live"))) == 2
    with pytest.raises(ConflictError):
        alerts.cancel(kit.house, kit.order(CHIEF, id="k1"), alert.id, 2, "别的事")


def test_cancelling_takes_back_the_whole_chain_and_tells_whoever_got_it(kit: Kit) -> None:
    alert = sent(kit)
    waiting = alerts.correct(kit.house, kit.order(DUTY), alert.id)
    edited = alerts.edit(kit.house, kit.order(DUTY), waiting.id, 1, content(kit, zones=(101,)))
    update = alerts.approve(kit.house, kit.order(CHIEF), edited.id, edited.version)
    gone = alerts.cancel(kit.house, kit.order(CHIEF), update.id, update.version, "误报")
    assert gone.status is AlertStatus.CANCELLED
    by_id = {one.id: one for one in listed(kit)}
    assert by_id[alert.id].status is AlertStatus.CANCELLED
    message = next(one for one in by_id.values() if one.kind is MessageType.CANCEL)
    assert set(message.references) == {alert.id, update.id}
    assert message.status is AlertStatus.SENT
    assert "误报" in message.infos[0].description
    assert not [one for one in by_id.values() if one.status is AlertStatus.DRAFT]
    assert [one.seq for one in kit.see(lambda work: alerts.deliveries_of(work, message))] == [3, 3]


def test_a_draft_is_discarded_without_a_word_outside(kit: Kit) -> None:
    alert = drafted(kit)
    gone = alerts.cancel(kit.house, kit.order(DUTY), alert.id, 1, "重复")
    assert gone.status is AlertStatus.DISCARDED
    assert kit.see(lambda work: work.deliveries.list("live")) == []
    with pytest.raises(ConflictError):
        alerts.approve(kit.house, kit.order(CHIEF), alert.id, 2)


@pytest.mark.parametrize("mode", [Mode.REPLAY, Mode.DRILL, Mode.TEST])
def test_nothing_but_live_is_queued_for_a_live_channel(kit: Kit, mode: Mode) -> None:
    alert = sent(kit, kit.replay(mode=mode))
    made = kit.see(lambda work: alerts.deliveries_of(work, alert))
    assert {(one.channel, one.state, one.reason, bool(one.payload)) for one in made} == {
        ("outside", "blocked", "mode", False), ("console", "queued", "", True),
    }  # fmt: skip


def test_who_may_do_what(kit: Kit) -> None:
    alert = drafted(kit)
    with pytest.raises(NotAllowedError):
        alerts.draft(kit.house, kit.order(FIELD), content(kit))
    with pytest.raises(NotAllowedError):
        alerts.approve(kit.house, kit.order(DUTY), alert.id, 1)
    with pytest.raises(NotAllowedError):
        done = alerts.approve(kit.house, kit.order(CHIEF), alert.id, 1)
        alerts.cancel(kit.house, kit.order(DUTY), alert.id, done.version, "误报")


@pytest.mark.parametrize("event", ["tsunami", "earthquake"])
def test_a_suggested_text_names_place_and_time_by_itself(kit: Kit, event: str) -> None:
    made = alerts.suggestion(kit.house, "live", event)
    city = kit.house.cities.current()
    for info in made.infos:
        place = city.name.get(info.language) or city.name["en"]
        assert place in info.headline
        assert place in info.description
        assert "2015-09-16 19:54" in info.headline
    coastal = tuple(int(zone) for zone in city.zones.id[city.zones.is_coastal])
    assert made.zones == (coastal if event == "tsunami" else tuple(map(int, city.zones.id)))
    assert alerts.faults(drafted(kit)) == ()
