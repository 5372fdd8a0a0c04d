"""What an event taught: proposed by the program, put in force by a person only."""

from __future__ import annotations

from dataclasses import replace

from rencheng.domain.errors import ConflictError, InvalidInputError
from rencheng.domain.identity import Permission
from rencheng.domain.learning import ModelStatus, ModelVersion
from rencheng.service.house import Command, Context, Done, House, new_id, perform, require_version
from rencheng.service.ports import UnitOfWork


def propose(house: House, command: Command, draft: ModelVersion) -> ModelVersion:
    """Keep what was learnt as a proposal; an earlier one that nobody decided on is retired."""
    command.actor.must(Permission.MODEL_APPROVE)

    def change(work: UnitOfWork, ctx: Context) -> Done[ModelVersion]:
        for earlier in work.models.list(ctx.run, where={"status": ModelStatus.PROPOSED.value}):
            work.models.replace(replace(earlier, status=ModelStatus.RETIRED))
        version = replace(
            draft,
            id=new_id(ctx.wall),
            status=ModelStatus.PROPOSED,
            created=ctx.at,
            decided_by="",
            decided=None,
            reason="",
            mode=ctx.mode,
            run=ctx.run,
            version=1,
        )
        work.models.add(version)
        return _done(version, "model.proposed")

    return perform(
        house,
        command,
        change,
        again=lambda work, key: work.models.get(key),
        content=("learning.propose", replace(draft, id="", created=draft.created)),
    )


def decide(
    house: House, command: Command, model_id: str, version: int, *, approve: bool, reason: str = ""
) -> ModelVersion:
    """Put a version in force, which retires the one before it, or refuse it with a reason.

    Raises
    ------
    ConflictError
        If it was decided before, or changed since it was read.
    """
    command.actor.must(Permission.MODEL_APPROVE)

    def change(work: UnitOfWork, ctx: Context) -> Done[ModelVersion]:
        model = work.models.get(model_id)
        if model.status is not ModelStatus.PROPOSED:
            raise ConflictError(
                "model.decided",
                f"model {model.id} is already {model.status}",
                hint="Reload to see who decided and when",
                params={"status": model.status.value, "by": model.decided_by},
            )
        require_version(model.version, version, "ModelVersion")
        if not approve and not reason.strip():
            raise InvalidInputError(
                "model.reason", "a reason is missing", hint="Say in a few words why"
            )
        before = in_force(work, ctx.run)
        if approve and before is not None:
            work.models.replace(replace(before, status=ModelStatus.RETIRED))
        status = ModelStatus.APPROVED if approve else ModelStatus.REFUSED
        decided = replace(
            model,
            status=status,
            decided_by=command.actor.id,
            decided=ctx.at,
            reason=reason.strip(),
        )
        return _done(work.models.replace(decided), f"model.{status.value}")

    return perform(
        house,
        command,
        change,
        again=lambda work, key: work.models.get(key),
        content=("learning.decide", model_id, version, approve, reason),
    )


def in_force(work: UnitOfWork, run: str) -> ModelVersion | None:
    """Return the approved version of a run, None while the published curves are in force.

    What a replay or drill taught stays in that run; it never changes the live city by itself.
    """
    found = work.models.list(run, where={"status": ModelStatus.APPROVED.value}, limit=1)
    return found[0] if found else None


def _done(model: ModelVersion, action: str) -> Done[ModelVersion]:
    params: dict[str, str | int | float] = {
        "reports": model.reports_used,
        "reason": model.reason,
    }
    return Done(item=model, id=model.id, event="model", action=action, params=params)
