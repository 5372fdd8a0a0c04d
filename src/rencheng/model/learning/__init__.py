"""What an event teaches: fragilities updated by damage reports, never without approval."""

from rencheng.model.learning.fragility import adjusted, learn
from rencheng.model.learning.survey import synthetic_survey

__all__ = ["adjusted", "learn", "synthetic_survey"]
