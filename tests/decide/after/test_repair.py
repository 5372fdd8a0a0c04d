from dataclasses import replace

import numpy as np
import pytest

from rencheng.adapters.rules import load_rules
from rencheng.decide.after.repair import repair
from rencheng.decide.after.upstream import parents_of, people_waiting
from tiny_impact import make_impact, make_state

RULES = load_rules()
DAMAGED = {"SUB-1": 2, "FDR-1": 2, "FDR-2": 2, "FDR-4": 1, "PMP-1": 2}


def test_nothing_damaged_nothing_to_repair(tiny_city):
    assert repair(tiny_city, make_state(), make_impact(), RULES) == ((), None)
    assert repair(tiny_city, make_state(), None, RULES) == ((), None)


def test_a_supplier_comes_before_those_it_feeds(tiny_city):
    jobs, _ = repair(tiny_city, make_state(), make_impact(lifelines=DAMAGED), RULES)
    rank = {job.asset: job.rank for job in jobs}
    assert rank["SUB-1"] < rank["FDR-1"] and rank["SUB-1"] < rank["FDR-2"]
    assert sorted(rank.values()) == [1, 2, 3, 4, 5]


def test_one_crew_does_one_job_at_a_time(tiny_city):
    jobs, _ = repair(tiny_city, make_state(), make_impact(lifelines=DAMAGED), RULES)
    mine = sorted((j for j in jobs if j.team == "pow-1"), key=lambda j: j.start_h)
    assert all(a.end_h <= b.start_h for a, b in zip(mine, mine[1:], strict=False))


def test_the_order_beats_going_to_the_nearest_first(tiny_city):
    _, draft = repair(tiny_city, make_state(), make_impact(lifelines=DAMAGED), RULES)
    assert draft.effect_with[0].band.p50 <= draft.effect_without[0].band.p50


def test_what_is_seen_working_is_left_out(tiny_city):
    state = make_state()
    row = state.node.index("FDR-1")
    state.up[row], state.confidence[row] = 1.0, 0.9
    jobs, draft = repair(tiny_city, state, make_impact(lifelines=DAMAGED), RULES)
    assert "FDR-1" not in {job.asset for job in jobs}
    assert "decide.repair.working" in {text.key for text in draft.reasons}


def test_a_trade_without_crews_is_listed_without_times(tiny_city):
    jobs, draft = repair(tiny_city, make_state(), make_impact(lifelines={"TEX-1": 3}), RULES)
    assert (jobs[0].team, draft.actions) == ("", ())
    assert np.isnan(jobs[0].start_h)
    assert "decide.repair.no_crew" in {text.key for text in draft.reasons}


def test_cut_off_assets_are_said_to_be_unreachable(tiny_city):
    impact = make_impact(lifelines={"FDR-1": 2})
    access = replace(impact.access, blocked_share=np.ones(31))
    jobs, draft = repair(tiny_city, make_state(), replace(impact, access=access), RULES)
    assert not jobs[0].is_reachable
    assert draft.actions == ()


def test_an_undamaged_supplier_asks_for_nothing(tiny_city):
    ids = tiny_city.lifelines.id
    rows = np.array([ids.index("FDR-1"), ids.index("PMP-1"), ids.index("TNK-1")], dtype=np.int32)
    assert parents_of(tiny_city, rows) == [-1, -1, 1]


def test_people_are_counted_once_along_a_chain():
    own = people_waiting(np.array([300.0, 200.0, 50.0, np.nan]), [-1, 0, 1, -1])
    assert own.tolist() == pytest.approx([100.0, 150.0, 50.0, 200.0])
