"""The alarm rules from the data folder: `data/rules/alarms.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from rencheng.adapters.files import data_folder
from rencheng.domain.errors import CorruptDataError
from rencheng.service.rules_engine import AlarmRules, rules_from


@cache
def load_alarm_rules(file: Path | None = None) -> AlarmRules:
    """Read the alarm rules.

    Raises
    ------
    CorruptDataError
        When the file is missing or is no TOML.
    InvalidInputError
        When rows are wrong; all are named.
    """
    file = file or data_folder() / "rules" / "alarms.toml"
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CorruptDataError(
            "alarms.unreadable",
            f"{file.name} cannot be read: {error}",
            hint="Restore the file from the installation",
            params={"file": file.name},
        ) from error
    return rules_from(document)
