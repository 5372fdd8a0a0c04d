"""An alarm where the office's own damage curves cannot be used: others stand in their place."""

from __future__ import annotations

import logging

from rencheng.domain.alarm import Finding, Level
from rencheng.domain.errors import RenchengError
from rencheng.domain.provenance import Text
from rencheng.domain.run import LIVE_RUN
from rencheng.service.alarms import review
from rencheng.service.house import House

BROKEN_CURVES = "curves_broken"
_LOG = logging.getLogger(__name__)


def tell_of_curves(house: House, fault: RenchengError | None) -> None:
    """Raise the alarm that the office's curves are out of use, or clear it where they are not."""
    found = []
    if fault is not None:
        _LOG.error("the office's curves are not used: %s", fault)
        for one in fault.faults:
            _LOG.error("%s: %s (%s)", one.where, one.problem, one.hint)
        params: dict[str, str | int] = {"count": len(fault.faults) or 1, "why": str(fault)}
        found.append(
            Finding(
                rule=BROKEN_CURVES,
                rule_version="1",
                object="curves",
                level=Level.ORANGE,
                text=Text(f"alarm.{BROKEN_CURVES}", params),
            )
        )
    review(house, LIVE_RUN, found, rules={BROKEN_CURVES})
