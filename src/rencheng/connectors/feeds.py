"""The office's own list of feeds: `connectors.toml` in the state folder, checked as a whole."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rencheng.connectors.manifests import OWN, fits
from rencheng.connectors.shape import Connector, Setting, SettingKind
from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.service.toml import parse_toml

FILE = "connectors.toml"
LARGEST_FILE = 1_000_000
"""Bytes of a file that a setting names. Chosen."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_LIMITS: dict[str, tuple[float, float, float]] = {
    # name: default, least, most. All chosen; no source.
    "timeout_s": (30.0, 1.0, 600.0),
    "max_mb": (20.0, 0.001, 1000.0),
    "max_requests": (100, 1, 10_000),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One source that is fetched, with its settings and its limits."""

    name: str
    connector: Connector
    settings: Mapping[str, Any]
    every_s: float
    timeout_s: float
    """For one whole poll, redirects and pages included. [s]"""
    max_bytes: int
    """Of one answer, unpacked."""
    max_requests: int
    """In one poll."""
    allow_private: bool
    """Whether it may ask addresses inside our own network."""
    is_paused: bool

    def shown(self) -> dict[str, Any]:
        """Return the settings without secrets and contents of files."""
        hidden = {SettingKind.SECRET, SettingKind.FILE, SettingKind.FILES}
        kinds = {one.name: one.kind for one in self.connector.manifest.settings}
        return {
            key: ("•••" if value else "") if kinds[key] in hidden else value
            for key, value in self.settings.items()
        }


def read_feeds(state: Path, known: Mapping[str, Connector]) -> dict[str, Feed]:
    """Return the feeds by name; none when the file is not there.

    The file has a table ``[feed.<name>]`` with `connector`, the connector's own settings, and if
    wanted `every_s`, `timeout_s`, `max_mb`, `max_requests`, `allow_private`, `is_paused`.

    Raises
    ------
    InvalidInputError
        With every fault of every feed at once.
    """
    file = state / FILE
    if not file.exists():
        return {}
    faults: list[Fault] = []
    document = parse_toml(file.read_bytes(), FILE)
    tables = document.pop("feed", {})
    faults += [_fault(key, "is not [feed.<name>]") for key in document]
    found = {}
    for name, table in (tables if isinstance(tables, dict) else {}).items():
        row = table if isinstance(table, dict) else {}
        feed = _feed(state, name, row, known, faults)
        if feed is not None:
            found[name] = feed
    if any(_has_secret(feed) for feed in found.values()) and file.stat().st_mode & 0o077:
        faults.append(_fault(FILE, "holds a secret and others may read it: chmod 600"))
    if faults:
        raise _wrong(faults)
    return found


def feed_of(
    connector: Connector, settings: Mapping[str, Any], *, state: Path, name: str = "once"
) -> Feed:
    """Return a feed that stands in no file; `InvalidInputError` names every fault."""
    faults: list[Fault] = []
    row = {"connector": connector.manifest.id, **settings}
    feed = _feed(state, name, row, {connector.manifest.id: connector}, faults)
    if faults or feed is None:
        raise _wrong(faults)
    return feed


def _feed(
    state: Path,
    name: str,
    row: Mapping[str, Any],
    known: Mapping[str, Connector],
    faults: list[Fault],
) -> Feed | None:
    at = f"feed.{name}"
    if not _NAME.fullmatch(name):
        faults.append(_fault(at, "a name has a-z, 0-9, _ and -, at most 64"))
    connector = known.get(str(row.get("connector", "")))
    if connector is None:
        faults.append(_fault(f"{at}.connector", f"is none of {', '.join(sorted(known))}"))
        return None
    wanted = {one.name: one for one in connector.manifest.settings}
    faults += [
        _fault(f"{at}.{key}", "is no setting of this connector")
        for key in row
        if key not in OWN and key not in wanted
    ]
    settings = {
        key: _value(f"{at}.{key}", one, row.get(key), state, faults) for key, one in wanted.items()
    }
    limits = {key: _limit(at, key, row, *bounds, faults) for key, bounds in _LIMITS.items()}
    every = _limit(at, "every_s", row, connector.manifest.every_s, 1.0, 604_800.0, faults)
    for key in ("allow_private", "is_paused"):
        if not isinstance(row.get(key, False), bool):
            faults.append(_fault(f"{at}.{key}", "is neither true nor false"))
    return Feed(
        name=name,
        connector=connector,
        settings=settings,
        every_s=every,
        timeout_s=limits["timeout_s"],
        max_bytes=int(limits["max_mb"] * 1_000_000),
        max_requests=int(limits["max_requests"]),
        allow_private=row.get("allow_private") is True,
        is_paused=row.get("is_paused") is True,
    )


def _value(at: str, setting: Setting, given: Any, state: Path, faults: list[Fault]) -> Any:
    if given is None:
        if setting.default is None:
            faults.append(_fault(at, f"is missing: {setting.help.en}"))
            return None
        return setting.default
    if not fits(setting.kind, given):
        faults.append(_fault(at, f"is not of type {setting.kind.value}"))
        return None
    if setting.choices and given not in setting.choices:
        faults.append(_fault(at, f"is none of {', '.join(setting.choices)}"))
    if setting.kind is SettingKind.ADDRESS:
        parts = urlsplit(given)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            faults.append(_fault(at, "is no address: give http(s)://…"))
    if setting.kind is SettingKind.NUMBER:
        return float(given)
    if setting.kind in (SettingKind.FILE, SettingKind.FILES):
        paths = [given] if isinstance(given, str) else given
        texts = tuple(_read(at, state, str(path), faults) for path in paths if path)
        return texts if setting.kind is SettingKind.FILES else next(iter(texts), "")
    return tuple(str(one) for one in given) if setting.kind is SettingKind.LIST else given


def _read(at: str, state: Path, path: str, faults: list[Fault]) -> str:
    file = state / path
    try:
        if file.stat().st_size <= LARGEST_FILE:
            return file.read_text(encoding="utf-8-sig")
        faults.append(_fault(at, f"{path} is larger than {LARGEST_FILE} bytes"))
    except (OSError, ValueError) as error:
        faults.append(_fault(at, f"{path} cannot be read: {error}"))
    return ""


def _limit(
    at: str,
    key: str,
    row: Mapping[str, Any],
    default: float,
    least: float,
    most: float,
    faults: list[Fault],
) -> float:
    given = row.get(key, default)
    if not fits(SettingKind.NUMBER, given) or not least <= given <= most:
        faults.append(_fault(f"{at}.{key}", f"is not a number from {least:g} to {most:g}"))
        return default
    return float(given)


def _has_secret(feed: Feed) -> bool:
    kinds = {one.name: one.kind for one in feed.connector.manifest.settings}
    return any(kinds[key] is SettingKind.SECRET and bool(v) for key, v in feed.settings.items())


def _fault(where: str, problem: str) -> Fault:
    hint = "Mend the file; `rencheng connector check` reads it again"
    return Fault(where=where, key="connector.settings", problem=problem, hint=hint)


def _wrong(faults: list[Fault]) -> InvalidInputError:
    said = ", ".join(f"{one.where} ({one.problem})" for one in faults)
    return InvalidInputError(
        "connector.settings",
        f"{FILE} has {len(faults)} faults: {said}",
        hint="Mend them all and start again",
        params={"count": len(faults), "where": ", ".join(one.where for one in faults)},
        faults=faults,
    )
