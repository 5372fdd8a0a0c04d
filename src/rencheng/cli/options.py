"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from rencheng.domain.errors import NotFoundError

if TYPE_CHECKING:
    from rencheng.adapters.store import Store
    from rencheng.service.identity import Identity

State = Annotated[
    Path, Parameter(name="--state", env_var="RENCHENG_STATE", help="状态文件夹 State folder")
]
STATE = Path(".state")
TITLES: dict[str, Any] = {
    "group_commands": "命令 Commands",
    "group_parameters": "选项 Options",
    "group_arguments": "参数 Arguments",
}
"""Titles of the parts of a command's help."""


def commands(name: str, about: str) -> App:
    """Return what holds the commands that begin with a name."""
    return App(name=name, help=about, **TITLES)


def open_existing(state: Path, *, is_shared: bool = False) -> tuple[Identity, Store]:
    """Open the accounts and the store of a state folder that is there; make none by mistake.

    `is_shared`: a service may run on it, whose readings are read and not changed.

    Raises
    ------
    NotFoundError
        When the folder holds no state.
    """
    from rencheng.bootstrap import STORE_ADDRESS, STORE_FILE, open_identity

    if not os.environ.get(STORE_ADDRESS) and not (state / STORE_FILE).exists():
        raise NotFoundError(
            "cli.no_state",
            f"there is no state in {state}",
            hint="Name the folder with --state, or start the program once",
            params={"path": str(state)},
        )
    return open_identity(state, is_shared=is_shared)
