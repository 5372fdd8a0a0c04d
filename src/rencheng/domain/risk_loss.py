"""What damage brings beside the cost of repair: days out of use, debris."""

from __future__ import annotations

from dataclasses import dataclass

from rencheng.domain.curve import CurveStatus
from rencheng.domain.risk_consequence import RepairCost


@dataclass(frozen=True, slots=True, kw_only=True)
class StateAmounts:
    """An amount that comes with each damage state, such as days out of use."""

    id: str
    """What it is for, such as the use `RES1` or the structural type `W1`."""
    what: str
    """`downtime`, `debris` …"""
    unit: str
    """Of the amount, such as `d` or `t/m2`."""
    states: tuple[str, ...]
    """From mild to worst, without "none"."""
    amount: tuple[float, ...]
    """Never falling from a state to a worse one. [unit] (states,)"""
    source: str
    licence: str
    status: CurveStatus
    version: str

    @property
    def worst(self) -> float:
        """Return the amount of the worst state. [unit]"""
        return self.amount[-1]

    def as_cost(self) -> RepairCost:
        """Return the amounts as shares of the worst, as `vulnerability_of` takes them.

        The curve that comes out gives the expected share of `worst`: an asset *worth* `worst` x
        what one unit costs then loses what the amount costs.
        """
        top = self.worst if self.worst > 0.0 else 1.0
        return RepairCost(
            id=f"{self.id}:{self.what}",
            component="whole",
            states=self.states,
            share=tuple(one / top for one in self.amount),
            source=self.source,
            licence=self.licence,
            status=self.status,
            version=self.version,
        )
