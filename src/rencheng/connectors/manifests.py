"""Read manifests, and find connectors: built in, installed, in the state folder."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from rencheng.connectors.shape import (
    Both,
    Connector,
    Gives,
    Hears,
    Manifest,
    Output,
    Reads,
    Setting,
    SettingKind,
    Way,
)
from rencheng.domain.errors import Fault, InvalidInputError, NotFoundError
from rencheng.service.toml import parse_toml

SCHEMA = "rencheng/connector/1"
MANIFEST, MODULE = "manifest.toml", "connector"
GROUP = "rencheng.connectors"
"""Entry points of installed packages: name = id of the connector, value = its package."""
FOLDER = "connectors"
"""Folder of the office's own connectors in the state folder."""
OWN = frozenset(
    {"connector", "every_s", "timeout_s", "max_mb", "max_requests", "allow_private", "is_paused"}
)
"""Settings of every feed; a connector cannot use these names for its own."""
_REQUIRED = ("id", "version", "name", "about", "gives", "way", "licence")
_EMPTY: dict[SettingKind, Any] = {
    SettingKind.TEXT: "",
    SettingKind.SECRET: "",
    SettingKind.FILE: "",
    SettingKind.LIST: (),
    SettingKind.FILES: (),
    SettingKind.SWITCH: False,
}
_TYPES: dict[SettingKind, tuple[type, ...]] = {
    SettingKind.NUMBER: (int, float),
    SettingKind.INTEGER: (int,),
    SettingKind.SWITCH: (bool,),
    SettingKind.LIST: (list, tuple),
    SettingKind.FILES: (list, tuple),
}


def connectors(state: Path | None = None) -> dict[str, Connector]:
    """Return every connector that can be had, by id; the office's own come before built-in ones.

    Raises
    ------
    InvalidInputError
        When a manifest is wrong; all faults of it are named.
    """
    here = Path(__file__).parent
    found = [
        open_folder(folder, package=f"{__package__}.{folder.name}")
        for folder in sorted(here.iterdir())
        if (folder / MANIFEST).is_file()
    ]
    found += [_installed(one.value) for one in entry_points(group=GROUP)]
    own = state / FOLDER if state else None
    if own is not None and own.is_dir():
        found += [open_folder(one) for one in sorted(own.iterdir()) if (one / MANIFEST).is_file()]
    return {one.manifest.id: one for one in found}


def connector_of(key: str, known: Mapping[str, Connector]) -> Connector:
    """Return a connector by its id; `NotFoundError` names those that are there."""
    if key not in known:
        names = ", ".join(sorted(known))
        raise NotFoundError(
            "connector.unknown",
            f"there is no connector {key!r}; there are {names}",
            hint="Choose one of them, or make one with `rencheng connector new`",
            params={"id": key, "known": names},
        )
    return known[key]


def open_folder(folder: Path, *, package: str = "") -> Connector:
    """Open a connector that lies in a folder; its code is read when it is first used.

    Parameters
    ----------
    folder
        With `manifest.toml` and `connector.py`.
    package
        Name to import it by; empty: it is loaded from the files.
    """
    manifest = read_manifest(folder)
    name = f"{package}.{MODULE}" if package else ""
    load: Callable[[], ModuleType] = (
        (lambda: import_module(name)) if package else (lambda: _loaded(folder, manifest.id))
    )
    origin = "built-in" if package.startswith(str(__package__)) else "folder"
    return Connector(
        manifest=manifest, make=lambda: _made(load(), manifest), folder=folder, origin=origin
    )


def read_manifest(folder: Path) -> Manifest:
    """Read and check `manifest.toml`.

    Raises
    ------
    InvalidInputError
        With every fault at once.
    """
    file = folder / MANIFEST
    try:
        content = file.read_bytes()
    except OSError as error:
        raise _wrong(folder, [_fault(MANIFEST, f"cannot be read: {error}")]) from error
    document = parse_toml(content, f"{folder.name}/{MANIFEST}")
    faults = [_fault(key, "is missing") for key in _REQUIRED if key not in document]
    if document.get("schema") != SCHEMA:
        faults.append(_fault("schema", f"is not {SCHEMA}"))
    for key in ("name", "about"):
        if not _is_both(document.get(key)):
            faults.append(_fault(key, 'is not { zh = "…", en = "…" }'))
    gives = _members(Gives, document.get("gives"), "gives", faults)
    ways = _members(Way, [document.get("way")], "way", faults)
    outputs = _outputs(document.get("output", []), faults)
    settings = _settings(document.get("setting", {}), faults)
    every = document.get("every_s", 60.0)
    if not isinstance(every, int | float) or every < 1:
        faults.append(_fault("every_s", "is not a number of seconds from 1 up"))
    if gives and Gives.OBSERVATIONS in gives and not outputs:
        faults.append(_fault("output", "gives observations and declares none with its unit"))
    if faults:
        raise _wrong(folder, faults)
    return Manifest(
        id=str(document["id"]),
        version=str(document["version"]),
        name=Both(**document["name"]),
        about=Both(**document["about"]),
        gives=tuple(gives),
        way=ways[0],
        outputs=outputs,
        settings=settings,
        every_s=float(every),
        licence=str(document["licence"]),
        standard=str(document.get("standard", "")),
    )


def _outputs(rows: Any, faults: list[Fault]) -> tuple[Output, ...]:
    found = []
    for index, row in enumerate(rows if isinstance(rows, list) else []):
        if not isinstance(row, dict) or not row.get("name") or not row.get("unit"):
            faults.append(_fault(f"output[{index}]", "needs a name and a unit (UCUM)"))
            continue
        found.append(Output(name=str(row["name"]), unit=str(row["unit"])))
    return tuple(found)


def _settings(tables: Any, faults: list[Fault]) -> tuple[Setting, ...]:
    found = []
    for name, table in (tables if isinstance(tables, dict) else {}).items():
        where = f"setting.{name}"
        row = table if isinstance(table, dict) else {}
        kinds = _members(SettingKind, [row.get("type")], f"{where}.type", faults)
        if not _is_both(row.get("help")):
            faults.append(_fault(f"{where}.help", 'is not { zh = "…", en = "…" }'))
        if name in OWN:
            faults.append(_fault(where, "has a name that every feed has already"))
        if not kinds or not _is_both(row.get("help")):
            continue
        default = row.get("default")
        if default is None and not row.get("required"):
            default = _EMPTY.get(kinds[0])
            if default is None:
                faults.append(_fault(where, "has neither `default` nor `required = true`"))
        if default is not None and not fits(kinds[0], default):
            faults.append(_fault(f"{where}.default", f"is not of type {kinds[0].value}"))
        found.append(
            Setting(
                name=name,
                kind=kinds[0],
                help=Both(**row["help"]),
                default=tuple(default) if isinstance(default, list) else default,
                choices=tuple(row.get("choices", ())),
            )
        )
    return tuple(found)


def fits(kind: SettingKind, value: object) -> bool:
    """Return whether a value is of a kind of setting."""
    types = _TYPES.get(kind, (str,))
    return isinstance(value, types) and (bool in types or not isinstance(value, bool))


def _members(kind: Any, values: Any, where: str, faults: list[Fault]) -> list[Any]:
    known = {one.value: one for one in kind}
    given = values if isinstance(values, list) and values else [None]
    wrong = [str(value) for value in given if value not in known]
    if wrong:
        faults.append(_fault(where, f"{', '.join(wrong)} is none of {', '.join(known)}"))
    return [known[value] for value in given if value in known]


def _is_both(value: object) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"zh", "en"}
        and all(isinstance(one, str) and one.strip() for one in value.values())
    )


def _installed(package: str) -> Connector:
    module = import_module(package)
    folder = Path(str(module.__file__)).parent
    found = open_folder(folder, package=package)
    return Connector(manifest=found.manifest, make=found.make, folder=folder, origin="entry point")


def _loaded(folder: Path, key: str) -> ModuleType:
    """Load the code of a connector in a folder under a name of its own."""
    name = f"rencheng_connector_{key}"
    file = folder / f"{MODULE}.py"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None or not file.is_file():
        raise _wrong(folder, [_fault(f"{MODULE}.py", "is missing")])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _made(module: ModuleType, manifest: Manifest) -> Reads | Hears:
    kind = getattr(module, "Connector", None)
    wanted = "read" if manifest.way is Way.POLLING else "hear"
    if kind is None or not callable(getattr(kind, wanted, None)):
        raise InvalidInputError(
            "connector.code",
            f"{module.__name__} has no class Connector with a method {wanted}",
            hint="Write it; `rencheng connector new` shows how",
            params={"id": manifest.id, "method": wanted},
        )
    made: Reads | Hears = kind()
    return made


def _fault(where: str, problem: str) -> Fault:
    hint = "Mend the manifest; docs/how-to/connectors.md says what belongs there"
    return Fault(where=where, key="connector.manifest", problem=problem, hint=hint)


def _wrong(folder: Path, faults: list[Fault]) -> InvalidInputError:
    return InvalidInputError(
        "connector.manifest",
        f"the connector in {folder} has {len(faults)} faults",
        hint="Mend them all",
        params={"path": str(folder), "count": len(faults)},
        faults=faults,
    )
