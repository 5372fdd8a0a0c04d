"""What an account must be like."""

from __future__ import annotations

from rencheng.domain.errors import Fault
from rencheng.domain.identity import ROLES
from rencheng.service.ports import Account

MIN_PASSWORD = 10
"""Characters. NIST SP 800-63B-4 asks for 15 where a password stands alone, 8 beside a second
factor; this is our middle for a closed network."""


def account_faults(account: Account, password: str) -> tuple[Fault, ...]:
    """Return everything wrong with a new account, all at once."""
    found: list[Fault] = []
    if not account.id or not account.id.replace("_", "").replace("-", "").isalnum():
        found.append(
            Fault(
                where="id",
                key="identity.account_id",
                problem="letters, digits, - and _ only",
                hint="Choose another name",
            )
        )
    unknown = tuple(role for role in account.roles if role not in ROLES)
    if unknown or not account.roles:
        found.append(
            Fault(
                where="roles",
                key="identity.roles",
                problem="roles are missing or unknown",
                hint=f"Choose from {', '.join(ROLES)}",
                count=len(unknown),
                first=unknown[:3],
            )
        )
    if password and (len(password) < MIN_PASSWORD or password.lower() == account.id.lower()):
        found.append(
            Fault(
                where="password",
                key="identity.password",
                problem=f"shorter than {MIN_PASSWORD} characters, or equal to the name",
                hint="Choose a longer one",
            )
        )
    return tuple(found)
