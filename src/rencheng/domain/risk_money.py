"""Currencies and price levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What an amount is in."""

    currency: str
    """ISO 4217, such as `CNY`."""
    year: int
    """Price level."""

    def __str__(self) -> str:
        """Return such as `CNY 2024`."""
        return f"{self.currency} {self.year}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Price indices and exchange rates as their user states them."""

    base: str
    """Currency that exchange rates are told in."""
    index: Mapping[str, Mapping[int, float]]
    """Price level by currency and year, on any scale of its own. [1]"""
    exchange: Mapping[str, Mapping[int, float]]
    """How much of the base one unit of a currency buys, by year."""
    source: str
    version: str
