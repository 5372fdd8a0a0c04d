"""Accounts that the program makes by itself: the replay driver, and those of the demonstration."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rencheng.service.ports import Account

if TYPE_CHECKING:
    from rencheng.domain.resource import Organisation
    from rencheng.service.identity import Identity

LOGINS_FILE = "demo-logins.txt"
DRIVER = "replay-driver"
DEMO = (
    # id, name in Chinese, role, organisation
    ("duty", "值班员", "duty_officer", "emergency"),
    ("chief", "指挥长", "commander", "emergency"),
    ("deputy", "副指挥长", "commander", "emergency"),
    ("power", "供电公司调度", "utility", "power_utility"),
    ("water", "供水公司调度", "utility", "water_utility"),
    ("hospital", "医院调度", "hospital", "health_service"),
    ("ambulance", "急救中心调度", "hospital", "ambulance_service"),
    ("field", "网格员", "field", "community_la_serena"),
    ("planner", "韧性规划师", "planner", "emergency"),
    ("auditor", "审计员", "auditor", "emergency"),
)


def driver_token(identity: Identity) -> str:
    """Return a fresh key for the replay driver; it lives in memory, and older ones end."""
    known = {account.id: account for account in identity.accounts()}
    if DRIVER not in known:
        account = Account(
            id=DRIVER,
            name="回放驱动 replay driver",
            organisation="",
            roles=("replay_device",),
            language="en",
            password_hash="",
            is_demo=False,
        )
        identity.add_account(account, "")
    for token in identity.tokens():
        if token.account == DRIVER and token.revoked is None:
            identity.revoke_token(token.id)
    return identity.create_token(DRIVER, f"driver {secrets.token_hex(4)}")[0]


def demo_accounts(
    identity: Identity, state: Path, offices: Sequence[Organisation] = ()
) -> tuple[str, ...]:
    """Make the demo accounts of a fresh state, with random passwords in a file of mode 0600."""
    from rencheng.service.seats import seat

    known = {account.id for account in identity.accounts()}
    missing = [row for row in DEMO if row[0] not in known]
    if missing:
        lines = demo_logins(state)
        for key, name, role, organisation in missing:
            password = secrets.token_urlsafe(9)
            account = Account(
                id=key,
                name=name,
                organisation=seat(organisation, offices),
                roles=(role,),
                language="zh-CN",
                password_hash="",
                is_demo=True,
            )
            identity.add_account(account, password)
            lines[key] = password
        _write_private(state / LOGINS_FILE, lines)
    names = {account.id for account in identity.accounts() if account.is_demo and account.roles}
    return tuple(row[0] for row in DEMO if row[0] in names)


def demo_logins(state: Path) -> dict[str, str]:
    """Return the demo passwords by name, as far as the file still has them."""
    file = state / LOGINS_FILE
    if not file.is_file():
        return {}
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict(line.split(None, 1) for line in lines if line.strip() and line[0] != "#")


def _write_private(file: Path, logins: dict[str, str]) -> None:
    file.touch(mode=0o600)
    file.chmod(0o600)
    rows = "".join(f"{name} {password}\n" for name, password in logins.items())
    file.write_text(f"# 演示账号 demo accounts: name password\n{rows}", encoding="utf-8")
