"""The desk for runs of the risk engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from rencheng.domain.identity import Permission
from rencheng.service.desk import Desk
from rencheng.service.house import House
from rencheng.service.jobs import IsStopped, Params, Tell
from rencheng.service.risk_runs import STOPPED, Engine, RiskRun, RunShelf

RiskDesk = Desk[RiskRun]


class Runner(Protocol):
    """Has a run done, here or elsewhere."""

    def run(self, item: RiskRun, tell: Tell, is_stopped: IsStopped) -> None:
        """Do a run; what it came to lies on the shelf when this returns.

        Raises
        ------
        RenchengError
            Whatever is wrong; `ConflictError` with key `STOPPED` after a stop.
        """
        ...


@dataclass(frozen=True, slots=True)
class Here:
    """Runs in this process."""

    runs: RunShelf
    engine: Engine

    def run(self, item: RiskRun, tell: Tell, is_stopped: IsStopped) -> None:
        """Do a run, and keep its result beside it."""
        self.runs.keep(item.id, self.engine.work(item, tell, is_stopped))


@dataclass(frozen=True, slots=True)
class RunWorker:
    """Does runs of the risk engine."""

    runner: Runner
    kind: str = "risk"
    may: Permission = Permission.RISK_RUN
    stopped: str = STOPPED

    def work(self, item: RiskRun, tell: Tell, is_stopped: IsStopped) -> RiskRun:
        """Do a run; its result lies beside it, and the run itself says no more."""
        self.runner.run(item, tell, is_stopped)
        return item

    def action(self, _: RiskRun, end: str, /) -> str:
        """Return the key of a log line."""
        return f"{self.kind}.{end}"

    def params(self, item: RiskRun) -> Params:
        """Return what log lines say of a run."""
        why = item.trouble.key if item.trouble else ""
        return {"set": item.set.id, "city": item.city, "why": why}


def risk_desk(house: House, runs: RunShelf, runner: Runner) -> RiskDesk:
    """Return the desk for runs on a shelf."""
    return Desk(house, runs, RunWorker(runner))
