"""What every job of the risk engine says of its assets and of its input."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rencheng.cli import speaking

if TYPE_CHECKING:
    from rencheng.domain.errors import Fault
    from rencheng.domain.risk import EventImpact, Standing


def tell_standings(counts: Mapping[Standing, int]) -> None:
    """Say how many assets ended in each standing."""
    said = {one.name.lower(): f"{many:,}" for one, many in counts.items()}
    speaking.say("cli.risk.standing", style="bold", **said)


def tell_faults(faults: Iterable[Fault]) -> None:
    """Say what was wrong with the input, and how to mend it."""
    for fault in faults:
        speaking.say(
            f"fault.{fault.key}.problem", style="yellow", count=fault.count, where=fault.where,
            first=", ".join(fault.first),
        )  # fmt: skip
        speaking.say(f"fault.{fault.key}.hint", style="dim")


def is_nothing(counts: Mapping[Standing, int]) -> bool:
    """Whether there are assets, and all lack a curve or have bad data: nothing is known at all."""
    from rencheng.domain import risk

    return risk.is_nothing(counts)


def tell_losses(result: EventImpact, out: Path) -> int:
    """Say what a job came to; return 1 when nothing could be assessed."""
    from rencheng.domain.risk import Standing, left_out

    tell_standings(result.counts)
    tell_faults(result.faults)
    missing = int((result.unknown > 0).sum())
    if is_nothing(result.counts):
        speaking.say("cli.risk.nothing", style="red")
    elif result.of:
        _tell_fields(result)
    elif result.known_aal != result.known_aal:
        speaking.say("cli.risk.no_rates", style="yellow")
    else:
        speaking.say(
            "cli.risk.at_least" if result.is_partial else "cli.risk.aal",
            aal=result.known_aal,
            currency=result.currency,
            year=result.year,
            missing=missing,
            left=left_out(result.counts),
        )
    if result.counts[Standing.ASSESSED] == 0 < result.counts[Standing.NOT_EXPOSED]:
        speaking.say("cli.risk.nobody", style="yellow")
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    insurance, withheld = summary.get("insurance"), summary["withheld"]
    if insurance and insurance["known_paid_aal"] is not None:
        speaking.say(
            "cli.risk.insured_at_least" if result.is_partial else "cli.risk.insured",
            paid=insurance["known_paid_aal"],
            kept=insurance["known_kept_aal"],
            currency=result.currency,
        )
    if withheld:
        speaking.say("cli.risk.withheld", style="yellow", years=", ".join(map(str, withheld)))
    speaking.say("cli.risk.written", style="green", path=str(out))
    return int(is_nothing(result.counts))


def _tell_fields(result: EventImpact) -> None:
    """Say how the loss of one event scatters over the fields drawn of it."""
    from rencheng.adapters.risk.quantiles import of_fields

    found = of_fields(result)
    if not found:
        return
    low, median, high = (float(found[n][0]) for n in ("p05", "p50", "p95"))
    speaking.say(
        "cli.risk.fields_at_least" if result.is_partial else "cli.risk.fields",
        event=result.of, fields=len(result.names), p05=low, p50=median, p95=high,
        currency=result.currency, year=result.year,
    )  # fmt: skip


@contextmanager
def bar(key: str = "cli.risk.events") -> Iterator[Callable[[int, int], None]]:
    """Show how many events, or what `key` says, are done."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=speaking.console(is_error=True), transient=True) as bar:
        line = bar.add_task(speaking.words(key), total=None)
        yield lambda done, total: bar.update(line, completed=done, total=total)
