"""`rencheng device`: devices by table, their keys renewed and ended."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from cyclopts import Parameter

from rencheng.cli import speaking
from rencheng.cli.options import commands
from rencheng.cli.server import URL, Token, Url, ask, client_of

app = commands("device", "批量登记设备与密钥 Provision devices and their keys")
PAGE = 1000


@app.command
def provision(
    table: Path,
    *,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    keys: Path | None = None,
    url: Url = URL,
    token: Token = "",
) -> None:
    """按表登记设备，全部成功或全部不变 Take a CSV table of devices, all or nothing.

    Parameters
    ----------
    table
        设备表 CSV with one row for each datastream.
    dry_run
        只检查，不保存 Only look for faults.
    keys
        新密钥写入的文件 File for the new keys, readable by you alone; beside the table by default.
    """
    data = table.read_bytes()
    target = keys or table.with_name(f"{table.stem}-keys.csv")
    if dry_run:
        with client_of(url, token) as client:
            _told(ask(client, "POST", "/devices/provision?dry_run=true", content=data))
        return
    # Made before the keys are: they are told once, and a file that is there may hold older ones.
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            with client_of(url, token) as client:
                found = ask(client, "POST", "/devices/provision", content=data)
            _write(file, found["keys"])
    finally:
        if target.stat().st_size == 0:
            target.unlink()
    _told(found)
    if found["keys"]:
        speaking.say("cli.device.keys", count=len(found["keys"]), path=str(target))


@app.command(name="list")
def show(*, url: Url = URL, token: Token = "") -> None:
    """列出设备 List devices with the use, the end and the streams of their keys."""
    from rich.table import Table

    heads = ("device", "name", "state", "keys", "used", "expires", "streams")
    shown = Table(*(speaking.words(f"cli.device.column.{head}") for head in heads))
    after: str | None = "0"
    with client_of(url, token) as client:
        while after is not None:
            page = ask(client, "GET", f"/devices?limit={PAGE}&after={after}")
            for one in page["items"]:
                streams = " ".join(_stream(stream) for stream in one["streams"])
                shown.add_row(
                    one["id"], one["name"], speaking.words(f"device.state.{one['state']}"),
                    str(one["keys"]), _time(one["last_used"]), _time(one["expires"]), streams,
                )  # fmt: skip
            after = page["next"]
    speaking.console().print(shown)


@app.command
def rotate(device: str, *, grace: float = 24.0, url: Url = URL, token: Token = "") -> None:
    """换发密钥 Give a device a new key; it is shown once, the old one is good for a while.

    Parameters
    ----------
    device
        设备编号 Id of the device.
    grace
        旧密钥继续有效的小时数 Hours for which the old key is still good.
    """
    path = f"/devices/{quote(device, safe='')}/rotate"
    with client_of(url, token) as client:
        fresh = ask(client, "POST", path, {"grace_h": grace})
    speaking.say("cli.device.rotated", device=device, hours=f"{grace:g}")
    speaking.console().print(fresh["key"], markup=False)


@app.command
def revoke(device: str, *, url: Url = URL, token: Token = "") -> None:
    """吊销设备的全部密钥 End every key of a device now.

    Parameters
    ----------
    device
        设备编号 Id of the device.
    """
    with client_of(url, token) as client:
        done = ask(client, "POST", f"/devices/{quote(device, safe='')}/revoke")
    speaking.say("cli.device.revoked", device=device, count=done["ended"])


def _told(found: dict[str, Any]) -> None:
    key = "cli.device.trial" if found["is_trial"] else "cli.device.done"
    counts = {name: found[name] for name in ("devices", "streams", "new", "changed", "same")}
    speaking.say(key, **counts)


def _write(file: Any, keys: list[dict[str, Any]]) -> None:
    if not keys:
        return
    rows = csv.writer(file)
    rows.writerow(("device", "user", "key", "datastreams", "expires"))
    for one in keys:
        streams, ends = " ".join(one["datastreams"]), one["expires"] or ""
        rows.writerow((one["device"], one["user"], one["key"], streams, ends))


def _stream(one: dict[str, Any]) -> str:
    return f"{one['id']}={one['health'] or '-'}"


def _time(text: str | None) -> str:
    return f"{text[:16].replace('T', ' ')}Z" if text else "–"
