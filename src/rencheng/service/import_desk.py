"""The desk for imports: checks and builds."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rencheng.domain.identity import Permission
from rencheng.service.desk import Desk
from rencheng.service.house import House
from rencheng.service.importing import STOPPED, Import, Shelf, Task, Versions, Workshop
from rencheng.service.jobs import IsStopped, Params, State, Tell
from rencheng.service.needs_form import Statements

ImportDesk = Desk[Import]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRoom:
    """Everything that importing and collecting need, wired once."""

    shelf: Shelf
    workshop: Workshop
    versions: Versions
    statements: Statements
    desk: ImportDesk


@dataclass(frozen=True, slots=True)
class ImportWorker:
    """Has the workshop check or build, and takes down what it found."""

    workshop: Workshop
    kind: str = "import"
    may: Permission = Permission.CITY_BUILD
    stopped: str = STOPPED

    def work(self, item: Import, tell: Tell, is_stopped: IsStopped) -> Import:
        """Check or build."""
        task = Task(item.task)
        found = self.workshop.work(item, task, tell, is_stopped)
        if task is Task.CHECK:
            return replace(item, checked=found)
        return replace(item, built=found, checked=replace(found, version=""))

    def action(self, item: Import, end: str, /) -> str:
        """Return the key of a log line, which names the task where it is over."""
        is_over = end in ("done", "failed")
        return f"{self.kind}.{item.task}_{end}" if is_over else f"{self.kind}.{end}"

    def params(self, item: Import) -> Params:
        """Return what log lines say of an import."""
        found = item.checked if item.task == Task.CHECK else item.built
        found = found if item.state is State.DONE else None
        return {
            "city": item.city,
            "task": item.task,
            "version": found.version if found else "",
            "findings": len(found.findings) if found else 0,
            "why": item.trouble.key if item.trouble else "",
        }


def import_desk(house: House, shelf: Shelf, workshop: Workshop) -> ImportDesk:
    """Return the desk for imports on a shelf."""
    return Desk(house, shelf, ImportWorker(workshop))
