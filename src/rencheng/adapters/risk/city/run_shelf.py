"""Runs of the risk engine on disk: one folder a run.

risk/runs/<id>/run.json          the run
risk/runs/<id>/summary.msgpack   what it came to
risk/runs/<id>/tables.npz        its tables, and the hazard that it used
"""

from __future__ import annotations

import re
from collections import OrderedDict
from operator import attrgetter
from pathlib import Path
from threading import Lock

import msgspec
import numpy as np

from rencheng.adapters.job_folders import PART, JobFolders
from rencheng.domain.errors import NotFoundError
from rencheng.service.risk_runs import RiskResult, RiskRun, RiskSummary

_ID = re.compile(r"[0-9a-f-]{36}")
_RUN, _SUMMARY, _TABLES = "run.json", "summary.msgpack", "tables.npz"
# Made once, before any thread: two that decode a type for the first time at once crash msgspec.
_DECODER = msgspec.msgpack.Decoder(RiskSummary)
_HELD = 3
"""Results that stay in memory."""


class FolderRuns(JobFolders[RiskRun]):
    """Runs in a state folder."""

    def __init__(self, state: Path) -> None:
        super().__init__(state / "risk" / "runs", RiskRun, record=_RUN, ids=_ID, kind="risk")
        self._held: OrderedDict[str, RiskResult] = OrderedDict()
        self._lock = Lock()

    def all(self) -> list[RiskRun]:
        """Return all runs that can be read, newest first."""
        return sorted(super().all(), key=attrgetter("asked", "id"), reverse=True)

    def keep(self, key: str, result: RiskResult) -> None:
        """Keep a result beside its run; the summary last, so that it is whole when it is there."""
        folder = self.folder_of(key)
        self.write(
            folder / _TABLES,
            lambda stream: np.savez(stream, allow_pickle=False, **dict(result.arrays)),
        )
        body = msgspec.msgpack.encode(result.summary)
        self.write(folder / _SUMMARY, lambda stream: stream.write(body))

    def result(self, key: str) -> RiskResult:
        """Return a result, or raise `NotFoundError` where there is none."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        folder = self.folder_of(key)
        try:
            summary = _DECODER.decode((folder / _SUMMARY).read_bytes())
            with np.load(folder / _TABLES, allow_pickle=False) as tables:
                found = RiskResult(
                    summary=summary, arrays={name: tables[name] for name in tables.files}
                )
        except FileNotFoundError as error:
            self.get(key)
            raise NotFoundError(
                "risk.no_result",
                f"the run {key} has no result",
                hint="Wait until it is done, or ask for it again",
                params={"id": key},
            ) from error
        except (OSError, ValueError, msgspec.DecodeError) as error:
            raise self._damaged(key, str(error)) from error
        with self._lock:
            self._held[key] = found
            while len(self._held) > _HELD:
                self._held.popitem(last=False)
        return found

    def sweep(self, key: str) -> None:
        """Delete what a process that is gone left half written."""
        for name in (_TABLES, _SUMMARY):
            for part in self.folder_of(key).glob(f"{PART}{name}-*"):
                part.unlink(missing_ok=True)

    def remove(self, key: str) -> None:
        """Forget a run and its result."""
        super().remove(key)
        with self._lock:
            self._held.pop(key, None)
