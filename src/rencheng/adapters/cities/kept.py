"""What readers returned, kept on disk: a build that was stopped takes it up and reads on.

    imports-cache/<fingerprint>/    given.json, arrays.npz

A fingerprint is made of the file's content, the source's entry, the clip box and the readers' code,
so what changed is read again. Nothing in a folder is ever run: arrays, WKB and JSON only.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import numpy as np
import shapely

from rencheng.adapters.cities.given import Given
from rencheng.adapters.cities.packages import sha256
from rencheng.adapters.cities.readers import Box, Source

FOLDER = "imports-cache"
KEPT_DAYS = 14
# Hashing more than this takes longer than looking whether it fits the memory. House default. [B]
_HASHED, _END = 1 << 30, 1 << 20
_WORD = re.compile(r"[^\s;,+:/\\]+")
_PLAIN = ("layers", "findings", "sensors")


def fingerprint(source: Source, file: Path, clip: Box | None) -> str:
    """Return a hash of everything that decides what a reader returns for a source."""
    # A shapefile is several files of one name; one that changes changes all.
    beside = file.rglob("*") if file.is_dir() else file.parent.glob(f"{_escaped(file.stem)}.*")
    files = sorted(p for p in {file, *beside, *_named(source, file)} if p.is_file())
    body = {
        "files": {str(p.relative_to(file.parent)): _content(p) for p in files},
        "source": msgspec.to_builtins(source),
        "clip": clip,
        "code": _code(),
    }
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]


def _content(file: Path) -> str:
    """Return what tells a file from another: its hash; of a huge one size, time and both ends."""
    about = file.stat()
    if about.st_size <= _HASHED:
        return sha256(file)
    with file.open("rb") as stream:
        ends = stream.read(_END)
        stream.seek(-_END, 2)
        ends += stream.read(_END)
    return f"{about.st_size} {about.st_mtime_ns} {hashlib.sha256(ends).hexdigest()}"


def _named(source: Source, file: Path) -> set[Path]:
    """Return the files beside a source's own that its options name: tiles, age groups, nodes."""
    words = {
        w
        for o in source.options.values()
        for w in _WORD.findall(str(o))
        if "." in w and "**" not in w
    }
    return {p for word in words for p in file.parent.glob(word) if p.is_file()}


def _escaped(stem: str) -> str:
    return "".join(f"[{c}]" if c in "[]*?" else c for c in stem)


@cache
def _code() -> str:
    files = sorted(Path(__file__).parent.rglob("*.py"))
    return hashlib.sha256("".join(sha256(file) for file in files).encode()).hexdigest()


def keep(state: Path, mark: str, given: Given) -> None:
    """Put away what a reader returned; a half-written folder is never seen."""
    root = state / FOLDER
    root.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".keeping-", dir=root))
    try:
        arrays: dict[str, np.ndarray] = {}
        body = {one.name: _put(one.name, getattr(given, one.name), arrays) for one in fields(Given)}
        with (fresh / "arrays.npz").open("wb") as stream:
            np.savez(stream, **arrays)  # type: ignore[arg-type]
        (fresh / "given.json").write_text(json.dumps(body), encoding="utf-8")
        shutil.rmtree(root / mark, ignore_errors=True)
        fresh.replace(root / mark)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def take(state: Path, mark: str) -> Given | None:
    """Return what was put away; None when nothing whole is there."""
    folder = state / FOLDER / mark
    try:
        body = json.loads((folder / "given.json").read_text(encoding="utf-8"))
        with (
            (folder / "arrays.npz").open("rb") as stream,
            np.load(stream, allow_pickle=False) as arrays,
        ):
            hints = get_type_hints(Given)
            given = Given(
                **{name: _get(hints[name], value, arrays) for name, value in body.items()}
            )
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        EOFError,
        StopIteration,
        msgspec.MsgspecError,
        zipfile.BadZipFile,
        shapely.errors.ShapelyError,
    ):
        return None
    os.utime(folder)
    return given


def sweep(state: Path, *, now: float | None = None) -> None:
    """Remove what no build has taken up for two weeks."""
    limit = (time.time() if now is None else now) - KEPT_DAYS * 86_400
    for folder in (state / FOLDER).glob("*"):
        if folder.is_dir() and folder.stat().st_mtime < limit:
            shutil.rmtree(folder, ignore_errors=True)


def _put(name: str, value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Return the JSON of a value; its arrays go into `arrays`."""
    if name in _PLAIN or value is None or isinstance(value, str):
        return msgspec.to_builtins(value)
    if isinstance(value, shapely.Geometry):
        return {"wkb": shapely.to_wkb(value, hex=True)}
    if is_dataclass(value):
        return {
            one.name: _put(f"{name}.{one.name}", getattr(value, one.name), arrays)
            for one in fields(value)
        }
    if isinstance(value, tuple):
        return {"strings": list(value)}
    if value.dtype != object:
        arrays[name] = value
        return {"array": name}
    if any(isinstance(one, shapely.Geometry) for one in value[:1000]) or _is_shapes(value):
        blobs = [b"" if one is None else one for one in shapely.to_wkb(value)]
        arrays[f"{name}#end"] = np.cumsum([len(blob) for blob in blobs], dtype=np.int64)
        arrays[name] = np.frombuffer(b"".join(blobs), dtype=np.uint8)
        return {"geometries": name}
    return {"names": [str(one) for one in value]}


def _is_shapes(value: np.ndarray) -> bool:
    return value.size > 0 and all(one is None or isinstance(one, shapely.Geometry) for one in value)


def _get(kind: Any, value: Any, arrays: Any) -> Any:
    """Return a value from its JSON."""
    if value is None:
        return None
    if isinstance(value, list):
        return msgspec.convert(value, kind)
    if "wkb" in value:
        return shapely.from_wkb(value["wkb"])
    if "array" in value:
        return arrays[value["array"]]
    if "geometries" in value:
        return np.array([*_shapes(value["geometries"], arrays), None], dtype=object)[:-1]
    if "names" in value:
        return np.array([*value["names"], None], dtype=object)[:-1]
    if "strings" in value:
        return tuple(value["strings"])
    table: Any = next(one for one in (*get_args(kind), kind) if is_dataclass(one))
    hints = get_type_hints(table)
    ready = {
        name: one if isinstance(one, str) else _get(hints[name], one, arrays)
        for name, one in value.items()
    }
    return table(**ready)


def _shapes(name: str, arrays: Any) -> Iterator[Any]:
    data, end = arrays[name].tobytes(), arrays[f"{name}#end"]
    start = np.concatenate([[0], end[:-1]]) if end.size else end
    blobs = [data[a:b] or None for a, b in zip(start, end, strict=True)]
    yield from shapely.from_wkb(np.array([*blobs, None], dtype=object))[:-1]
