"""The office's own list of webhook subscribers: `channels.toml` in the state folder."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from rencheng.adapters.files import read_toml, unread_fault
from rencheng.adapters.notify.webhook.channel import Target
from rencheng.domain.errors import Fault, InvalidInputError

FILE = "channels.toml"
SHORTEST_SECRET = 16
"""Characters. Chosen; no source."""


def read_targets(state: Path) -> dict[str, Target]:
    """Return the webhook subscribers by name; none when the file is not there.

    The file has a table ``[webhook.<name>]`` with `url` and `secret` for each subscriber, and
    ``alarms = true`` if it wants confirmed alarms too.

    Raises
    ------
    InvalidInputError
        If it cannot be read, others may read it, or a subscriber is incomplete; all at once.
    """
    file = state / FILE
    if not file.exists():
        return {}
    faults: list[Fault] = []
    if file.stat().st_mode & 0o077:
        faults.append(_fault(FILE, "channels.mode", "others may read the secrets", "chmod 600"))
    tables: object = {}
    try:
        tables = read_toml(file).get("webhook", {})
    except InvalidInputError as error:
        faults.append(unread_fault(error))
    if not isinstance(tables, dict):
        faults.append(_fault("webhook", "channels.table", "no table", "Write [webhook.<name>]"))
        tables = {}
    targets = {}
    for name, table in tables.items():
        entry = table if isinstance(table, dict) else {}
        url, secret = str(entry.get("url", "")), str(entry.get("secret", ""))
        at = f"webhook.{name}"
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            faults.append(_fault(f"{at}.url", "channels.url", "no address", "Give http(s)://…"))
        if len(secret) < SHORTEST_SECRET:
            faults.append(_fault(f"{at}.secret", "channels.secret", "too short", "Lengthen it"))
        alarms = entry.get("alarms", False)
        if not isinstance(alarms, bool):
            faults.append(_fault(f"{at}.alarms", "channels.alarms", "not true or false", "Mend it"))
        targets[name] = Target(url=url, secret=secret, takes_alarms=alarms is True)
    if faults:
        raise InvalidInputError(
            "channels.faults",
            f"{FILE} has {len(faults)} faults: "
            + ", ".join(f"{one.where} ({one.problem})" for one in faults),
            hint="Mend them all and start again",
            params={"count": len(faults), "where": ", ".join(f.where for f in faults)},
            faults=faults,
        )
    return targets


def _fault(where: str, key: str, problem: str, hint: str) -> Fault:
    return Fault(where=where, key=key, problem=problem, hint=hint)
