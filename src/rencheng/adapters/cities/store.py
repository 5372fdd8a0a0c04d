"""Built cities on disk: one folder a version, one file an array, a manifest with checksums.

    cities/<id>/current          the version served, and the ones before it, a line each
    cities/<id>/<version>/       city.json, strings.json, zones.population.npy, …

A version is the hash of its content. A folder is written beside its place and then renamed, so a
half-written one is never seen; arrays are memory-mapped when read.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import numpy as np

from rencheng.adapters.cities.packages import sha256
from rencheng.domain.change import CityVersion
from rencheng.domain.city import City
from rencheng.domain.errors import CorruptDataError, NotFoundError, RenchengError

SCHEMA = "rencheng.city/2"
MANIFEST, STRINGS = "city.json", "strings.json"
_KEPT_BEFORE = 3


class Folder:
    """The built versions of one city. Safe to ask from several threads.

    Parameters
    ----------
    state
        The state folder; versions lie in `state/cities/<city>`.
    city
        Id of the city.
    """

    def __init__(self, state: Path, city: str) -> None:
        self.path = state / "cities" / city
        self.problem: RenchengError | None = None
        """Why the version that `current` names is not the one served; None when it is."""
        self._lock = threading.Lock()
        self._served: City | None = None
        self._refused = ""

    def versions(self) -> tuple[str, ...]:
        """Return the complete versions on disk, sorted."""
        return tuple(sorted(p.parent.name for p in self.path.glob(f"[!.]*/{MANIFEST}")))

    def kept(self) -> tuple[CityVersion, ...]:
        """Return the complete versions on disk, newest first; damaged ones are left out."""
        names = self._history()
        found = []
        for version in self.versions():
            folder = self.path / version
            try:
                count = {
                    name: int(np.load(folder / f"{name}.npy", mmap_mode="r").shape[0])
                    for name in ("buildings.id", "roads.id")
                }
            except (OSError, ValueError):
                continue
            found.append(
                CityVersion(
                    version=version,
                    built=datetime.fromtimestamp((folder / MANIFEST).stat().st_mtime, UTC),
                    buildings=count["buildings.id"],
                    links=count["roads.id"],
                    is_current=names[:1] == [version],
                )
            )
        return tuple(sorted(found, key=lambda one: (one.built, one.version), reverse=True))

    def current(self) -> City:
        """Return the city that is served.

        A new version is taken up as soon as `current` names it. If it is damaged the one before
        goes on being served, and `problem` says why.

        Raises
        ------
        NotFoundError
            When no version has been built.
        CorruptDataError
            When the named version is damaged and there is none before it.
        """
        with self._lock:
            names = self._history()
            if not names:
                raise NotFoundError(
                    "city.not_built",
                    f"no city {self.path.name} has been built in {self.path.parent}",
                    hint=f"Run `rencheng city build {self.path.name} --fetch`",
                    params={"city": self.path.name},
                )
            if self._served and names[0] in (self._served.version, self._refused):
                return self._served
            self._served = self._load_first(names)
            return self._served

    def is_usable(self) -> bool:
        """Return whether there is a city to serve, the named version or one before it."""
        try:
            self.current()
        except (NotFoundError, CorruptDataError):
            return False
        return True

    def _load_first(self, names: list[str]) -> City:
        """Load the first version that is whole; remember what was wrong with the named one."""
        self.problem, self._refused = None, ""
        for name in names:
            if self._served and name == self._served.version:
                return self._served
            try:
                return self.load(name)
            except (CorruptDataError, NotFoundError) as error:
                if self.problem is None:
                    self.problem, self._refused = error, name
        if self._served:
            return self._served
        raise self.problem or RuntimeError("no version named")

    def load(self, version: str) -> City:
        """Read a version and check every file of it against its checksum.

        Raises
        ------
        NotFoundError
            When there is no such version.
        CorruptDataError
            When a file is missing, damaged or not of this schema; it is named.
        """
        folder = self.path / version
        if not folder.is_dir():
            raise NotFoundError(
                "city.no_version",
                f"the city {self.path.name} has no version {version}",
                hint="Run `rencheng city show` to see the versions, or build the city again",
                params={"city": self.path.name, "version": version},
            )
        manifest = _read_json(folder / MANIFEST)
        _check_files(folder, manifest)
        strings = _read_json(folder / STRINGS)
        try:
            city = _compose(folder, manifest, strings)
        except (KeyError, TypeError, ValueError, msgspec.ValidationError) as error:
            raise _damaged(folder / MANIFEST, "content", str(error)) from error
        if city.version != version:
            raise _damaged(folder / MANIFEST, "changed", f"it says version {city.version}")
        return city

    def save(self, city: City) -> City:
        """Write a city under the version that its content has; return it with that version.

        A version that is there and whole is left alone; a damaged one is replaced.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".building-", dir=self.path))
        try:
            version = _write(city, fresh)
            target = self.path / version
            if target.exists():
                try:
                    return self.load(version)
                except (CorruptDataError, NotFoundError):
                    shutil.rmtree(target)
            fresh.chmod(0o755)
            _rename(fresh, target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        return self.load(version)

    def set_current(self, version: str) -> City:
        """Serve this version from now on, after reading it whole.

        Raises
        ------
        CorruptDataError, NotFoundError
            As `load`; what was served before is then served on.
        """
        city = self.load(version)
        before = [name for name in self._history() if name != version][:_KEPT_BEFORE]
        text = "".join(f"{name}\n" for name in [version, *before])
        handle, name = tempfile.mkstemp(prefix=".current-", dir=self.path)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(self.path / "current")
        return city

    def _history(self) -> list[str]:
        try:
            # Bytes that are no text are no version either: `load` then says so.
            return (self.path / "current").read_text(encoding="utf-8", errors="replace").split()
        except FileNotFoundError:
            return []


_TABLES = tuple(
    f.name
    for f in fields(City)
    if f.name
    in {
        "zones", "grid", "buildings", "roads", "facilities", "lifelines", "mains", "dependencies",
        "stops", "terrain",
    }
)  # fmt: skip


@lru_cache(maxsize=64)
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _columns(value: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """Yield every array and tuple of strings of a table by its dotted name."""
    for column in fields(value):
        item, name = getattr(value, column.name), f"{prefix}.{column.name}"
        if is_dataclass(item):
            yield from _columns(item, name)
        else:
            yield name, item


def _write(city: City, folder: Path) -> str:
    """Write arrays, strings and manifest; return the version."""
    strings: dict[str, list[str]] = {}
    for table in _TABLES:
        for name, item in _columns(getattr(city, table), table):
            if isinstance(item, np.ndarray):
                np.save(folder / f"{name}.npy", np.ascontiguousarray(item), allow_pickle=False)
            else:
                strings[name] = list(item)
    _write_json(folder / STRINGS, strings)
    rest = {
        f.name: msgspec.to_builtins(getattr(city, f.name))
        for f in fields(City)
        if f.name not in (*_TABLES, "version")
    }
    checksums = {p.name: sha256(p) for p in sorted(folder.iterdir())}
    body = {"schema": SCHEMA, "city": rest, "files": checksums}
    version = hashlib.sha256(_json(body).encode()).hexdigest()[:16]
    _write_json(folder / MANIFEST, body | {"version": version})
    return version


def _compose(folder: Path, manifest: dict[str, Any], strings: dict[str, Any]) -> City:
    if manifest["schema"] != SCHEMA:
        raise ValueError(f"schema {manifest['schema']!r} is not {SCHEMA!r}")
    body = {key: value for key, value in manifest.items() if key != "version"}
    version = hashlib.sha256(_json(body).encode()).hexdigest()[:16]
    rest = {
        name: msgspec.convert(value, _hints(City)[name]) for name, value in manifest["city"].items()
    }
    tables = {name: _table(_hints(City)[name], name, folder, strings) for name in _TABLES}
    return replace(City(version=version, **tables, **rest), version=version)


def _table(kind: Any, prefix: str, folder: Path, strings: dict[str, Any]) -> Any:
    values: dict[str, Any] = {}
    for column in fields(kind):
        name = f"{prefix}.{column.name}"
        hint = _hints(kind)[column.name]
        if is_dataclass(hint):
            values[column.name] = _table(hint, name, folder, strings)
        elif name in strings:
            values[column.name] = tuple(strings[name])
        else:
            mapped = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            values[column.name] = np.asarray(mapped)
    return kind(**values)


def _rename(fresh: Path, target: Path) -> None:
    """Put a folder in its place; if another process was faster its copy is as good."""
    try:
        fresh.replace(target)
    except OSError:
        if not (target / MANIFEST).is_file():
            raise


def _check_files(folder: Path, manifest: dict[str, Any]) -> None:
    for name, expected in manifest.get("files", {}).items():
        file = folder / name
        if not file.is_file():
            raise _damaged(file, "missing")
        if sha256(file) != expected:
            raise _damaged(file, "changed", f"its SHA-256 is not {expected}")


def _read_json(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(file, "content", str(error)) from error
    if not isinstance(value, dict):
        raise _damaged(file, "content", "it is not a table")
    return value


def _json(value: Any) -> str:
    # Infinity stands in datastreams without a limit; Python's JSON writes and reads it.
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _write_json(file: Path, value: Any) -> None:
    with file.open("w", encoding="utf-8") as stream:
        stream.write(_json(value))
        stream.flush()
        os.fsync(stream.fileno())


def _damaged(file: Path, how: str, detail: str = "") -> CorruptDataError:
    """Name a damaged file and say how it is damaged: missing, changed, or its content."""
    return CorruptDataError(
        f"city.file_{how}",
        f"{file} cannot be used: {detail or how}",
        hint="Build the city again with `rencheng city build`; the version before it is untouched",
        params={"file": str(file)},
    )
