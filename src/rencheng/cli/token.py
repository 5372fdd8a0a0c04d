"""`rencheng token`: keys of devices and programs."""

from __future__ import annotations

from datetime import timedelta

from rencheng.cli import speaking
from rencheng.cli.options import STATE, State, commands, open_existing

app = commands("token", "管理设备令牌 Manage the keys of devices")
SHOWN = 12
"""Characters of a token's id that are shown; enough to name it."""


@app.command
def create(
    account: str,
    *,
    name: str,
    stream: list[str] | None = None,
    days: float | None = None,
    rate: int = 0,
    state: State = STATE,
) -> None:
    """创建令牌 Make a key for an account; it is shown once and never again.

    Parameters
    ----------
    account
        账号名 Account that the key acts for.
    name
        令牌名称 What the key is for.
    stream
        允许写入的数据流，可重复 Datastream it may write, may be repeated; none: all.
    days
        有效天数 Days until it ends; none: never.
    rate
        每分钟最多请求数 Requests a minute that it may make; 0: 3,000.
    """
    identity, store = open_existing(state)
    try:
        life = timedelta(days=days) if days is not None else None
        secret, token = identity.create_token(
            account, name, datastreams=stream or (), life=life, rate=rate
        )
    finally:
        store.close()
    speaking.say("cli.token.created", id=token.id[:SHOWN])
    speaking.console().print(secret, markup=False)


@app.command(name="list")
def show(*, state: State = STATE) -> None:
    """列出令牌 List keys, without their secrets."""
    from rich.table import Table

    identity, store = open_existing(state)
    heads = ("id", "account", "name", "streams", "created", "expires", "revoked")
    table = Table(*(speaking.words(f"cli.token.column.{key}") for key in heads))
    for one in identity.tokens():
        times = (one.created, one.expires, one.revoked)
        shown = [f"{time:%Y-%m-%d %H:%MZ}" if time else "–" for time in times]
        streams = ", ".join(one.datastreams) or "*"
        table.add_row(one.id[:SHOWN], one.account, one.name, streams, *shown)
    store.close()
    speaking.console().print(table)


@app.command
def revoke(token: str, *, state: State = STATE) -> None:
    """吊销令牌 End a key, named by the beginning of its id or by its name."""
    identity, store = open_existing(state)
    try:
        ended = identity.revoke_token(token)
    finally:
        store.close()
    speaking.say("cli.token.revoked", name=ended.name, account=ended.account)
