"""CSV files of assets, events and hazard curves: every line counts, or the file is refused."""

from __future__ import annotations

from pathlib import Path

from rencheng.adapters.cities.files.tabular import read_csv
from rencheng.adapters.cities.readers import Job
from rencheng.adapters.risk.events.table import Table
from rencheng.adapters.risk.faults import FIRST, fault, refuse
from rencheng.domain.errors import InvalidInputError


def must_be_there(path: Path) -> None:
    """Refuse a path at which nothing lies.

    Raises
    ------
    InvalidInputError
        When there is neither a file nor a folder.
    """
    if not path.exists():
        raise InvalidInputError(
            "risk.not_there",
            f"there is no file or folder {path}",
            hint="Mend the path, or put the file there",
            params={"path": str(path)},
        )


def read_table(path: str | Path) -> Table:
    """Return the columns of a CSV as text.

    Parameters
    ----------
    path
        With a header; encoding and delimiter are found out.

    Raises
    ------
    InvalidInputError
        When it is not there, no text, or lines have another number of fields than the header: a
        line left out would be an asset or an event that counts as nothing.
    """
    file = Path(path)
    must_be_there(file)
    rows = read_csv(file, Job())
    if rows.ragged:
        refuse([fault("fields", file.name, rows.ragged[:FIRST], len(rows.ragged))])
    return rows.columns
