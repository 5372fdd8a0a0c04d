from dataclasses import replace

import numpy as np

from rencheng.adapters.rules import load_rules
from rencheng.decide.after.repair import repair
from rencheng.decide.after.upstream import chains
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


def rows_of(city, *names):
    return np.array([city.lifelines.id.index(name) for name in names], dtype=np.int32)


def test_an_undamaged_supplier_asks_for_nothing(tiny_city):
    found = chains(tiny_city, rows_of(tiny_city, "FDR-1", "PMP-1", "TNK-1"))
    assert found.parent == [-1, -1, 1]


def test_a_chain_goes_up_through_what_is_not_damaged(tiny_city):
    found = chains(tiny_city, rows_of(tiny_city, "GEN-1", "FDR-1"))
    assert found.parent == [-1, 0]


def test_people_are_counted_once_along_a_chain(tiny_city):
    found = chains(tiny_city, rows_of(tiny_city, "GEN-1", "SUB-1", "FDR-1"))
    assert found.people.tolist() == [300.0, 100.0, 200.0]


def test_of_two_suppliers_that_are_each_enough_one_is_waited_for(tiny_city):
    needs = tiny_city.dependencies
    node = {name: row for row, name in enumerate(needs.node)}
    # FDR-1 may be fed by either substation.
    group = needs.group_start[node["FDR-1"]]
    start, supplier = needs.supplier_start.copy(), list(needs.supplier)
    supplier.insert(int(start[group + 1]), node["SUB-2"])
    start[group + 1 :] += 1
    either = replace(needs, supplier_start=start, supplier=np.array(supplier, dtype=np.int32))
    city = replace(tiny_city, dependencies=either)
    one = chains(city, rows_of(city, "SUB-1"))
    both = chains(city, rows_of(city, "SUB-1", "SUB-2"))
    assert one.people.tolist() == [100.0]
    assert both.people.sum() == 600.0


def test_an_unknown_number_of_people_is_not_zero(tiny_city):
    serves = tiny_city.lifelines.serves.copy()
    serves[tiny_city.lifelines.id.index("FDR-1")] = np.nan
    city = replace(tiny_city, lifelines=replace(tiny_city.lifelines, serves=serves))
    assert chains(city, rows_of(city, "FDR-1")).people[0] > 0


def test_suppliers_in_a_loop_end_the_search(tiny_city):
    needs = tiny_city.dependencies
    node = {name: row for row, name in enumerate(needs.node)}
    supplier = needs.supplier.copy()
    at = needs.supplier_start[needs.group_start[node["SUB-1"]]]
    supplier[at] = node["FDR-1"]
    city = replace(tiny_city, dependencies=replace(needs, supplier=supplier))
    found = chains(city, rows_of(city, "SUB-1", "FDR-1"))
    assert -1 in found.parent
