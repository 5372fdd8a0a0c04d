"""Event sets that a city's runs may be made of: scenarios, stated sources, files of the office."""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rencheng.adapters.arriving import Arriving
from rencheng.adapters.files import data_folder
from rencheng.adapters.job_folders import PART, no_room, sync, write_whole
from rencheng.adapters.replay.scenarios import ScenarioFolder
from rencheng.adapters.risk.events.contents import content_faults
from rencheng.adapters.risk.events.descriptions import (
    DESCRIPTION,
    ENDINGS,
    described,
    kind_of,
    new_faults,
    refused,
    written,
)
from rencheng.adapters.risk.events.rasters import RASTERS
from rencheng.domain.errors import (
    CorruptDataError,
    Fault,
    InvalidInputError,
    NotFoundError,
    RenchengError,
    TooLargeError,
)
from rencheng.domain.hazard import BulletinKind
from rencheng.domain.provenance import Origin
from rencheng.service.jobs import Trouble
from rencheng.service.replay import Scenario
from rencheng.service.risk_runs import IncomingSet, NewSet, RiskSet, SetKind

OWN_FOLDER = "events"
LARGEST = 512 * 1024**2
"""Largest file that is taken. No source: our choice. [byte]"""
SCENARIO = "scenario-"
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_FRESH = re.compile(_ID.pattern + r"\.kept-[0-9a-f]{8}(\.[a-z0-9]+)?")
"""Names of data that were handed over, each of its own; whoever puts a file there has others."""


class EventSets:
    """Scenarios and sets that come with the program, and those of the office.

    Parameters
    ----------
    state
        State folder; its `events/` are the office's own.
    scenarios
        Where scenarios come from.
    largest
        Largest file that is taken. [byte]
    """

    def __init__(
        self, state: Path, scenarios: ScenarioFolder | None = None, *, largest: int = LARGEST
    ) -> None:
        self.folder = state / OWN_FOLDER
        self.scenarios = scenarios or ScenarioFolder()
        self.largest = largest

    def all(self, city: str) -> list[RiskSet]:
        """Return the sets that concern a city, faulty ones with their trouble."""
        quakes = [
            _scenario(self.scenarios, one) for one in self.scenarios.list() if one.city == city
        ]
        ours = [_one(file, is_own=False) for file in _tables(data_folder() / OWN_FOLDER)]
        own = [_one(file, is_own=True) for file in _tables(self.folder)]
        listed = [one for one, place in (*ours, *own) if place in ("", city)]
        return [*quakes, *listed, *self._undescribed([one.id for one, _ in own])]

    def get(self, city: str, key: str) -> RiskSet:
        """Return a set, or raise `NotFoundError`."""
        for one in self.all(city):
            if one.id == key:
                return one
        raise _unknown(key)

    def table(self, key: str) -> tuple[dict[str, Any], Path]:
        """Return the description of a set that is no scenario, and the folder it lies in."""
        for folder in (self.folder, data_folder() / OWN_FOLDER):
            file = folder / f"{key}.toml"
            if _ID.fullmatch(key) and file.is_file():
                return described(file), folder
        raise _unknown(key)

    def incoming(self, new: NewSet) -> Arriving:
        """Open a file for writing; refuse what is said of it with every fault at once."""
        faults = new_faults(new)
        taken = (data_folder() / OWN_FOLDER / f"{new.id}.toml").exists()
        if not _ID.fullmatch(new.id) or taken or new.id.startswith(SCENARIO):
            faults.append(
                Fault(
                    where="id", key="risk.set_id", problem=f"{new.id[:60]!r} is no id",
                    hint="Use small letters, digits, - or _; one of ours cannot be replaced",
                    first=(new.id[:60],),
                )
            )  # fmt: skip
        if faults:
            raise refused(new.id[:60], faults)
        return Arriving(self.folder, self.largest, too_large=_too_large, kind="risk")

    def keep(self, new: NewSet, arrived: IncomingSet) -> RiskSet:
        """Put what arrived on the shelf; a set of the same id gives way.

        The new data lie beside the old until the description, which names them, is replaced: at any
        moment the old set or the new one is whole.

        Raises
        ------
        InvalidInputError
            When the file is not what its name says; the set that was there stays.
        SourceUnavailableError
            When the disk is full; likewise.
        """
        if not isinstance(arrived, Arriving):
            raise TypeError("only what `incoming` opened can be kept")
        arrived.finish()
        must_hold(arrived.path, new.file)
        kind, ending = kind_of(new.file), Path(new.file).suffix.lower()
        is_folder = kind is SetKind.RASTERS
        data = self.folder / f"{new.id}.kept-{secrets.token_hex(4)}{'' if is_folder else ending}"
        file = self.folder / f"{new.id}.toml"
        try:
            _place(arrived, data / f"{new.id}{ending}" if is_folder else data)
            sync(self.folder)
            said = written(new, kind, data.name).encode()
            write_whole(file, lambda stream: stream.write(said))
        except OSError as error:
            if not file.exists() or data.name.encode() not in file.read_bytes():
                _delete(data)
            raise no_room("risk", file, error) from error
        for path in self._files(new.id):
            if path not in (file, data):
                _delete(path)
        return _one(file, is_own=True)[0]

    def sweep(self) -> None:
        """Delete what a server that is gone left half arrived. No other may be at work."""
        said = b"".join(file.read_bytes() for file in _tables(self.folder))
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            is_left = _FRESH.fullmatch(path.name) and path.name.encode() not in said
            if is_left or path.name.startswith(PART):
                _delete(path)

    def remove(self, key: str) -> None:
        """Delete a set of the office; `NotFoundError` for any other."""
        files = self._files(key) if _ID.fullmatch(key) else []
        if not files:
            raise _unknown(key)
        for path in files:
            _delete(path)

    def _files(self, key: str) -> list[Path]:
        """Return what lies under an id: the description first, and data of any form."""
        names = (f"{key}.toml", key, *(f"{key}{ending}" for ending in ENDINGS))
        fresh = [path for path in self.folder.glob(f"{key}.*") if _FRESH.fullmatch(path.name)]
        return [path for path in (self.folder / name for name in names) if path.exists()] + fresh

    def _undescribed(self, known: Sequence[str]) -> Iterator[RiskSet]:
        """Return files that lie in the folder and of which nobody says what they are."""
        if not self.folder.is_dir():
            return
        for path in sorted(self.folder.iterdir()):
            is_data = path.suffix.lower() in ENDINGS or path.is_dir()
            is_ours = path.name.startswith(".") or _FRESH.fullmatch(path.name)
            if not is_data or is_ours or path.stem in known:
                continue
            error = InvalidInputError(
                "risk.undescribed",
                f"nothing says what {path.name} holds",
                hint=f"Write {path.stem}.toml beside it",
                params={"file": path.name, "table": f"{path.stem}.toml"},
            )
            kind = SetKind.RASTERS if path.is_dir() else kind_of(path.name)
            yield _faulty(path.stem, kind, error, is_own=True)


def must_hold(file: Path, name: str) -> None:
    """Refuse a file that is empty, of another kind than its name says, or has no events."""
    faults = content_faults(file, name)
    if faults:
        raise InvalidInputError(
            "risk.set_file",
            f"the file {name} has {len(faults)} faults",
            hint="Mend them all, and give the file again",
            params={"file": name, "count": len(faults)},
            faults=faults,
        )


def _place(arrived: Arriving, place: Path) -> None:
    """Put a file that arrived in its place, durable with the folder around it."""
    place.parent.mkdir(exist_ok=True)
    arrived.move(place)
    sync(place.parent)


def _delete(path: Path) -> None:
    """Delete a file or a folder with all that lies in it."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _tables(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.glob("*.toml")) if _ID.fullmatch(file.stem)]


def _scenario(scenarios: ScenarioFolder, one: Scenario) -> RiskSet:
    file = scenarios.file(one.id)
    quakes = [b for b in file.bulletins if b.kind is BulletinKind.EARTHQUAKE]
    body = repr([(b.id, b.lon, b.lat, b.depth_km, b.magnitude) for b in quakes])
    return RiskSet(
        id=f"{SCENARIO}{one.id}",
        kind=SetKind.SCENARIO,
        name_zh=one.name_zh,
        name_en=one.name_en,
        hazard="earthquake",
        measure="PGA",
        unit="g",
        origin=Origin.DERIVED,
        source="; ".join(one.sources),
        mark=hashlib.sha256(body.encode()).hexdigest()[:16],
    )


def _one(file: Path, *, is_own: bool) -> tuple[RiskSet, str]:
    """Return a described set, with its trouble where it has one, and the city it is for."""
    try:
        table = described(file)
        paths = _data(file, table)
    except RenchengError as error:
        return _faulty(file.stem, SetKind.TABLE, error, is_own=is_own), ""
    stats = [path.stat() for path in paths]
    body = (
        file.read_bytes()
        + repr(
            [(path.name, s.st_size, s.st_mtime_ns) for path, s in zip(paths, stats, strict=True)]
        ).encode()
    )
    found = RiskSet(
        id=file.stem,
        kind=SetKind(table["kind"]),
        name_zh=table["name_zh"],
        name_en=table["name_en"],
        hazard=table["hazard"],
        measure=table["measure"],
        unit=table["unit"],
        origin=Origin(table["origin"]),
        source=table["source"],
        licence=str(table.get("licence", "")),
        is_own=is_own,
        mark=hashlib.sha256(body).hexdigest()[:16],
        size=sum(s.st_size for s in stats),
    )
    return found, str(table.get("city", ""))


def _data(file: Path, table: dict[str, Any]) -> list[Path]:
    """Return the files of a set; they lie in its own folder and nowhere else."""
    if table["kind"] == SetKind.RATES:
        return []
    place = (file.parent / table["data"]).resolve()
    if place.parent != file.parent.resolve() or not place.exists():
        raise CorruptDataError(
            "risk.no_file",
            f"{file.name} names {table['data']!r}, which does not lie beside it",
            hint="Put the file into the same folder, or mend its name",
            params={"file": str(table["data"])[:80], "table": file.name},
        )
    if not place.is_dir():
        must_hold(place, place.name)
        return [place]
    return sorted(f for f in place.iterdir() if f.suffix.lower() in (*RASTERS, ".csv"))


def _faulty(key: str, kind: SetKind, error: RenchengError, *, is_own: bool) -> RiskSet:
    return RiskSet(
        id=key, kind=kind, name_zh=key, name_en=key, hazard="", measure="", unit="",
        origin=Origin.MISSING, source=f"{OWN_FOLDER}/{key}{DESCRIPTION}", is_own=is_own,
        trouble=Trouble.of(error),
    )  # fmt: skip


def _too_large(most: int) -> TooLargeError:
    return TooLargeError(
        "risk.file_large",
        f"the file is larger than {most} bytes",
        hint="Put it into the folder events of the state folder, or cut it to the city",
        params={"limit_mb": most / 1024**2},
    )


def _unknown(key: str) -> NotFoundError:
    return NotFoundError(
        "risk.no_set",
        f"there is no event set {key[:80]!r}",
        hint="Reload the list of event sets",
        params={"set": key[:80]},
    )
