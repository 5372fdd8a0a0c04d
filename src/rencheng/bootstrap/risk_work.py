"""What the child process of a run does: open the state folder, do the run, keep its result."""

from __future__ import annotations

import sys
from pathlib import Path

from rencheng.adapters.child import Parent, answer


def main(arguments: list[str]) -> int:
    """Do one run; everything that goes wrong is said to the parent."""
    state, key, memory_mb = arguments
    return answer(lambda parent: work(Path(state), key, parent), "risk", memory_mb=float(memory_mb))


def work(state: Path, key: str, parent: Parent) -> None:
    """Do a run of a state folder in this process."""
    from rencheng.adapters.cities.store import Folder
    from rencheng.adapters.curves import curves_in_use
    from rencheng.adapters.risk.city.run_shelf import FolderRuns
    from rencheng.adapters.risk.city.sets import EventSets
    from rencheng.bootstrap.risk import open_engine
    from rencheng.bootstrap.wiring import load_models
    from rencheng.service.risk_desk import Here

    runs = FolderRuns(state)
    item = runs.get(key)
    models = load_models(state, curves_in_use(state)[0])
    engine = open_engine(Folder(state, item.city), state, EventSets(state), models)
    Here(runs, engine).run(item, parent.tell, parent.is_stopped)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
