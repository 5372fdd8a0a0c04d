"""`rencheng risk uncertainty`: losses when inputs are uncertain, and which input matters most."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from rencheng.cli import speaking
from rencheng.cli.options import STATE, State
from rencheng.cli.risk_options import (
    MEMORY_MB,
    Assets,
    Curves,
    Hazard,
    Listed,
    MemoryMb,
    Money,
    Out,
)
from rencheng.cli.risk_telling import bar, is_nothing, tell_faults, tell_standings
from rencheng.cli.risk_words import curves_of, named
from rencheng.domain.errors import NotFoundError

if TYPE_CHECKING:
    from rencheng.domain.risk_uncertainty import SobolIndices, UncertainImpact


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is asked."""

    study: Annotated[Path, Parameter(help="研究文件 TOML What is uncertain, as TOML")]
    out: Out
    sobol: Annotated[
        int,
        Parameter(help="Sobol 指数的基础样本量，0 为不算 Base sample of Sobol indices, 0: none"),
    ] = 0
    memory_mb: MemoryMb = MEMORY_MB


def uncertainty(
    *,
    assets: Assets,
    events: Annotated[
        list[str],
        Listed,
        Parameter(
            help="事件集，或 成员=事件集 Event set, or MEMBER=EVENT SET for each of an ensemble"
        ),
    ],
    curves: Curves,
    hazard: Hazard,
    money: Money,
    plan: Plan,
    state: State = STATE,
) -> int:
    """不确定性 Quantiles of losses, how sure a ranking is, and what matters most."""
    from rencheng import risk

    file, by_name = risk.study_file(plan.study), curves_of(curves, state)
    for name in file.alternatives:
        if name not in by_name:
            with suppress(NotFoundError):  # told with all other faults of the study
                by_name |= curves_of([name], state)
    sets: dict[str, risk.EventSet] = {}
    for member, path in named("events", events).items():
        sets[member] = hazard.of(Path(path))
    table = money.assets(assets)
    happened = sets[""] if list(sets) == [""] else sets
    with bar("cli.risk_uncertainty.blocks") as progress:
        asked = risk.Asked(budget_mb=plan.memory_mb, progress=progress)
        given = (table, happened, by_name, file)
        told: dict[str, Any] = {"currency": money.currency, "year": money.year, "asked": asked}
        result = risk.study(*given, **told)
        indices = risk.sobol(*given, base=plan.sobol, **told) if plan.sobol else None
    risk.write_study(result, tuple(map(str, table["id"])), plan.out, indices)
    _tell(result, indices, plan.out)
    return int(is_nothing(result.counts))


def _tell(result: UncertainImpact, indices: SobolIndices | None, out: Path) -> None:
    import numpy as np

    from rencheng.adapters.risk.study.results import stability

    tell_standings(result.counts)
    tell_faults(result.faults)
    if is_nothing(result.counts):
        speaking.say("cli.risk.nothing", style="red")
    elif np.isnan(result.known_aal).any():
        speaking.say("cli.risk_uncertainty.no_rates", style="yellow")
    else:
        low, median, high = np.quantile(result.known_aal, (0.05, 0.5, 0.95)).tolist()
        speaking.say(
            "cli.risk_uncertainty.at_least" if result.is_partial else "cli.risk_uncertainty.aal",
            low=low,
            median=median,
            high=high,
            currency=result.currency,
            year=result.year,
            samples=result.known_aal.size,
        )
        if len(result.groups) > 1:
            low, median = np.nanquantile(stability(result).tau, (0.05, 0.5)).tolist()
            speaking.say("cli.risk_uncertainty.ranking", low=low, median=median)
    if indices:
        _rank(indices)
    speaking.say("cli.risk.written", style="green", path=str(out))


def _rank(indices: SobolIndices) -> None:
    """Say what the average annual loss hangs on, the largest total first."""
    import numpy as np

    speaking.say("cli.risk_uncertainty.sobol", output=indices.outputs[0], runs=indices.runs)
    for i in np.argsort(-np.nan_to_num(indices.total[0]), kind="stable"):
        speaking.say(
            "cli.risk_uncertainty.index",
            input=indices.inputs[i],
            first=float(indices.first[0, i]),
            first_half=float(indices.first_confidence[0, i]),
            total=float(indices.total[0, i]),
            total_half=float(indices.total_confidence[0, i]),
        )
