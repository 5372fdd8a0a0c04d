"""Begin a connector of one's own: a folder that passes the contract as it is."""

from __future__ import annotations

import re
from pathlib import Path

from rencheng.connectors.manifests import FOLDER
from rencheng.domain.errors import ConflictError, InvalidInputError

_NAME = re.compile(r"[a-z][a-z0-9_]{1,40}")
_MANIFEST = """\
schema = "rencheng/connector/1"
id = "{name}"
version = "1"
name = {{ zh = "{name} 数据源", en = "Source {name}" }}
about = {{ zh = "请写明它读取什么。", en = "Say here what it reads." }}
gives = ["observations"]        # observations | bulletins | alerts | rasters
way = "polling"                 # polling: read() | push: hear()
every_s = 60.0
licence = "请写明数据的许可 Name the licence of the data"

[[output]]                      # one for each thing that it gives, with its unit (UCUM)
name = "level"
unit = "m"

[setting.url]                   # text number integer switch address secret list file files
type = "address"
required = true
help = {{ zh = "数据的地址", en = "Address of the data" }}
"""
_CODE = '''\
"""Read the levels of one gauge after another: replace this by what your source sends."""

from __future__ import annotations

from datetime import datetime

from rencheng.connectors.paths import json_of, number_of, time_of
from rencheng.connectors.shape import Delivery, Get, Reading, Refusal, Settings
from rencheng.domain.provenance import Text


class Connector:
    """Ask one address."""

    def read(self, settings: Settings, since: datetime | None, get: Get) -> Delivery:
        """Return every value; what cannot be read is a refusal, and the others are taken."""
        answer = get(settings["url"])
        if answer.is_unchanged:
            return Delivery()
        document = json_of(answer)
        rows = document.get("levels") if isinstance(document, dict) else None
        readings, refusals = [], []
        for index, row in enumerate(rows if isinstance(rows, list) else []):
            try:
                gauge, at = str(row["gauge"]), time_of(row["time"])
                value = number_of(row["level_m"])
            except (KeyError, TypeError, ValueError) as error:
                why = Text("feed.row", {"id": str(index), "why": repr(error)})
                refusals.append(Refusal(what=str(index), why=why))
                continue
            key = f"{gauge}@{at.isoformat()}"  # made from the source alone
            readings.append(Reading(datastream=gauge, value=value, unit="m", at=at, id=key))
        return Delivery(readings=tuple(readings), refusals=tuple(refusals))
'''
_CASE = """\
[settings]
url = "https://source.example/levels"

[answers]
"https://source.example/levels" = "levels.json"

[expect]
readings = 2
refusals = 1
"""
_LEVELS = """\
{"levels": [
  {"gauge": "harbour", "time": "2024-05-01T08:00:00+08:00", "level_m": 1.25},
  {"gauge": "bridge", "time": "2024-05-01T00:00:00Z", "level_m": 0.8},
  {"gauge": "weir", "time": "2024-05-01T00:00:00Z", "level_m": null}
]}
"""


def scaffold(state: Path, name: str) -> Path:
    """Write a new connector into the state folder and return where it lies.

    Raises
    ------
    InvalidInputError
        When the name is none.
    ConflictError
        When there is something of that name.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInputError(
            "connector.name",
            f"{name!r} is no name for a connector",
            hint="Begin with a letter a-z; use a-z, 0-9 and _",
            params={"name": name},
        )
    folder = state / FOLDER / name
    if folder.exists():
        raise ConflictError(
            "connector.exists",
            f"{folder} is there already",
            hint="Choose another name, or move it away first",
            params={"path": str(folder)},
        )
    example = folder / "examples" / "levels"
    example.mkdir(parents=True)
    for file, text in (
        (folder / "manifest.toml", _MANIFEST.format(name=name)),
        (folder / "connector.py", _CODE),
        (example / "case.toml", _CASE),
        (example / "levels.json", _LEVELS),
    ):
        file.write_text(text, encoding="utf-8")
    return folder
