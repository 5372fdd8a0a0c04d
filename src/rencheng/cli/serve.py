"""`rencheng serve`: check, wire, say the address and the logins, and serve until stopped."""

from __future__ import annotations

import errno
import gc
import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from rencheng.adapters.files import DEFAULT_CITY
from rencheng.cli import speaking
from rencheng.cli.mqtt import NO_MQTT, MqttFlags, say_mqtt
from rencheng.cli.options import STATE, State
from rencheng.domain.errors import ConflictError, InvalidInputError

if TYPE_CHECKING:
    from rencheng.bootstrap import Brain

APPLICATION = "rencheng.api.app:create_app"
"""The way in that the server makes by name: `cli` and `api` do not import each other."""
FULL_SEARCH = 100
"""Searches of the middle generation to one of all; ten is usual. No source: our choice."""
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def serve(
    *,
    port: int = 8000,
    host: str = "127.0.0.1",
    city: str = DEFAULT_CITY,
    state: State = STATE,
    demo: bool = False,
    data_root: Path | None = None,
    mqtt: MqttFlags = NO_MQTT,
    check_port: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """启动控制台服务 Serve the console and the API.

    Parameters
    ----------
    port
        端口 Port.
    host
        监听地址 Address to listen on.
    city
        城市编号 Id of the city.
    demo
        创建演示账号 Make demo accounts with random passwords.
    data_root
        可从中导入数据的服务器文件夹 Folder of the server that data may be imported from.
    check_port
        只检查端口是否空闲 Only check that the port is free.
    """
    must_be_free(host, port)
    if mqtt.mqtt_port:
        must_be_free(mqtt.mqtt_host, mqtt.mqtt_port)
    if check_port:
        return
    began = perf_counter()
    gc.disable()  # until all is loaded: what is loaded stays
    speaking.say("cli.serve.opening", path=str(state))
    from rencheng.bootstrap import add_mqtt, build_brain, hand_over, must_be_alone

    lock = must_be_alone(state)
    local = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 compared, not bound
    address = f"http://{f'[{local}]' if ':' in local else local}:{port}"
    brain = build_brain(state, city, demo=demo, address=address, data_root=data_root)
    add_mqtt(brain, state, mqtt.options, root=address)
    served = brain.house.cities.current()
    speaking.say("cli.serve.city", city=served.name.get(speaking.language(), served.id))
    brain.warmed = set_aside
    hand_over(brain)
    if host not in LOOPBACK:
        speaking.say("cli.serve.open_network", style="yellow", host=host)

    def ready() -> None:
        speaking.say("cli.serve.ready", style="bold green", address=address,
                     seconds=perf_counter() - began)  # fmt: skip
        _tell_accounts(brain, state, demo=demo)
        say_mqtt(brain, mqtt)
        speaking.say("cli.serve.stop")

    _run(host, port, ready)
    del lock


def openapi() -> None:
    """输出接口模式 Print the OpenAPI schema of the API as JSON."""
    from importlib import import_module

    schema = import_module("rencheng.api.app").schema_without_brain()
    json.dump(schema, sys.stdout, ensure_ascii=False, indent=1, sort_keys=True)
    sys.stdout.write("\n")


def must_be_free(host: str, port: int) -> None:
    """Raise when the port cannot be listened on, saying why and what to do."""
    if not 1 <= port <= 65535:
        raise InvalidInputError(
            "cli.port",
            f"{port} is no port",
            hint="Choose a port from 1024 to 65535",
            params={"port": port},
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as error:
            raise ConflictError(
                "cli.port_forbidden",
                f"port {port} may not be used",
                hint="Choose a port above 1023",
                params={"port": port},
            ) from error
        except OSError as error:
            is_busy = error.errno == errno.EADDRINUSE
            key = "cli.port_busy" if is_busy else "cli.port_failed"
            raise ConflictError(
                key,
                f"port {port} on {host} cannot be used: {error.strerror}",
                hint=f"Stop what uses it, or choose another: --port {port + 1}",
                params={"port": port, "next": port + 1, "host": host, "why": str(error.strerror)},
            ) from error


def set_aside() -> None:
    """Leave what is loaded out of every later search for garbage.

    A search holds the interpreter, and so every answer, until it has looked at all objects there
    are; those of libraries, routes and kernels are many and stay as long as the process.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*gc.get_threshold()[:2], FULL_SEARCH)
    gc.enable()


def _tell_accounts(brain: Brain, state: Path, *, demo: bool) -> None:
    from rencheng.bootstrap import LOGINS_FILE, demo_logins

    if demo:
        logins = demo_logins(state)
        speaking.say("cli.serve.logins", path=str(state / LOGINS_FILE))
        for name in brain.demo_names:
            speaking.say("cli.serve.login", name=name, password=logins.get(name, "•••"))
    elif not any(account.password_hash for account in brain.identity.accounts()):
        speaking.say("cli.serve.no_users", style="yellow", path=str(state))


def _run(host: str, port: int, ready: Callable[[], None]) -> None:
    import logging

    import uvicorn

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")

    class Server(uvicorn.Server):
        """Says when it listens."""

        async def startup(self, sockets: list[Any] | None = None) -> None:
            set_aside()
            await super().startup(sockets)
            if self.started:
                ready()

    config = uvicorn.Config(
        APPLICATION,
        factory=True,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=64 * 1024,
        ws_ping_interval=20.0,
        timeout_graceful_shutdown=5,
    )
    Server(config).run()
