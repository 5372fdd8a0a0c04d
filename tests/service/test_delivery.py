"""The way out: in order, numbered, again when it fails, never expired, never a drill."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ops_kit import CHIEF, DUTY, Kit
from rencheng.domain.alert import Alert
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.provenance import Mode
from rencheng.service import alerts
from rencheng.service.delivery import deliver
from rencheng.service.ports import Delivery


def send(kit: Kit, run: str = "live") -> Alert:
    content = alerts.suggestion(kit.house, run, "tsunami")
    draft = alerts.draft(kit.house, kit.order(DUTY, run), content)
    return alerts.approve(kit.house, kit.order(CHIEF, run), draft.id, 1)


def states(kit: Kit, run: str = "live", subscriber: str = "radio") -> list[str]:
    where = {"subscriber": subscriber}
    return [one.state for one in kit.see(lambda work: work.deliveries.list(run, where=where))][::-1]


def test_what_is_sent_leaves_once_and_numbered_without_holes(kit: Kit) -> None:
    for _ in range(3):
        send(kit)
    assert deliver(kit.house).sent == 6
    assert deliver(kit.house).sent == 0
    assert [one.seq for one in kit.outside.sent] == [1, 2, 3]
    assert [one.seq for one in kit.inside.sent] == [1, 2, 3]
    assert kit.actions().count("delivery.sent") == 6


@pytest.mark.parametrize("mode", [Mode.REPLAY, Mode.DRILL, Mode.TEST])
def test_a_drill_never_reaches_a_live_channel_even_if_it_was_queued(kit: Kit, mode: Mode) -> None:
    run = kit.replay(mode=mode)
    send(kit, run)

    def force(work: object) -> None:
        for one in work.deliveries.list(run, where={"subscriber": "radio"}):
            work.deliveries.replace(replace(one, state="queued", payload="x", seq=1))

    kit.keep(force)
    assert deliver(kit.house).blocked == 1
    assert kit.outside.sent == []
    assert states(kit, run) == ["blocked"]
    assert [one.mode for one in kit.inside.sent] == [mode]


def test_expiry_is_looked_at_in_the_moment_of_sending(kit: Kit) -> None:
    send(kit)
    kit.clock.forward(days=3)
    assert deliver(kit.house).expired == 2
    assert kit.outside.sent == []
    assert states(kit) == ["expired"]


def test_what_fails_is_tried_again_later_and_in_order(kit: Kit) -> None:
    kit.outside.failures = 2
    send(kit)
    send(kit)
    assert deliver(kit.house).retried == 1
    assert deliver(kit.house).retried == 0, "not before its time"
    kit.clock.forward(seconds=3)
    assert deliver(kit.house).retried == 1
    kit.clock.forward(seconds=3)
    assert deliver(kit.house).sent == 0, "the wait grows"
    kit.clock.forward(seconds=3)
    assert deliver(kit.house).sent == 2
    assert [one.seq for one in kit.outside.sent] == [1, 2]


def test_what_never_succeeds_is_a_dead_letter_that_everybody_sees(kit: Kit) -> None:
    kit.outside.failures = 999
    send(kit)
    for _ in range(kit.house.settings.retries):
        deliver(kit.house)
        kit.clock.forward(minutes=10)
    assert states(kit) == ["failed"]
    assert deliver(kit.house).failed == 0
    dead = kit.see(lambda work: work.deliveries.list("live", where={"state": "failed"}))[0]
    assert (dead.attempts, dead.reason) == (kit.house.settings.retries, "unavailable")
    assert "delivery.failed" in kit.actions()


def test_a_refusal_is_final_and_lets_the_next_one_pass(kit: Kit) -> None:
    def refuse_first(delivery: Delivery) -> None:
        if delivery.seq == 1:
            raise InvalidInputError("notify.empty", "no", hint="no")
        kit.outside.sent.append(delivery)

    kit.outside.send = refuse_first
    send(kit)
    send(kit)
    deliver(kit.house)
    deliver(kit.house)
    assert states(kit) == ["failed", "sent"]


def test_a_broken_channel_does_not_stop_the_others(kit: Kit) -> None:
    def bug(delivery: Delivery) -> None:
        raise ZeroDivisionError

    kit.outside.send = bug
    send(kit)
    deliver(kit.house)
    assert states(kit) == ["failed"]
    assert states(kit, subscriber="console") == ["sent"]


def test_a_channel_that_is_gone_is_said_to_be_gone(kit: Kit) -> None:
    send(kit)
    house = replace(kit.house, channels=(kit.inside,))
    assert deliver(house).failed == 1
    assert states(kit) == ["failed"]


def test_two_passes_at_once_do_not_send_twice(kit: Kit) -> None:
    send(kit)
    honest = kit.outside.send

    def slow(delivery: Delivery) -> None:
        deliver(kit.house)
        honest(delivery)

    kit.outside.send = slow
    deliver(kit.house)
    assert len(kit.outside.sent) == 1


def test_a_claim_that_was_never_finished_is_tried_again(kit: Kit) -> None:
    send(kit)

    def die(delivery: Delivery) -> None:
        raise KeyboardInterrupt

    honest, kit.outside.send = kit.outside.send, die
    with pytest.raises(KeyboardInterrupt):
        deliver(kit.house)
    kit.outside.send = honest
    kit.clock.forward(seconds=3)
    deliver(kit.house)
    assert [one.seq for one in kit.outside.sent] == [1]
