from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cycle_kit import tiny_scenario
from ops_kit import AUDITOR, CHIEF, DUTY, FIELD, Kit
from rencheng.domain.errors import ConflictError, InvalidInputError, NotAllowedError
from rencheng.domain.run import Run
from rencheng.service.replay import clock, finish, hold, start_replay, steer

SCENARIO = tiny_scenario().scenario


def start(kit: Kit, speed: float = 60.0, id: str = "") -> Run:
    return start_replay(kit.house, kit.order(DUTY, id=id), SCENARIO, speed=speed)


def test_a_replay_runs_on_the_scenarios_own_clock(kit: Kit) -> None:
    run = start(kit)
    kit.clock.forward(seconds=10)
    now, is_over, speed = clock(kit.house, run.id)
    assert speed == 60.0
    assert now == SCENARIO.start + timedelta(minutes=10)
    assert not is_over


def test_a_pause_stops_the_clock_and_a_new_speed_goes_on_from_there(kit: Kit) -> None:
    run = start(kit)
    kit.clock.forward(seconds=10)
    steer(kit.house, kit.order(CHIEF, run.id), speed=0.0)
    kit.clock.forward(hours=1)
    steer(kit.house, kit.order(CHIEF, run.id), speed=600.0)
    kit.clock.forward(seconds=1)
    assert clock(kit.house, run.id)[0] == SCENARIO.start + timedelta(minutes=20)


def test_a_jump_leads_forward_only(kit: Kit) -> None:
    run = start(kit)
    steer(kit.house, kit.order(DUTY, run.id), jump_to=SCENARIO.origin)
    assert clock(kit.house, run.id)[0] == SCENARIO.origin
    with pytest.raises(InvalidInputError):
        steer(kit.house, kit.order(DUTY, run.id), jump_to=SCENARIO.start)


@pytest.mark.parametrize("speed", [-1.0, 601.0])
def test_a_speed_out_of_bounds_is_refused(kit: Kit, speed: float) -> None:
    with pytest.raises(InvalidInputError):
        start(kit, speed)


@pytest.mark.parametrize("actor", [FIELD, AUDITOR])
def test_not_everybody_may_control_replays(kit: Kit, actor: object) -> None:
    with pytest.raises(NotAllowedError):
        start_replay(kit.house, kit.order(actor), SCENARIO, speed=1.0)  # type: ignore[arg-type]


def test_a_scenario_of_another_city_is_refused(kit: Kit) -> None:
    with pytest.raises(InvalidInputError):
        start_replay(kit.house, kit.order(DUTY), replace(SCENARIO, city="other"), speed=1.0)


def test_a_new_replay_ends_the_one_before(kit: Kit) -> None:
    first = start(kit)
    kit.clock.forward(seconds=5)
    second = start(kit)
    assert clock(kit.house, first.id)[1]
    assert not clock(kit.house, second.id)[1]


def test_starting_twice_with_one_id_starts_one_replay(kit: Kit) -> None:
    assert start(kit, id="k").id == start(kit, id="k").id
    assert len(kit.see(lambda work: work.runs.list("", where={"mode": "replay"}))) == 1


def test_an_ended_replay_cannot_be_steered_and_ends_once(kit: Kit) -> None:
    run = start(kit)
    assert steer(kit.house, kit.order(DUTY, run.id), stop=True).is_over
    finish(kit.house, run.id)
    with pytest.raises(ConflictError):
        steer(kit.house, kit.order(DUTY, run.id), speed=1.0)
    actions = [line.action for line in kit.see(lambda work: work.log.lines(run.id))]
    assert actions == ["replay.ended", "replay.started"]


def test_the_live_clock_cannot_be_steered(kit: Kit) -> None:
    with pytest.raises(ConflictError):
        steer(kit.house, kit.order(DUTY, "live"), speed=2.0)


def test_a_clock_that_outran_its_devices_is_held_where_they_are(kit: Kit) -> None:
    run = start(kit, 600.0)
    kit.clock.forward(seconds=10)
    delivered = SCENARIO.start + timedelta(minutes=40)
    hold(kit.house, run.id, delivered)
    assert clock(kit.house, run.id)[0] == delivered
    kit.clock.forward(seconds=1)
    assert clock(kit.house, run.id)[0] == delivered + timedelta(minutes=10)


def test_holding_never_undoes_a_jump(kit: Kit) -> None:
    run = start(kit)
    steer(kit.house, kit.order(DUTY, run.id), jump_to=SCENARIO.origin)
    kit.clock.forward(seconds=10)
    hold(kit.house, run.id, SCENARIO.start)
    assert clock(kit.house, run.id)[0] == SCENARIO.origin


def test_a_paused_or_punctual_clock_is_not_held(kit: Kit) -> None:
    run = start(kit, 0.0)
    hold(kit.house, run.id, SCENARIO.start - timedelta(hours=1))
    steer(kit.house, kit.order(DUTY, run.id), speed=60.0)
    hold(kit.house, run.id, SCENARIO.end)
    assert clock(kit.house, run.id)[0] == SCENARIO.start
    assert kit.events().count("clock") == 2
