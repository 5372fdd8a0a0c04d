"""What every job of the risk engine says of its assets and of its input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from rencheng.cli import speaking

if TYPE_CHECKING:
    from rencheng.domain.errors import Fault
    from rencheng.domain.risk import Standing


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
    from rencheng.domain.risk import left_out

    return 0 < left_out(counts) == sum(counts.values())
