"""A made-up town to try the commands of the risk engine with."""

from __future__ import annotations

import shutil
from pathlib import Path

from rencheng.adapters.files import data_folder
from rencheng.domain.errors import ConflictError


def write_example(folder: Path) -> tuple[Path, ...]:
    """Write synthetic assets, events, measures and a study; return the files.

    Parameters
    ----------
    folder
        Made where it is not there. Files that lie there are never written over.

    Raises
    ------
    ConflictError
        `risk.example`, when a file of such a name is there already; nothing is written then.
    """
    files = sorted((data_folder() / "examples" / "risk").iterdir())
    there = [file.name for file in files if (folder / file.name).exists()]
    if there:
        names = ", ".join(there)
        raise ConflictError(
            "risk.example",
            f"{folder} already has {names}",
            hint="Name another folder; nothing was written",
            params={"folder": str(folder), "names": names},
        )
    folder.mkdir(parents=True, exist_ok=True)
    return tuple(Path(shutil.copy(file, folder)) for file in files)
