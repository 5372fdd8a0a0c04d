"""Read TOML that somebody wrote: as Windows saves it too, or refused with its line."""

from __future__ import annotations

import re
import sys
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
        `files.toml`, with the line, when it is not in UTF-8 or no TOML; without one when it nests
        too deeply or has a number too long to read.
    """
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        where = f"{name}:{line}"
        reason = f"0x{error.object[error.start]:02x} ≠ UTF-8"
        cause: ValueError | None = error
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+), column \d+\)$", str(error))
        where = f"{name}:{place[1]}" if place else name
        reason, cause = str(error), error
    except RecursionError:  # its traceback has a line for every level: nobody keeps it
        where, reason, cause = name, "nested too deeply", None
    except ValueError as error:
        where, cause = name, error
        reason = f"a number of more than {sys.get_int_max_str_digits()} digits"
    raise InvalidInputError(
        "files.toml",
        f"{where} cannot be read as TOML in UTF-8: {reason}",
        hint="Mend what is named, and save the file as UTF-8",
        params={"where": where, "reason": reason},
    ) from cause
