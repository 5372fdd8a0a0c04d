"""`rencheng user`: accounts of people and devices."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

from cyclopts import Parameter

from rencheng.cli import speaking
from rencheng.cli.options import STATE, State, commands, open_existing
from rencheng.domain.errors import InvalidInputError

app = commands("user", "管理账号 Manage accounts")


@app.command
def add(
    account: str,
    *,
    role: list[str],
    organisation: str = "",
    name: str = "",
    language: str = "zh-CN",
    password_stdin: Annotated[bool, Parameter(negative=())] = False,
    no_password: Annotated[bool, Parameter(negative=())] = False,
    state: State = STATE,
) -> None:
    """添加账号 Add an account; the password is asked for, or read from standard input.

    Parameters
    ----------
    account
        账号名 Name to sign in with.
    role
        角色，可重复 Role, may be repeated: duty_officer, commander, utility, device, …
    organisation
        组织编号 Id of the organisation.
    name
        显示名 Name to show.
    language
        界面语言 Language of the screen.
    password_stdin
        从标准输入读取密码 Read the password from standard input.
    no_password
        只能使用令牌的账号 An account that only tokens can use, such as a device.
    """
    from rencheng.bootstrap import open_identity
    from rencheng.service.ports import Account

    password = "" if no_password else _password(from_stdin=password_stdin)
    identity, store = open_identity(state)
    try:
        identity.add_account(
            Account(
                id=account,
                name=name or account,
                organisation=organisation,
                roles=tuple(role),
                language=language,
                password_hash="",
                is_demo=False,
            ),
            password,
        )
    finally:
        store.close()
    speaking.say("cli.user.added", account=account, roles=", ".join(role))


@app.command(name="list")
def show(*, state: State = STATE) -> None:
    """列出账号 List accounts."""
    from rich.table import Table

    identity, store = open_existing(state)
    heads = ("account", "name", "organisation", "roles", "state")
    table = Table(*(speaking.words(f"cli.user.column.{key}") for key in heads))
    for one in identity.accounts():
        status = "active" if one.roles else "disabled"
        status = "demo" if one.is_demo and one.roles else status
        table.add_row(
            one.id,
            one.name,
            one.organisation,
            ", ".join(one.roles),
            speaking.words(f"cli.user.state.{status}"),
        )
    store.close()
    speaking.console().print(table)


@app.command
def disable(account: str, *, state: State = STATE) -> None:
    """停用账号 Take roles and password from an account; sessions and tokens end with it."""
    identity, store = open_existing(state)
    try:
        identity.disable_account(account)
    finally:
        store.close()
    speaking.say("cli.user.disabled", account=account)


@app.command
def password(
    account: str,
    *,
    password_stdin: Annotated[bool, Parameter(negative=())] = False,
    state: State = STATE,
) -> None:
    """修改密码 Change a password."""
    secret = _password(from_stdin=password_stdin)
    identity, store = open_existing(state)
    try:
        identity.set_password(account, secret)
    finally:
        store.close()
    speaking.say("cli.user.password", account=account)


def _password(*, from_stdin: bool) -> str:
    """Ask twice, or read one line; never from the arguments, which other users can see."""
    if from_stdin or not sys.stdin.isatty():
        secret = sys.stdin.readline().rstrip("\n")
    else:
        secret = getpass.getpass(speaking.words("cli.user.ask"))
        if secret != getpass.getpass(speaking.words("cli.user.ask_again")):
            raise InvalidInputError("cli.password", "they differ", hint="Type the same one twice")
    if not secret:
        raise InvalidInputError(
            "cli.no_password", "no password was given", hint="Type one, or use --no-password"
        )
    return secret
