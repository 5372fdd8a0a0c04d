"""Rules tested on a run: on its readings, and on the states and forecasts that were kept of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cycle_kit import models
from ops_kit import DUTY, Kit, make_kit
from rencheng.adapters.store import open_store
from rencheng.adapters.watch_packs import open_watch
from rencheng.cli.rule_past import Opened, Past, Truth, alarms_of, from_run, unread
from rencheng.domain.city import City
from rencheng.domain.errors import InvalidInputError, NotFoundError
from rencheng.domain.watch import Condition, Input, Selection, Speaks, WatchRule, WatchStep
from rencheng.sense.rules.backtest import Episode
from rencheng.service.cycle_runner import CycleRunner
from rencheng.service.replay import steer
from service.test_cycle import ORIGIN, shaken


@pytest.fixture
def kit(tmp_path: Path, tiny_city: City) -> Iterator[Kit]:
    made = make_kit(tmp_path, tiny_city, watch=open_watch())
    yield made
    made.store.close()


def rule(name: str) -> WatchRule:
    return next(one for pack in open_watch().packs for one in pack.rules if one.id == name)


DEAD = replace(
    rule("forecast/power_out_long"),
    id="office/hurt",
    speaks=Speaks.CITY,
    steps=(
        WatchStep(
            level=rule("forecast/power_out_long").steps[0].level,
            conditions=(Condition(select=Selection(figure="injured"), at=0.0, quantile=0.95),),
        ),
    ),
)


def opened(kit: Kit, run: str, rules: Sequence[WatchRule]) -> Opened:
    city = kit.house.cities.current()
    found: Opened = kit.see(lambda work: from_run(rules, work, city, Past(run=run), Truth()))
    return found


def run_through(kit: Kit, rules: Sequence[WatchRule]) -> tuple[str, list[Episode]]:
    """Return a replay of an earthquake, six turns long, and what the rules find in it."""
    run = shaken(kit)
    runner = CycleRunner(kit.house, models(), samples=20, spacing_s=0.0)
    for minutes in (3, 6, 9, 12, 15, 18):
        steer(kit.house, kit.order(DUTY, run), jump_to=ORIGIN + timedelta(minutes=minutes))
        runner.turn(run)
    past = opened(kit, run, rules)
    assert unread(rules, past) == []
    return run, alarms_of(rules, past, lambda _share: None)


def test_a_rule_on_the_state_is_tested_on_the_states_of_a_replay(kit: Kit) -> None:
    run, found = run_through(kit, [rule("state/strong_shaking")])
    raised = kit.see(lambda work: work.alarms.list(run, where={"rule": "state/strong_shaking"}))
    assert [(one.object, one.level) for one in found] == [(one.object, one.level) for one in raised]


def test_a_rule_on_our_forecasts_is_tested_on_those_issued_in_a_replay(kit: Kit) -> None:
    _, (found,) = run_through(kit, [DEAD])
    assert (found.rule, found.object, found.is_open) == ("office/hurt", "city", True)
    assert found.due == found.start


def test_without_states_or_forecasts_it_is_said_what_is_needed(kit: Kit) -> None:
    run = shaken(kit)
    for one, kind in ((rule("state/tide_anomaly"), Input.STATE), (DEAD, Input.FORECAST)):
        with pytest.raises(InvalidInputError) as refused:
            unread([one], opened(kit, run, [one]))
        assert refused.value.key == f"rules.no_{kind}"


def test_a_run_that_is_not_there_is_not_found(kit: Kit) -> None:
    with pytest.raises(NotFoundError):
        opened(kit, "nowhere", [DEAD])


def test_a_rule_is_tested_on_a_run_while_the_service_goes_on(kit: Kit, tmp_path: Path) -> None:
    run, alone = run_through(kit, [rule("state/strong_shaking")])
    rules, city = [rule("state/strong_shaking")], kit.house.cities.current()
    beside = open_store(tmp_path / "state.db", is_shared=True)
    with beside() as work:
        past = from_run(rules, work, city, Past(run=run), Truth())
    assert alarms_of(rules, past, lambda _share: None) == alone
    beside.close()
