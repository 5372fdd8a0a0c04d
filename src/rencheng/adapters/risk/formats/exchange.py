"""What passes between the forms: columns of assets, their currency, and what could not pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rencheng.domain.errors import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Assets as they were read from one form."""

    form: str
    assets: Mapping[str, Any]
    """As `run` takes them."""
    currency: str
    """Empty: the form does not say."""
    faults: tuple[Fault, ...] = ()
    """What was left out, turned or doubted."""
