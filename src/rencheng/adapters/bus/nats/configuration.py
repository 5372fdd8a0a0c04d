"""The broker's configuration file, written anew at every start."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from rencheng.adapters.bus.nats.doorman import ACCOUNT, INBOX

WAITING = 4096
"""Messages of a topic that the broker hands us before the first is acknowledged. Chosen."""
ALL_WAITING = 65_535
"""Messages of all topics of a session; more cannot be numbered (MQTT 3.1.1, 2.3.1)."""
LARGEST = 16 * 2**20
"""Larger messages end the connection; those below are refused by the house, one by one. [B]"""
STORE = 8 * 2**30
"""What waits for us on disk at most, should the house be away for long. Chosen. [B]"""

PATTERN = """\
# Written by `rencheng serve` at every start; changes are lost.
server_name: rencheng
listen: "127.0.0.1:{port}"
pid_file: {pid}
max_payload: {largest}
max_connections: 20000
jetstream {{ store_dir: {store}, max_memory_store: 64MB, max_file_store: {size},
  sync_interval: {sync} }}
mqtt {{
  listen: {listen}
  ack_wait: "10s"
  max_ack_pending: {waiting}
  {tls}
}}
system_account: HOUSE
accounts {{
  HOUSE: {{ users: [ {{ user: doorman, password: $RENCHENG_BROKER_SECRET }} ] }}
  {account}: {{
    jetstream: enabled
    # What devices create goes to the house alone; what the house tells goes out under the names of
    # the standard, so that a subscriber never sees a value that was not taken in.
    mappings: {{
      "v1//1.*.Observations": "{inbox}.v1//1.{{{{wildcard(1)}}}}.Observations"
      "v1//0.*.Observations": "{inbox}.v1//0.{{{{wildcard(1)}}}}.Observations"
      "{outbox}.>": ">"
    }}
  }}
}}
authorization {{
  timeout: 10
  auth_callout {{ issuer: {issuer}, auth_users: [ doorman ], account: HOUSE }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Where devices reach the broker."""

    port: int
    host: str = "127.0.0.1"
    certificate: Path | None = None
    """PEM; with `key` the listener speaks TLS only."""
    key: Path | None = None


def configuration(
    listener: Listener,
    folder: Path,
    *,
    port: int,
    issuer: str,
    outbox: str,
    sync: str,
    topics: int,
) -> str:
    """Return the text of the file.

    `port`: its own; `outbox`: first level of what the house tells; `topics`: how many we hear.
    """
    tls = ""
    if listener.certificate is not None and listener.key is not None:
        cert, key = str(listener.certificate.resolve()), str(listener.key.resolve())
        tls = f"tls {{ cert_file: {json.dumps(cert)}, key_file: {json.dumps(key)}, timeout: 5 }}"
    host = f"[{listener.host}]" if ":" in listener.host else listener.host
    return PATTERN.format(
        port=port,
        pid=json.dumps(str((folder / "broker.pid").resolve())),
        largest=LARGEST,
        store=json.dumps(str((folder / "messages").resolve())),
        size=STORE,
        sync=json.dumps(sync),
        listen=json.dumps(f"{host}:{listener.port}"),
        waiting=min(WAITING, ALL_WAITING // max(topics, 1)),
        tls=tls,
        account=ACCOUNT,
        inbox=INBOX,
        outbox=outbox,
        issuer=issuer,
    )
