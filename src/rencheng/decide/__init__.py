"""Resilience decision: proposals with reasons, never orders."""

from rencheng.decide.propose import decide

__all__ = ["decide"]
