"""What a damage state costs."""

from __future__ import annotations

from dataclasses import dataclass

from rencheng.domain.curve import CurveStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairCost:
    """Share of the value that repairing each damage state takes."""

    id: str
    """What it is for, such as the use `RES1`."""
    component: str
    """`whole`, or the component that the shares are of the whole building's value for."""
    states: tuple[str, ...]
    """From mild to worst, without "none", named as the fragility names them."""
    share: tuple[float, ...]
    """Mean share of the whole value, by state. [1]"""
    sd: tuple[float, ...] = ()
    """Standard deviation of the share, by state; empty: none is published. [1]"""
    source: str
    licence: str
    status: CurveStatus
    version: str
