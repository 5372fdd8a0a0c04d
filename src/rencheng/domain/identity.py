"""Who asks, what they may do, and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rencheng.domain.errors import NotAllowedError
from rencheng.domain.provenance import Mode


class Permission(StrEnum):
    """One thing that a role may allow. What no role of yours allows is denied."""

    SITUATION_READ = "situation:read"
    CITY_READ = "city:read"
    CITY_BUILD = "city:build"
    DATA_READ = "data:read"
    INGEST = "ingest:write"
    SENSOR_WRITE = "sensor:write"
    """Register things, sensors and datastreams, change and delete them."""
    DEVICE_PROVISION = "device:provision"
    """Provision devices by table, give them keys, renew and end those."""
    REPLAY_CONTROL = "replay:control"
    ALARM_ACKNOWLEDGE = "alarm:acknowledge"
    ALARM_CONFIRM = "alarm:confirm"
    """Confirm, reject or shelve an alarm, each with a reason."""
    VERDICT_WRITE = "verdict:write"
    """Enter events that no alarm told of."""
    ALERT_DRAFT = "alert:draft"
    ALERT_APPROVE = "alert:approve"
    PROPOSAL_DECIDE = "proposal:decide"
    TASK_READ = "task:read"
    TASK_ASSIGN = "task:assign"
    TASK_WORK = "task:work"
    TASK_VERIFY = "task:verify"
    DAMAGE_REPORT = "damage:report"
    MODEL_APPROVE = "model:approve"
    RISK_RUN = "risk:run"
    """Ask for runs of the risk engine, give it event sets, and delete both."""
    ASSESS_READ = "assess:read"
    LOG_READ = "log:read"
    LOG_WRITE = "log:write"
    USER_ADMIN = "user:admin"


_READ = {Permission.SITUATION_READ, Permission.CITY_READ, Permission.TASK_READ}

ROLES: dict[str, frozenset[Permission]] = {
    "duty_officer": frozenset(
        _READ
        | {
            Permission.DATA_READ,
            Permission.RISK_RUN,
            Permission.REPLAY_CONTROL,
            Permission.ALARM_ACKNOWLEDGE,
            Permission.ALARM_CONFIRM,
            Permission.VERDICT_WRITE,
            Permission.ALERT_DRAFT,
            Permission.TASK_ASSIGN,
            Permission.TASK_VERIFY,
            Permission.DAMAGE_REPORT,
            Permission.ASSESS_READ,
            Permission.LOG_READ,
            Permission.LOG_WRITE,
        }
    ),
    "analyst": frozenset(
        _READ
        | {
            Permission.DATA_READ,
            Permission.ALARM_ACKNOWLEDGE,
            Permission.ALARM_CONFIRM,
            Permission.VERDICT_WRITE,
            Permission.ALERT_DRAFT,
            Permission.ASSESS_READ,
            Permission.LOG_READ,
            Permission.LOG_WRITE,
        }
    ),
    "commander": frozenset(
        _READ
        | {
            Permission.DATA_READ,
            Permission.RISK_RUN,
            Permission.REPLAY_CONTROL,
            Permission.ALARM_ACKNOWLEDGE,
            Permission.ALARM_CONFIRM,
            Permission.VERDICT_WRITE,
            Permission.ALERT_DRAFT,
            Permission.ALERT_APPROVE,
            Permission.PROPOSAL_DECIDE,
            Permission.TASK_ASSIGN,
            Permission.TASK_VERIFY,
            Permission.ASSESS_READ,
            Permission.LOG_READ,
            Permission.LOG_WRITE,
        }
    ),
    "field": frozenset(_READ | {Permission.TASK_WORK, Permission.DAMAGE_REPORT}),
    "utility": frozenset(_READ | {Permission.TASK_WORK, Permission.DAMAGE_REPORT}),
    "hospital": frozenset(_READ | {Permission.TASK_WORK}),
    "planner": frozenset(
        _READ
        | {
            Permission.DATA_READ,
            Permission.CITY_BUILD,
            Permission.SENSOR_WRITE,
            Permission.DEVICE_PROVISION,
            Permission.RISK_RUN,
            Permission.ASSESS_READ,
            Permission.MODEL_APPROVE,
            Permission.REPLAY_CONTROL,
            Permission.VERDICT_WRITE,
        }
    ),
    "auditor": frozenset(
        _READ | {Permission.DATA_READ, Permission.ASSESS_READ, Permission.LOG_READ}
    ),
    "device": frozenset({Permission.INGEST}),
    "sensor_operator": frozenset(
        _READ | {Permission.INGEST, Permission.SENSOR_WRITE, Permission.DEVICE_PROVISION}
    ),
    "replay_device": frozenset({Permission.INGEST}),
    "admin": frozenset({Permission.USER_ADMIN, Permission.DATA_READ, Permission.LOG_READ}),
}
"""Roles by name. A user may have several; unknown role names allow nothing."""

WRITES_TO: dict[str, frozenset[Mode]] = {
    "device": frozenset({Mode.LIVE}),
    "sensor_operator": frozenset({Mode.LIVE}),
    "replay_device": frozenset({Mode.REPLAY, Mode.DRILL, Mode.TEST}),
}
"""Kinds of run that a device's role may write to: a replay never reaches the live run."""

CITY_WIDE = {"duty_officer", "analyst", "commander", "planner", "auditor", "sensor_operator"}
"""Roles that see every organisation's objects; the others see their own organisation's only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks, once signed in."""

    id: str
    name: str
    organisation: str
    roles: frozenset[str]
    language: str = "zh-CN"

    @property
    def permissions(self) -> frozenset[Permission]:
        """Everything the roles allow together."""
        return frozenset().union(*(ROLES.get(role, frozenset()) for role in self.roles))

    @property
    def is_city_wide(self) -> bool:
        """Whether the actor sees beyond the own organisation."""
        return bool(self.roles & CITY_WIDE)

    def must_write_to(self, mode: Mode) -> None:
        """Raise `NotAllowedError` unless a role of a device may write to runs of this mode."""
        if not any(mode in WRITES_TO.get(role, frozenset()) for role in self.roles):
            raise NotAllowedError(
                "identity.run",
                f"{self.id} may not write to a run of mode {mode.value}",
                hint="Use a token made for this kind of run",
                params={"mode": mode.value},
            )

    def must(self, permission: Permission) -> None:
        """Raise `NotAllowedError` unless a role allows `permission`."""
        self.must_one(permission)

    def must_one(self, *permissions: Permission) -> None:
        """Raise `NotAllowedError` unless a role allows one of them; it names the first."""
        if self.permissions.isdisjoint(permissions):
            raise NotAllowedError(
                "identity.not_allowed",
                f"{self.id} lacks {permissions[0].value}",
                hint="Ask somebody whose role covers it",
                params={"permission": permissions[0].value},
            )


SYSTEM = Actor(id="system", name="韧城 Rencheng", organisation="", roles=frozenset())
"""The program itself, as author of automatic log lines; it has no permission at all."""
