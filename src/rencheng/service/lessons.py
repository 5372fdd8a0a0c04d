"""Learning from the damage reports of a run; what comes out is a proposal and replaces nothing."""

from __future__ import annotations

from rencheng.domain.errors import ConflictError
from rencheng.domain.identity import Permission
from rencheng.domain.impact import FragilityTable
from rencheng.domain.learning import ModelVersion
from rencheng.model.learning.fragility import learn
from rencheng.service import learning
from rencheng.service.cycle import CycleResult
from rencheng.service.gather import seed_of
from rencheng.service.house import Command, House, context


def learn_from(
    house: House, command: Command, turn: CycleResult | None, table: FragilityTable
) -> ModelVersion:
    """Update the published fragilities by the reports of a run, as a proposed version.

    Raises
    ------
    NotAllowedError
        If the actor may not approve models (who may not approve may not fill the list either).
    ConflictError
        If no earthquake was modelled in this run, so that no shaking belongs to the reports.
    InvalidInputError
        If there are too few reports to learn from and to test on.
    """
    command.actor.must(Permission.MODEL_APPROVE)
    if turn is None or turn.impact is None:
        raise ConflictError(
            "learning.no_shaking",
            "no earthquake was modelled in this run",
            hint="Learn after an earthquake, when damage reports have come in",
        )
    with house.work() as work:
        ctx = context(house, work, command.run)
        reports = work.reports.list(command.run)
    draft = learn(
        reports,
        house.cities.current(),
        turn.impact.shaking,
        table,
        seed=seed_of(command.run),
        at=ctx.at,
        mode=ctx.mode,
        run=ctx.run,
    )
    return learning.propose(house, command, draft)
