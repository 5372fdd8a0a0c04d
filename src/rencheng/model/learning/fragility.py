"""Fragilities updated by damage reports: a proposal with its skill, for a person to approve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

import numpy as np

from rencheng.domain.city import F64, City
from rencheng.domain.errors import ConflictError, InvalidInputError
from rencheng.domain.hazard import Shaking
from rencheng.domain.impact import FragilityTable
from rencheng.domain.learning import Adjustment, DamageReport, ModelStatus, ModelVersion
from rencheng.domain.provenance import Band, Mode
from rencheng.model.learning.evidence import Evidence, gather, group_of
from rencheng.model.learning.posterior import Draws, sample
from rencheng.model.learning.skill import log_score, predictive, ranked_probability_score

MODEL = "learning.fragility"
HOLD_OUT = 0.25
"""Share of the reports kept to measure skill, drawn by the seed; ours."""
FEWEST = 20
"""Reports of known buildings below which nothing is learnt; ours."""
DRAWS, FORETELLING = 500, 150
"""Posterior samples for the factors, and for foretelling the held-out reports."""
ALL = "all"
"""Group of the factors shared by all structural types, used for types without reports."""


def learn(
    reports: Sequence[DamageReport],
    city: City,
    shaking: Shaking,
    table: FragilityTable,
    *,
    seed: int,
    at: datetime,
    mode: Mode,
    run: str,
) -> ModelVersion:
    """Update the building fragilities with what people found.

    Parameters
    ----------
    reports
        Surveyed buildings; those without a known building or curve are left out.
    shaking
        Samples of the event that did the damage, not of a forecast.
    table
        Curves now in use: the prior. Its `beta` must be without ground-motion variability.

    Returns
    -------
    version
        Proposed, with the posterior factors of each structural type and of all together, and the
        skill on reports that were held out. It changes nothing until a person approves it and
        `adjusted` is applied.

    Raises
    ------
    InvalidInputError
        When fewer than `FEWEST` reports can be used.

    Notes
    -----
    Factors multiply all medians and all betas of a type; see `sample` for priors and method. Skill
    before and after: predictive distribution of the held-out reports, shaking inferred from the
    other reports in both, curves published in one and learnt in the other. The factors handed over
    rest on all reports. Validated on synthetic surveys only (`tests/model/learning`). Not learnt:
    lifelines, collapse shares, bias of who reports.
    """
    evidence = gather(reports, city, shaking, table)
    usable = evidence.state.size
    if usable < FEWEST:
        raise InvalidInputError(
            "learning.few_reports",
            f"{usable} reports can be used, {evidence.left_out} cannot; {FEWEST} are needed",
            hint="Survey more buildings, and name the building in each report",
            params={"usable": usable, "left_out": evidence.left_out, "needed": FEWEST},
        )
    is_held = _held_out(usable, seed)
    train, test = evidence.part(~is_held), evidence.part(is_held)
    before = sample(train, seed=seed, draws=FORETELLING, learns=False)
    after = sample(train, seed=seed, draws=FORETELLING)
    everything = sample(evidence, seed=seed, draws=DRAWS)
    old, new = predictive(test, before), predictive(test, after)
    adjustments = _adjustments(evidence, everything)
    return ModelVersion(
        id=_name(table.version, adjustments, run),
        base=table.version,
        adjustments=adjustments,
        reports_used=int((~is_held).sum()),
        reports_held_out=int(is_held.sum()),
        log_score_before=log_score(old, test.state),
        log_score_after=log_score(new, test.state),
        brier_before=ranked_probability_score(old, test.state),
        brier_after=ranked_probability_score(new, test.state),
        status=ModelStatus.PROPOSED,
        created=at,
        mode=mode,
        run=run,
    )


def adjusted(table: FragilityTable, version: ModelVersion) -> FragilityTable:
    """Return the table with the median factors of an approved version applied to building curves.

    Types without reports take the factors shared by all. Lifelines stay as they are.

    Raises
    ------
    ConflictError
        When nobody has approved the version, or it was learnt from another table.
    """
    if version.status is not ModelStatus.APPROVED:
        raise ConflictError(
            "learning.not_approved",
            f"model version {version.id} is {version.status}, not approved",
            hint="Have it approved first",
            params={"version": version.id, "status": version.status.value},
        )
    if version.base != table.version:
        raise ConflictError(
            "learning.other_base",
            f"model version {version.id} was learnt from {version.base}, not {table.version}",
            hint="Learn again from the table now in use",
            params={"version": version.id, "base": version.base, "table": table.version},
        )
    by_group = {adjustment.group: adjustment for adjustment in version.adjustments}
    shared = by_group.get(ALL)
    median, beta = np.ones(len(table.id)), np.ones(len(table.id))
    for row, curve in enumerate(table.id):
        group = group_of(curve)
        found = by_group.get(group, shared) if group else None
        if found is not None:
            median[row], beta[row] = found.median_factor.p50, found.beta_factor.p50
    return replace(
        table,
        median_g=table.median_g * median[:, None],
        beta=table.beta * beta[:, None],
        version=f"{table.version}+{version.id}",
    )


def _held_out(reports: int, seed: int) -> np.ndarray:
    order = np.random.default_rng(seed).permutation(reports)
    is_held = np.zeros(reports, dtype=bool)
    is_held[order[: round(reports * HOLD_OUT)]] = True
    return is_held


def _adjustments(evidence: Evidence, draws: Draws) -> tuple[Adjustment, ...]:
    def band(logs: F64) -> Band:
        return Band.of(np.exp(logs))

    groups = tuple(
        Adjustment(
            group=name,
            median_factor=band(draws.log_median[:, g]),
            beta_factor=band(draws.log_beta[:, g]),
            reports=int((evidence.group == g).sum()),
        )
        for g, name in enumerate(evidence.groups)
    )
    shared = Adjustment(
        group=ALL,
        median_factor=band(draws.common[:, 0]),
        beta_factor=band(draws.common[:, 1]),
        reports=evidence.state.size,
    )
    return (shared, *groups)


def _name(base: str, adjustments: tuple[Adjustment, ...], run: str) -> str:
    """Name the version by its content: the same reports and seed give the same name."""
    content = repr((base, adjustments, run)).encode()
    return f"fragility-{sha256(content).hexdigest()[:10]}"
