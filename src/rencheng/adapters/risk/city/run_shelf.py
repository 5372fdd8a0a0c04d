"""Runs of the risk engine on disk: one folder a run.

risk/runs/<id>/run.json          the run
risk/runs/<id>/summary.msgpack   what it came to
risk/runs/<id>/tables.npz        its tables, and the hazard that it used
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import BinaryIO

import msgspec
import numpy as np

from rencheng.domain.errors import CorruptDataError, NotFoundError
from rencheng.service.risk_runs import RiskResult, RiskRun, RiskSummary

_ID = re.compile(r"[0-9a-f-]{36}")
_RUN, _SUMMARY, _TABLES = "run.json", "summary.msgpack", "tables.npz"
_HELD = 3
"""Results that stay in memory."""


class FolderRuns:
    """Runs in a state folder. Writers are serialised by the store's lock."""

    def __init__(self, state: Path) -> None:
        self.folder = state / "risk" / "runs"
        self._held: OrderedDict[str, RiskResult] = OrderedDict()
        self._lock = Lock()

    def all(self) -> list[RiskRun]:
        """Return all runs, newest first."""
        files = self.folder.glob(f"*/{_RUN}")
        found = [self._read(file) for file in files if _ID.fullmatch(file.parent.name)]
        return sorted(found, key=lambda one: (one.asked, one.id), reverse=True)

    def get(self, key: str) -> RiskRun:
        """Return a run, or raise `NotFoundError`."""
        return self._read(self._of(key) / _RUN)

    def put(self, item: RiskRun) -> None:
        """Keep a run; a reader sees it as it was or as it is, never half of it."""
        body = msgspec.json.format(msgspec.json.encode(item), indent=1)
        _write(self._of(item.id) / _RUN, lambda stream: stream.write(body))

    def keep(self, key: str, result: RiskResult) -> None:
        """Keep a result beside its run; the summary last, so that it is whole when it is there."""
        folder = self._of(key)
        _write(
            folder / _TABLES,
            lambda stream: np.savez(stream, allow_pickle=False, **dict(result.arrays)),
        )
        body = msgspec.msgpack.encode(result.summary)
        _write(folder / _SUMMARY, lambda stream: stream.write(body))

    def result(self, key: str) -> RiskResult:
        """Return a result, or raise `NotFoundError` where there is none."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        folder = self._of(key)
        try:
            summary = msgspec.msgpack.decode((folder / _SUMMARY).read_bytes(), type=RiskSummary)
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
            raise _broken(folder, error) from error
        with self._lock:
            self._held[key] = found
            while len(self._held) > _HELD:
                self._held.popitem(last=False)
        return found

    def remove(self, key: str) -> None:
        """Forget a run and its result."""
        folder = self._of(key)
        (folder / _RUN).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        with self._lock:
            self._held.pop(key, None)

    def _of(self, key: str) -> Path:
        if not _ID.fullmatch(key):
            raise _unknown(key)
        return self.folder / key

    def _read(self, file: Path) -> RiskRun:
        try:
            return msgspec.json.decode(file.read_bytes(), type=RiskRun)
        except FileNotFoundError as error:
            raise _unknown(file.parent.name) from error
        except (OSError, msgspec.DecodeError) as error:
            raise _broken(file.parent, error) from error


def _write(file: Path, fill: Callable[[BinaryIO], object]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".part-", dir=file.parent)
    with os.fdopen(handle, "wb") as stream:
        fill(stream)
        stream.flush()
        os.fsync(stream.fileno())
    Path(name).replace(file)


def _unknown(key: str) -> NotFoundError:
    return NotFoundError(
        "risk.unknown",
        f"there is no run {key[:80]!r}",
        hint="Reload the list of runs",
        params={"id": key[:80]},
    )


def _broken(folder: Path, error: Exception) -> CorruptDataError:
    return CorruptDataError(
        "risk.broken",
        f"{folder} cannot be read: {error}",
        hint="Delete the folder of this run and ask for it again",
        params={"file": folder.name},
    )
