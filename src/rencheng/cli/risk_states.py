"""`rencheng risk states`: states of damage drawn for a table of assets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from rencheng.cli import speaking
from rencheng.cli.options import STATE, State
from rencheng.cli.risk_options import (
    MEMORY_MB,
    Assets,
    Events,
    Fragilities,
    Hazard,
    MemoryMb,
    Out,
    Seed,
)
from rencheng.cli.risk_telling import bar, is_nothing, tell_faults, tell_standings
from rencheng.cli.risk_words import curves_of

if TYPE_CHECKING:
    from rencheng.domain.risk_sample import SampledStates


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Drawing:
    """How states are drawn."""

    seed: Seed = 1
    draws: Annotated[int, Parameter(help="每个事件抽样次数 Realisations of each event")] = 100
    correlation: Annotated[
        float, Parameter(help="资产之间的相关系数 0–1 Correlation between any two assets")
    ] = 0.0
    by: Annotated[str, Parameter(help="按此列分组计数，如 zone Column to count by")] = ""
    memory_mb: MemoryMb = MEMORY_MB


_DRAWING = Drawing()


def states(
    *,
    assets: Assets,
    events: Events,
    curves: Fragilities,
    out: Out,
    hazard: Hazard,
    drawing: Drawing = _DRAWING,
    state: State = STATE,
) -> int:
    """抽样破坏状态 States of damage by realisation, event and group, as tables in a folder."""
    from rencheng import risk

    named = curves_of(curves, state)
    table = risk.asset_file(assets)
    happened = hazard.of(events)
    plan = risk.Sampling(
        seed=drawing.seed,
        draws=drawing.draws,
        correlation=drawing.correlation,
        group=risk.groups_of(table, drawing.by) if drawing.by else None,
        budget_mb=drawing.memory_mb,
    )
    with bar() as progress:
        result = risk.sample_states(table, happened, named, plan, progress=progress)
    risk.write_states(result, tuple(map(str, table["id"])), out)
    _tell(result, out)
    return int(is_nothing(result.counts))


def _tell(result: SampledStates, out: Path) -> None:
    tell_standings(result.counts)
    tell_faults(result.faults)
    found = result.by_realisation
    if is_nothing(result.counts):
        speaking.say("cli.risk.states.nothing", style="red")
    elif len(found):
        mean = zip(result.states, found.mean(axis=0), strict=True)
        said = ", ".join(f"{name} {many:,.1f}" for name, many in mean)
        speaking.say("cli.risk.states.mean", realisations=f"{len(found):,}", states=said)
    unknown = int(result.unknown.sum())
    if unknown:
        speaking.say("cli.risk.states.unknown", style="yellow", many=f"{unknown:,}")
    speaking.say("cli.risk.written", style="green", path=str(out))
