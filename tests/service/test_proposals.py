"""Proposals: published by the loop, decided once by people, turned into tasks."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from math import nan

import pytest

from ops_kit import CHIEF, DEPUTY, DEVICE, DUTY, POWER, T0, Kit
from rencheng.domain.alarm import Level
from rencheng.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    RenchengError,
)
from rencheng.domain.hazard import BulletinKind
from rencheng.domain.incident import TaskStatus
from rencheng.domain.proposal import Action, Draft, Proposal, ProposalKind, ProposalStatus
from rencheng.domain.provenance import Text, Why
from rencheng.service import proposals, tasks
from rencheng.service.house import context
from rencheng.service.ingest import BulletinItem, ingest_bulletin

REPAIR = Action(
    kind="repair_power", duty="repair_power", text=Text("k", {"n": 3}), place="FDR-1",
    xy=(-71.27, -29.94), zone=0, due_h=2.0, team="pow-1", amount=3.0,
)  # fmt: skip
CLEAR = replace(REPAIR, kind="evacuate", duty="evacuate", place="zone:104", zone=3, amount=nan)


def proposed(cause: str = "FDR-1", *actions: Action, **changes: object) -> Draft:
    made = Draft(
        kind=ProposalKind.REPAIR, cause=cause, title=Text("decide.title"), reasons=(),
        effect_with=(), effect_without=(), actions=actions or (REPAIR,), details={},
        why=Why(data=(), model="m", version="1", as_of=T0),
    )  # fmt: skip
    return replace(made, **changes)


def publish(kit: Kit, *drafts: Draft) -> list[Proposal]:
    ctx = kit.see(lambda work: context(kit.house, work, "live"))
    return proposals.publish(kit.house, ctx, drafts, "cycle-1")


def quake(kit: Kit) -> None:
    item = BulletinItem(
        id="b", event="illapel", kind=BulletinKind.EARTHQUAKE, issuer="CSN", issued=T0,
        origin_time=T0, lon=-71.674, lat=-31.573, depth_km=22.4, magnitude=8.3, magnitude_sd=nan,
        text="", source="",
    )  # fmt: skip
    ingest_bulletin(kit.house, kit.order(DEVICE), item)


def accept(kit: Kit, actor: object, one: Proposal, version: int | None = None) -> Proposal:
    seen = version or one.version
    return proposals.decide(kit.house, kit.order(actor), one.id, seen, accept=True)


def test_what_asks_for_the_same_stays_as_it_is(kit: Kit) -> None:
    first = publish(kit, proposed(), proposed("FDR-2"))
    nearly = replace(REPAIR, amount=3.2, text=Text("k", {"n": 3.2}))
    again = publish(kit, proposed("FDR-1", nearly), proposed("FDR-2"))
    assert [one.id for one in again] == [one.id for one in first]
    assert kit.actions().count("proposal.made") == 2


def test_small_steps_add_up_to_a_new_proposal(kit: Kit) -> None:
    ids = []
    for amount in (3.0, 3.2, 3.3, 3.5, 3.6):
        ids.append(publish(kit, proposed("FDR-1", replace(REPAIR, amount=amount)))[0].id)
    assert [ids.index(key) for key in ids] == [0, 0, 0, 3, 3]


def test_the_order_of_actions_and_unknown_amounts_are_no_change(kit: Kit) -> None:
    first = publish(kit, proposed("x", REPAIR, CLEAR))
    assert publish(kit, proposed("x", CLEAR, REPAIR))[0].id == first[0].id
    known = replace(CLEAR, amount=40.0)
    assert publish(kit, proposed("x", known, REPAIR))[0].id != first[0].id


def test_what_asks_for_something_else_replaces_and_what_is_gone_is_superseded(kit: Kit) -> None:
    first = publish(kit, proposed("FDR-1"), proposed("FDR-2"))
    after = publish(kit, proposed("FDR-1", replace(REPAIR, team="pow-2")))
    assert [one.cause for one in after] == ["FDR-1"]
    assert after[0].id not in {one.id for one in first}
    gone = kit.see(lambda work: work.proposals.count("live", where={"status": "superseded"}))
    assert gone == 2


def test_what_was_decided_is_not_proposed_again_until_it_asks_for_other_actions(kit: Kit) -> None:
    one = publish(kit, proposed())[0]
    accept(kit, CHIEF, one)
    more = replace(REPAIR, amount=99.0)
    assert publish(kit, proposed("FDR-1", more)) == []
    assert len(publish(kit, proposed("FDR-1", replace(REPAIR, place="FDR-9")))) == 1


def test_accepting_gives_the_tasks_to_whoever_is_responsible(kit: Kit) -> None:
    one = publish(kit, proposed("x", REPAIR, CLEAR))[0]
    accepted = accept(kit, CHIEF, one)
    assert (accepted.status, accepted.decided_by) == (ProposalStatus.ACCEPTED, "chief")
    tasks = kit.see(lambda work: work.tasks.list("live", where={"proposal": one.id}))
    assert {(task.kind, task.organisation) for task in tasks} == {
        ("repair_power", "power_utility"), ("evacuate", "community_la_serena"),
    }  # fmt: skip
    assert {task.due for task in tasks} == {T0 + timedelta(hours=2)}
    assert kit.actions()[-1] == "proposal.accepted"


def test_a_newer_plan_calls_off_what_nobody_has_begun(kit: Kit) -> None:
    other = replace(REPAIR, place="FDR-2")
    (first,) = publish(kit, proposed("FDR-1", REPAIR, other))
    accept(kit, CHIEF, first)
    begun = next(t for t in kit.see(lambda work: work.tasks.list("live")) if t.place == "FDR-2")
    step = TaskStatus.ACKNOWLEDGED
    tasks.step(kit.house, kit.order(POWER), begun.id, begun.version, step)
    (second,) = publish(kit, proposed("FDR-1", replace(REPAIR, team="pow-2")))
    accept(kit, CHIEF, second)
    found = kit.see(lambda work: work.tasks.list("live"))
    assert {(t.place, t.team, t.status.value) for t in found} == {
        ("FDR-1", "pow-1", "cancelled"), ("FDR-2", "pow-1", "acknowledged"),
        ("FDR-1", "pow-2", "assigned"),
    }  # fmt: skip


def test_of_two_browsers_one_wins_and_the_other_is_told(kit: Kit) -> None:
    one, start, told = publish(kit, proposed())[0], threading.Barrier(2), []

    def decide(actor: object) -> None:
        start.wait()
        try:
            accept(kit, actor, one)
        except RenchengError as error:
            told.append(error)

    threads = [threading.Thread(target=decide, args=(who,)) for who in (CHIEF, DEPUTY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(error) for error in told] == [ConflictError]
    assert told[0].key == "proposal.decided"
    assert kit.see(lambda work: work.tasks.count("live")) == 1


def test_a_dangerous_proposal_needs_two_different_people(kit: Kit) -> None:
    one = publish(kit, proposed("sea", CLEAR, is_dangerous=True))[0]
    first = accept(kit, CHIEF, one)
    assert (first.status, first.seconded_by) == (ProposalStatus.OPEN, "chief")
    with pytest.raises(ConflictError):
        accept(kit, CHIEF, first)
    with pytest.raises(ConflictError):
        accept(kit, DEPUTY, one), "the version before the first acceptance"
    assert kit.see(lambda work: work.tasks.count("live")) == 0
    assert accept(kit, DEPUTY, first).status is ProposalStatus.ACCEPTED
    assert kit.see(lambda work: work.tasks.count("live")) == 1


def test_the_level_is_in_force_only_when_a_person_accepted_it(kit: Kit) -> None:
    quake(kit)
    level = proposed("illapel", kind=ProposalKind.RESPONSE_LEVEL, details={"level": 1})
    one = publish(kit, level)[0]
    assert kit.see(lambda work: work.incidents.list("live"))[0].level is None
    accept(kit, CHIEF, one)
    assert kit.see(lambda work: work.incidents.list("live"))[0].level is Level.RED


def test_a_level_without_an_incident_is_refused_and_leaves_nothing(kit: Kit) -> None:
    level = proposed("x", kind=ProposalKind.RESPONSE_LEVEL, details={"level": 2})
    one = publish(kit, level)[0]
    with pytest.raises(ConflictError):
        accept(kit, CHIEF, one)
    assert kit.see(lambda work: work.proposals.get(one.id)) == one


def test_refusing_needs_a_reason(kit: Kit) -> None:
    one = publish(kit, proposed())[0]
    with pytest.raises(InvalidInputError):
        proposals.decide(kit.house, kit.order(CHIEF), one.id, 1, accept=False)
    refused = proposals.decide(
        kit.house, kit.order(CHIEF), one.id, 1, accept=False, reason="已修好"
    )
    assert (refused.status, refused.reason) == (ProposalStatus.REFUSED, "已修好")
    assert publish(kit, proposed()) == []


def test_a_retry_gives_out_tasks_once(kit: Kit) -> None:
    one = publish(kit, proposed())[0]
    answers = [
        proposals.decide(kit.house, kit.order(CHIEF, id="k"), one.id, 1, accept=True)
        for _ in range(3)
    ]
    assert answers == [answers[0]] * 3
    assert kit.see(lambda work: work.tasks.count("live")) == 1


def test_only_who_may_decide_decides(kit: Kit) -> None:
    one = publish(kit, proposed())[0]
    with pytest.raises(NotAllowedError):
        accept(kit, DUTY, one)


def test_a_replays_proposals_do_not_touch_the_live_ones(kit: Kit) -> None:
    live = publish(kit, proposed())
    ctx = kit.see(lambda work: context(kit.house, work, kit.replay()))
    other = proposals.publish(kit.house, ctx, [proposed()], "cycle-2")
    assert other[0].id != live[0].id
    assert publish(kit, proposed()) == live
