"""Runs of the engine in a process of their own: the live loop and the API go on beside them."""

from __future__ import annotations

from pathlib import Path

from rencheng.adapters.child import Child
from rencheng.adapters.risk.city.run_shelf import FolderRuns
from rencheng.domain.errors import ConflictError
from rencheng.service.jobs import IsStopped, Tell
from rencheng.service.risk_runs import STOPPED, RiskRun

KIND = "risk"
MEMORY_MB = 4096
"""Memory that a run may take. No source: our choice. [MB]"""


def _stopped() -> ConflictError:
    return ConflictError(STOPPED, "the run was stopped", hint="Ask for it again")


CHILD = Child(module="rencheng.bootstrap.risk_work", kind=KIND, stopped=_stopped)


class ChildRunner:
    """Has each run done by a child, which opens the state folder for itself.

    Parameters
    ----------
    state, runs
        The state folder, and its runs.
    memory_mb
        What a run may take; one that wants more fails, and says so. [MB]
    """

    def __init__(self, state: Path, runs: FolderRuns, *, memory_mb: int = MEMORY_MB) -> None:
        self._state, self._runs, self._memory_mb = state, runs, memory_mb

    def run(self, item: RiskRun, tell: Tell, is_stopped: IsStopped) -> None:
        """Do a run in a child; blocks until its result lies on the shelf."""
        said = [str(self._state), item.id, str(self._memory_mb)]
        try:
            CHILD.work(said, self._runs.folder_of(item.id), tell, is_stopped)
        finally:
            self._runs.sweep(item.id)
