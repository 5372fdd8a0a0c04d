"""Read TOML that somebody wrote: as Windows saves it too, or refused with its line."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from rencheng.domain.errors import InvalidInputError


def parse_toml(content: bytes | str, name: str) -> dict[str, Any]:
    """Return the table of a TOML document; a byte order mark, as Windows sets it, is left out.

    Parameters
    ----------
    name
        Of the file, for whoever reads the error.

    Raises
    ------
    InvalidInputError
        `files.toml`, with the line, when it is not in UTF-8 or no TOML.
    """
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        where = f"{name}:{line}"
        reason = f"0x{error.object[error.start]:02x} ≠ UTF-8"
        cause: ValueError = error
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+), column \d+\)$", str(error))
        where = f"{name}:{place[1]}" if place else name
        reason, cause = str(error), error
    raise InvalidInputError(
        "files.toml",
        f"{where} cannot be read as TOML in UTF-8: {reason}",
        hint="Mend this line, and save the file as UTF-8",
        params={"where": where, "reason": reason},
    ) from cause
