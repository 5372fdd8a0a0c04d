"""What leaves the machine is encrypted, and a broker must be who it says it is."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from certificate_kit import certificate
from mqtt_kit import (
    MAPPING,
    PASSWORD,
    S0,
    Device,
    Kit,
    body,
    foreign,
    free_port,
    kept,
    key_of,
    open_door,
    served,
    until,
)
from rencheng.adapters.words import both
from rencheng.bootstrap.mqtt import MqttDoor, MqttOptions
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.provenance import Text


@contextmanager
def listening(kit: Kit, folder: Path, address: str, authority: Path | None) -> Iterator[MqttDoor]:
    """Have a house listen to a foreign broker."""
    (folder / "mqtt.toml").write_text(MAPPING, encoding="utf-8")
    login = folder / "login"
    login.write_text(f"house\n{PASSWORD}\n")
    login.chmod(0o600)
    door = open_door(kit, folder, MqttOptions(broker=address, login=login, authority=authority))
    door.start()
    try:
        yield door
    finally:
        door.stop()


def problem(door: MqttDoor) -> str:
    found = door.health().problem
    return found.key if found is not None else ""


# A broker of our own -----------------------------------------------------------------------------


def test_devices_speak_tls_to_our_own_broker_by_the_certificate_in_the_settings(
    kit: Kit, tmp_path: Path
) -> None:
    files = certificate(tmp_path / "tls", host="127.0.0.1")
    with served(kit, tmp_path, certificate=files.file, key=files.key) as (door, port):
        assert str(door.receiver.address) == f"mqtts://127.0.0.1:{port}"
        device = Device(port, "pier", key_of(kit), files.authority).start().connected()
        device.send(S0, body(1), 1)
        until(lambda: kept(kit))
        device.stop()


def test_who_speaks_no_tls_is_turned_away_before_the_key_is_looked_at(
    kit: Kit, tmp_path: Path
) -> None:
    files = certificate(tmp_path / "tls", host="127.0.0.1")
    with served(kit, tmp_path, certificate=files.file, key=files.key) as (door, port):
        until(lambda: door.health().link == "connected")
        plain = Device(port, "pier", key_of(kit)).start()
        until(lambda: door.broker and any("TLS handshake" in one for one in door.broker.lines))
        assert plain.codes == [] and not plain.client.is_connected()
        plain.stop()


def test_a_device_sees_that_a_broker_is_not_ours(kit: Kit, tmp_path: Path) -> None:
    files, other = (certificate(tmp_path / name, host="127.0.0.1") for name in ("a", "b"))
    with served(kit, tmp_path, certificate=files.file, key=files.key) as (door, port):
        until(lambda: door.health().link == "connected")
        context = ssl.create_default_context(cafile=str(other.authority))
        with (
            socket.create_connection(("127.0.0.1", port)) as line,
            pytest.raises(ssl.SSLCertVerificationError),
        ):
            context.wrap_socket(line, server_hostname="127.0.0.1")


def test_our_own_broker_in_clear_is_for_this_machine_alone(kit: Kit, tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.7", "broker.example"):  # noqa: S104 refused
        with pytest.raises(InvalidInputError) as caught:
            open_door(kit, tmp_path, MqttOptions(port=1883, host=host))
        assert caught.value.key == "mqtt.in_clear"
        assert all(host in text for text in both(said(caught.value)))
    open_door(kit, tmp_path, MqttOptions(port=1883, host="::1"))
    open_door(kit, tmp_path, MqttOptions(port=1883, host="0.0.0.0", in_clear=True))  # noqa: S104


def said(error: InvalidInputError) -> Text:
    return Text(f"error.{error.key}.problem", error.params)


def test_certificates_that_are_not_there_are_told_before_anything_starts(
    kit: Kit, tmp_path: Path
) -> None:
    gone = tmp_path / "gone.pem"
    with pytest.raises(FileNotFoundError):
        open_door(kit, tmp_path, MqttOptions(port=1883, certificate=gone, key=gone))


# Another broker ----------------------------------------------------------------------------------


def test_another_broker_is_heard_over_tls(kit: Kit, tmp_path: Path) -> None:
    files, port = certificate(tmp_path / "tls"), free_port()
    with (
        foreign(tmp_path / "other", port, (files.file, files.key)) as broker,
        listening(kit, tmp_path, f"mqtts://localhost:{port}", files.authority) as door,
    ):
        until(lambda: door.health().link == "connected")
        sender = Device(port, "pier", PASSWORD, files.authority)
        sender.client.connect("localhost", port)
        sender.client.loop_start()
        sender.send("plant/s0/level", b'{"level": 1}', 1)
        until(lambda: kept(kit))
        sender.stop()
        assert broker.refused == 0


@pytest.mark.parametrize(
    ("host", "life", "knows"),
    [
        ("localhost", timedelta(days=1), False),
        ("elsewhere.example", timedelta(days=1), True),
        ("localhost", timedelta(days=-1), True),
    ],
    ids=["unknown authority", "another name", "out of date"],
)
def test_a_broker_whose_certificate_is_wrong_gets_no_password(
    kit: Kit, tmp_path: Path, host: str, life: timedelta, knows: bool
) -> None:
    files, port = certificate(tmp_path / "tls", host=host, life=life), free_port()
    authority = files.authority if knows else certificate(tmp_path / "else").authority
    with (
        foreign(tmp_path / "other", port, (files.file, files.key)) as broker,
        listening(kit, tmp_path, f"mqtts://localhost:{port}", authority) as door,
    ):
        until(lambda: problem(door) == "mqtt.problem.certificate")
        assert door.health().link == "waiting" and door.receiver.session.connection == 0
        assert not any("rencheng-" in line for line in broker.lines)


def test_without_an_authority_those_of_the_machine_decide(kit: Kit, tmp_path: Path) -> None:
    files, port = certificate(tmp_path / "tls"), free_port()
    with (
        foreign(tmp_path / "other", port, (files.file, files.key)),
        listening(kit, tmp_path, f"mqtts://localhost:{port}", None) as door,
    ):
        until(lambda: problem(door) == "mqtt.problem.certificate")


def test_a_password_goes_to_another_machine_over_tls_alone(kit: Kit, tmp_path: Path) -> None:
    login = tmp_path / "login"
    login.write_text(f"house\n{PASSWORD}\n")
    login.chmod(0o600)
    plain = MqttOptions(broker="mqtt://broker.example", login=login)
    with pytest.raises(InvalidInputError) as caught:
        open_door(kit, tmp_path, plain)
    assert caught.value.key == "mqtt.password_in_clear"
    assert all("broker.example" in text for text in both(said(caught.value)))
    open_door(kit, tmp_path, MqttOptions(broker="mqtt://broker.example"))  # no secret
    open_door(kit, tmp_path, MqttOptions(broker="mqtts://broker.example", login=login))
    allowed = MqttOptions(broker="mqtt://broker.example", login=login, in_clear=True)
    open_door(kit, tmp_path, allowed)
