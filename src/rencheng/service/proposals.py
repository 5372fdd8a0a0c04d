"""Proposals: published by the loop, decided by people, turned into tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isnan

from rencheng.collaborate.routing import responsible
from rencheng.domain.alarm import Level
from rencheng.domain.errors import ConflictError
from rencheng.domain.identity import SYSTEM, Permission
from rencheng.domain.incident import Task, TaskStatus
from rencheng.domain.proposal import Action, Draft, Proposal, ProposalKind, ProposalStatus
from rencheng.domain.provenance import Text
from rencheng.service import incidents
from rencheng.service.house import (
    Command,
    Context,
    Done,
    House,
    after_hours,
    new_id,
    perform,
    record,
    require_version,
    tell,
)
from rencheng.service.ports import UnitOfWork

NEAR = 0.1
"""Relative change of a number that leaves an open proposal as it is. Chosen; no source. [1]"""


def publish(house: House, ctx: Context, drafts: Sequence[Draft], cycle: str) -> list[Proposal]:
    """Bring the open proposals of a run in line with what the loop proposes now.

    Parameters
    ----------
    house, ctx
        Where and when.
    drafts
        What is proposed now.
    cycle
        Id of the cycle that made them.

    Returns
    -------
    list of Proposal
        All that are open now, newest first.

    Notes
    -----
    A proposal that asks for the same stays as it is, so that who reads it can still decide on it;
    numbers may drift by a tenth, measured from the one that is open.
    One that asks for something else replaces the open one; one that is no longer made is
    superseded. What a person has decided is not proposed again until it would ask for other
    actions or another level.
    """
    with house.work() as work:
        work.lock()
        decided = _last_decided(work, ctx.run)
        waiting = {
            (one.kind, one.cause): one
            for one in work.proposals.list(ctx.run, where={"status": ProposalStatus.OPEN.value})
        }
        incident = incidents.current(work, ctx.run)
        made = {(draft.kind, draft.cause): draft for draft in drafts}
        for key, one in waiting.items():
            if key not in made or not _is_same(one, made[key]):
                _supersede(work, ctx, one)
        for key, draft in made.items():
            known, answer = waiting.get(key), decided.get(key)
            is_same = known is not None and _is_same(known, draft)
            is_answered = known is None and answer is not None and _gist(answer) == _gist(draft)
            if not is_same and not is_answered:
                _add(work, ctx, draft, cycle, incident.id if incident else "")
        work.commit()
        return work.proposals.list(ctx.run, where={"status": ProposalStatus.OPEN.value})


def decide(
    house: House,
    command: Command,
    proposal_id: str,
    version: int,
    *,
    accept: bool,
    reason: str = "",
) -> Proposal:
    """Accept or refuse a proposal; accepting gives out its tasks in the same commit.

    Returns
    -------
    Proposal
        A dangerous one stays open after the first acceptance, with `seconded_by`, until a second
        person accepts it.

    Raises
    ------
    ConflictError
        If somebody decided before, the proposal changed, or the second person is the first.
    """
    command.actor.must(Permission.PROPOSAL_DECIDE)

    def change(work: UnitOfWork, ctx: Context) -> Done[Proposal]:
        proposal = work.proposals.get(proposal_id)
        if proposal.status is ProposalStatus.OPEN:
            require_version(proposal.version, version, "Proposal")
        if not accept:
            refused = proposal.refuse(command.actor.id, ctx.at, reason)
            return _done(work.proposals.replace(refused), "proposal.refused", reason=refused.reason)
        accepted = work.proposals.replace(proposal.accept(command.actor.id, ctx.at))
        if accepted.status is not ProposalStatus.ACCEPTED:
            return _done(accepted, "proposal.seconded")
        _put_in_force(work, ctx, accepted)
        replaced = _call_off(work, ctx, accepted)
        tasks = _give_out(house, work, ctx, accepted)
        return _done(accepted, "proposal.accepted", tasks=len(tasks), replaced=replaced)

    return perform(
        house,
        command,
        change,
        again=lambda work, key: work.proposals.get(key),
        content=("proposals.decide", proposal_id, version, accept, reason),
    )


def _give_out(house: House, work: UnitOfWork, ctx: Context, proposal: Proposal) -> list[Task]:
    """Make a task of every action, for the organisation that is responsible."""
    city = house.cities.current()
    tasks = []
    for action in proposal.actions:
        task = Task(
            id=new_id(ctx.wall),
            incident=proposal.incident,
            proposal=proposal.id,
            kind=action.kind,
            title_zh=house.words(action.text, "zh-CN"),
            title_en=house.words(action.text, "en"),
            organisation=responsible(action, city.organisations).id,
            team=action.team,
            place=action.place,
            xy=action.xy,
            created=ctx.at,
            due=after_hours(ctx.at, action.due_h),
            mode=ctx.mode,
            run=ctx.run,
        )
        work.tasks.add(task)
        tell(work, ctx, "task", task.id, task.organisation)
        tasks.append(task)
    return tasks


def _call_off(work: UnitOfWork, ctx: Context, proposal: Proposal) -> int:
    """Cancel what earlier proposals for the same cause asked for and nobody has begun.

    What somebody acknowledged goes on: the new plan comes on top of work in hand, not against it.
    """
    where = {"kind": proposal.kind.value, "status": ProposalStatus.ACCEPTED.value}
    called_off = 0
    for earlier in work.proposals.list(ctx.run, where={**where, "cause": proposal.cause}):
        if earlier.id == proposal.id:
            continue
        waiting = {"proposal": earlier.id, "status": TaskStatus.ASSIGNED.value}
        for task in work.tasks.list(ctx.run, where=waiting):
            work.tasks.replace(task.moved_to(TaskStatus.CANCELLED, ctx.at))
            tell(work, ctx, "task", task.id, task.organisation)
            called_off += 1
    return called_off


def _put_in_force(work: UnitOfWork, ctx: Context, proposal: Proposal) -> None:
    if proposal.kind is not ProposalKind.RESPONSE_LEVEL:
        return
    incident = proposal.incident
    if not incident:
        found = incidents.current(work, ctx.run)
        if found is None:
            raise ConflictError(
                "proposal.no_incident",
                "a response level needs an incident, and none is open",
                hint="Wait for the bulletin that opens one",
            )
        incident = found.id
    incidents.set_level(work, ctx, incident, Level(int(proposal.details["level"])))


def _add(work: UnitOfWork, ctx: Context, draft: Draft, cycle: str, incident: str) -> None:
    proposal = Proposal(
        id=new_id(ctx.wall),
        kind=draft.kind,
        cause=draft.cause,
        incident=incident,
        title=draft.title,
        reasons=draft.reasons,
        effect_with=draft.effect_with,
        effect_without=draft.effect_without,
        actions=draft.actions,
        details=draft.details,
        why=draft.why,
        is_dangerous=draft.is_dangerous,
        cycle=cycle,
        created=ctx.at,
        mode=ctx.mode,
        run=ctx.run,
    )
    work.proposals.add(proposal)
    record(work, ctx, SYSTEM, _done(proposal, "proposal.made"))


def _supersede(work: UnitOfWork, ctx: Context, proposal: Proposal) -> None:
    gone = work.proposals.replace(replace(proposal, status=ProposalStatus.SUPERSEDED))
    record(work, ctx, SYSTEM, _done(gone, "proposal.superseded"))


def _last_decided(work: UnitOfWork, run: str) -> dict[tuple[ProposalKind, str], Proposal]:
    found: dict[tuple[ProposalKind, str], Proposal] = {}
    for status in (ProposalStatus.ACCEPTED, ProposalStatus.REFUSED):
        for one in work.proposals.list(run, where={"status": status.value}):
            known = found.get((one.kind, one.cause))
            if known is None or (one.decided or one.created) > (known.decided or known.created):
                found[one.kind, one.cause] = one
    return found


def _is_same(known: Proposal | Draft, draft: Draft) -> bool:
    """Say whether two ask for the same: the same words and actions, numbers about as large."""
    ours, theirs = _leaves(known), _leaves(draft)
    return len(ours) == len(theirs) and all(map(_is_near, ours, theirs))


def _leaves(proposal: Proposal | Draft) -> list[str | float]:
    """Return every word and number that a proposal asks for, actions in a fixed order."""
    found: list[str | float] = [str(proposal.is_dangerous), *_text(proposal.title)]
    found += _params(proposal.details)
    for action in sorted(proposal.actions, key=_asked):
        found += [*_asked(action), str(action.zone), action.due_h, action.amount]
        found += _text(action.text)
    return found


def _is_near(one: str | float, other: str | float) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    if isnan(one) or isnan(other):
        return isnan(one) and isnan(other)
    return one == other or abs(one - other) <= NEAR * max(abs(one), abs(other))


def _gist(proposal: Proposal | Draft) -> str:
    """Return which actions and which level a proposal asks for, without quantities."""
    asked = sorted(_asked(action) for action in proposal.actions)
    return repr((asked, proposal.details.get("level")))


def _asked(action: Action) -> tuple[str, ...]:
    return (action.kind, action.duty, action.place, action.team, action.destination)


def _text(text: Text) -> list[str | float]:
    return [text.key, *_params(text.params)]


def _params(params: Mapping[str, str | int | float]) -> list[str | float]:
    return [leaf for key in sorted(params) for leaf in (key, params[key])]


def _done(proposal: Proposal, action: str, **params: str | int) -> Done[Proposal]:
    return Done(
        item=proposal,
        id=proposal.id,
        event="proposal",
        action=action,
        params={"kind": proposal.kind.value, "cause": proposal.cause, **params},
    )
