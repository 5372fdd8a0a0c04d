"""The desk for runs of the risk engine."""

from __future__ import annotations

from dataclasses import dataclass

from rencheng.domain.identity import Permission
from rencheng.service.desk import Desk
from rencheng.service.house import House
from rencheng.service.jobs import IsStopped, Params, Tell
from rencheng.service.risk_runs import STOPPED, Engine, RiskRun, RunShelf

RiskDesk = Desk[RiskRun]


@dataclass(frozen=True, slots=True)
class RunWorker:
    """Has the engine do a run, and keeps its result beside it."""

    runs: RunShelf
    engine: Engine
    kind: str = "risk"
    may: Permission = Permission.RISK_RUN
    stopped: str = STOPPED

    def work(self, item: RiskRun, tell: Tell, is_stopped: IsStopped) -> RiskRun:
        """Do a run; what it came to lies on the shelf when this returns."""
        self.runs.keep(item.id, self.engine.work(item, tell, is_stopped))
        return item

    def action(self, _: RiskRun, end: str, /) -> str:
        """Return the key of a log line."""
        return f"{self.kind}.{end}"

    def params(self, item: RiskRun) -> Params:
        """Return what log lines say of a run."""
        why = item.trouble.key if item.trouble else ""
        return {"set": item.set.id, "city": item.city, "why": why}


def risk_desk(house: House, runs: RunShelf, engine: Engine) -> RiskDesk:
    """Return the desk for runs on a shelf."""
    return Desk(house, runs, RunWorker(runs, engine))
