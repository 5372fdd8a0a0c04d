"""Where the project's own data files lie: in the wheel, or in the source tree."""

from __future__ import annotations

from pathlib import Path

from rencheng.domain.errors import NotFoundError

PACKAGE = Path(__file__).resolve().parent.parent
DEFAULT_CITY = "coquimbo"
"""Recipe and city that are used when none is named."""


def data_folder() -> Path:
    """Return the folder with city recipes, curves, rules, plans, indicators and scenarios."""
    for folder in (PACKAGE / "data", PACKAGE.parent.parent / "data"):
        if (folder / "cities").is_dir():
            return folder
    raise NotFoundError(
        "files.data",
        "the data folder of the installation is missing",
        hint="Install the package again",
    )
