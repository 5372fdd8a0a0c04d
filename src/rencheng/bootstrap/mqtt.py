"""Wiring of MQTT: a broker of our own or another, and what listens to it."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rencheng.domain.errors import InvalidInputError, SourceUnavailableError

if TYPE_CHECKING:
    from rencheng.adapters.bus.nats import Broker
    from rencheng.bootstrap.brain import Brain
    from rencheng.connectors.mqtt.address import Address
    from rencheng.connectors.mqtt.health import MqttHealth
    from rencheng.connectors.mqtt.letters import DeadLetter
    from rencheng.connectors.mqtt.receiver import Receiver
    from rencheng.connectors.mqtt.telling import Announcer

FOLDER = "mqtt"
"""Folder under the state folder."""
MAPPING_FILE = "mqtt.toml"
"""Mapping file in the state folder that is taken when none is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttOptions:
    """How MQTT is served."""

    port: int = 0
    """Where our own broker listens; 0: there is none."""
    host: str = "127.0.0.1"
    certificate: Path | None = None
    key: Path | None = None
    broker: str = ""
    """Address of another broker."""
    login: Path | None = None
    authority: Path | None = None
    mapping: Path | None = None
    tells: bool = False
    """Whether another broker is told what was taken in; our own always is."""
    in_clear: bool = False
    """Whether keys and passwords may cross a network that anybody may listen to."""
    sync: str = "100ms"
    """When our own broker writes to disk, see `BrokerOptions`."""

    @property
    def is_wanted(self) -> bool:
        """Whether there is MQTT at all."""
        return bool(self.port or self.broker)

    @property
    def is_open(self) -> bool:
        """Whether our own broker can be reached from other machines without encryption."""
        return bool(self.port) and self.certificate is None and not is_here(self.host)


@dataclass(slots=True, kw_only=True)
class MqttDoor:
    """MQTT as the ways in see it."""

    receiver: Receiver
    announcer: Announcer | None
    broker: Broker | None

    def start(self) -> None:
        """Start the broker if it is ours, and listen."""
        if self.broker is not None:
            try:
                self.broker.start()
            except SourceUnavailableError as error:
                self.receiver.watch.troubled("broker", str(error.params["why"]))
        if self.announcer is not None:
            self.announcer.start()
        self.receiver.start()

    def stop(self) -> None:
        """Take in what is in hand, and stop; the broker keeps the rest on disk."""
        if self.announcer is not None:
            self.announcer.stop()
        self.receiver.stop()
        if self.broker is not None:
            self.broker.stop()

    def health(self) -> MqttHealth:
        """Return how the connection does."""
        return self.receiver.health(self.broker.refused if self.broker is not None else 0)

    def letters(self) -> list[DeadLetter]:
        """Return the messages that nobody could take in."""
        return self.receiver.letters()


def add_mqtt(brain: Brain, state: Path, options: MqttOptions, *, root: str) -> None:
    """Add MQTT to a brain when it is wanted; it starts and stops with it."""
    if options.is_wanted:
        brain.mqtt = open_mqtt(brain, state, options, root=root)


def open_mqtt(brain: Brain, state: Path, options: MqttOptions, *, root: str) -> MqttDoor:
    """Wire MQTT for a brain; nothing is started yet.

    Parameters
    ----------
    brain, state
        For whom, and where messages and dead letters are kept.
    options
        Our own broker or another.
    root
        Address of the SensorThings service.

    Raises
    ------
    InvalidInputError
        When one of certificate and key is missing, both brokers are named, the address is none,
        the mapping file has faults, or secrets would cross a network in clear.
    """
    from rencheng.adapters.bus.nats.doorman import INBOX, subject
    from rencheng.connectors.mqtt.address import read_address, with_inbox
    from rencheng.connectors.mqtt.receiver import Receiver
    from rencheng.connectors.mqtt.telling import Announcer

    _check(options)
    folder = state / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    text = _mapping_text(options.mapping or state / MAPPING_FILE, options.mapping is not None)
    client = f"rencheng-{hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:12]}"
    broker = _broker(brain, folder, options, text) if options.port else None
    if broker is not None:
        address = with_inbox(_own_address(options, broker, client), INBOX)
    else:
        address = read_address(
            options.broker, login=options.login, authority=options.authority, client=client
        )
        if address.password and not (address.is_tls or options.in_clear or is_here(address.host)):
            raise InvalidInputError(
                "mqtt.password_in_clear",
                f"the password would cross the network to {address} in clear",
                hint="Use mqtts://, or say --mqtt-in-clear where nobody else can listen",
                params={"address": str(address)},
            )
    receiver = Receiver(
        brain.house,
        address,
        mapping=text,
        folder=folder,
        wake=brain.wake,
        ready=broker.is_open.set if broker is not None else lambda: None,
    )
    announcer = None
    if broker is not None:
        own = broker

        def say(messages: list[tuple[str, bytes]]) -> None:
            own.publish((subject(f"{own.outbox}/{name}").encode(), body) for name, body in messages)

        announcer = Announcer(say, own.has_readers.is_set, root)
        own.on_foreign = receiver.refuse_foreign
    elif options.tells:

        def tell(messages: list[tuple[str, bytes]]) -> None:
            for name, body in messages:
                receiver.session.publish(name, body)

        announcer = Announcer(tell, lambda: True, root)
    if announcer is not None:
        brain.house.waiting.listeners.append(announcer.take)
    return MqttDoor(receiver=receiver, announcer=announcer, broker=broker)


def is_here(host: str) -> bool:
    """Return whether a host is this machine, and nobody else can listen.

    Examples
    --------
    >>> is_here("127.0.0.1"), is_here("::1"), is_here("0.0.0.0"), is_here("broker")
    (True, True, False, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _broker(brain: Brain, folder: Path, options: MqttOptions, text: str) -> Broker:
    from rencheng.adapters.bus.nats import Broker, BrokerOptions, Listener
    from rencheng.adapters.bus.nats.server import program
    from rencheng.bootstrap.mqtt_gate import KeyGate
    from rencheng.connectors.mqtt.mapping import MqttMapping, read_mapping
    from rencheng.connectors.mqtt.topics import CREATE

    program()
    listener = Listener(
        port=options.port, host=options.host, certificate=options.certificate, key=options.key
    )
    mapping = read_mapping(text) if text else MqttMapping()
    return Broker(
        folder,
        listener,
        KeyGate(brain.identity, mapping),
        BrokerOptions(sync=options.sync, topics=2 * len(CREATE) + len(mapping.topics)),
    )


def _own_address(options: MqttOptions, broker: Broker, client: str) -> Address:
    from rencheng.adapters.bus.nats.server import SERVICE
    from rencheng.connectors.mqtt.address import Address

    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(options.host, options.host)  # noqa: S104
    address = Address(
        host=local, port=options.port, user=SERVICE, password=broker.secret, client=client
    )
    if options.certificate is None:
        return address
    return replace(address, is_tls=True, authority=options.certificate, is_own=True)


def _mapping_text(file: Path, is_named: bool) -> str:
    if not is_named and not file.is_file():
        return ""
    from rencheng.connectors.mqtt.mapping import read_mapping

    content = file.read_bytes()
    read_mapping(content, file.name)
    return content.decode("utf-8-sig")


def _check(options: MqttOptions) -> None:
    if options.port and options.broker:
        raise InvalidInputError(
            "mqtt.two_brokers",
            "--mqtt-port and --mqtt name two brokers",
            hint="Choose our own (--mqtt-port) or another (--mqtt)",
        )
    if (options.certificate is None) != (options.key is None):
        raise InvalidInputError(
            "mqtt.half_tls",
            "a certificate needs its key, and a key its certificate",
            hint="Give both --mqtt-cert and --mqtt-key",
        )
    if options.is_open and not options.in_clear:
        raise InvalidInputError(
            "mqtt.in_clear",
            f"keys of devices would cross the network to {options.host} in clear",
            hint="Give --mqtt-cert and --mqtt-key, or say --mqtt-in-clear",
            params={"host": options.host},
        )
    for file in (options.certificate, options.key, options.authority, options.login):
        if file is not None:
            file.open("rb").close()
