"""`rencheng mqtt`: check a mapping file before a broker sees it; the options that `serve` takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from rencheng.cli import speaking
from rencheng.cli.options import commands

if TYPE_CHECKING:
    from rencheng.bootstrap import Brain
    from rencheng.bootstrap.mqtt import MqttOptions

app = commands("mqtt", "检查 MQTT 映射文件 Check mapping files of MQTT")


@Parameter(name="*")
@dataclass(frozen=True)
class MqttFlags:
    """Options of `rencheng serve` about MQTT."""

    mqtt_port: int = 0
    """内置 MQTT 服务器的端口（通常为 1883） Port of our own MQTT broker; 0: there is none."""
    mqtt_host: str = "127.0.0.1"
    """内置服务器的监听地址 Address that our own broker listens on."""
    mqtt_cert: Path | None = None
    """内置服务器的证书（PEM） Certificate of our own broker."""
    mqtt_key: Path | None = None
    """证书的私钥（PEM） Key of the certificate."""
    mqtt: Annotated[str, Parameter(name="--mqtt")] = ""
    """其他 MQTT 服务器 Another broker, as mqtt://host:1883 or mqtts://host:8883."""
    mqtt_login: Path | None = None
    """登录文件：第一行用户名，第二行密码 File with user and password, a line each."""
    mqtt_ca: Path | None = None
    """为其他服务器作证的证书（PEM） Certificate of who vouches for another broker."""
    mqtt_mapping: Path | None = None
    """设备自有消息的映射文件 Mapping file; else mqtt.toml in the state folder, if it is there."""
    mqtt_in_clear: Annotated[bool, Parameter(negative=())] = False
    """允许密钥明文经过网络 Let keys and passwords cross a network without encryption."""
    mqtt_tell: Annotated[bool, Parameter(negative=())] = False
    """向其他服务器发布已入库的观测 Tell another broker what was taken in; our own always is."""

    mqtt_sync: str = "100ms"
    """内置服务器落盘间隔，或 always When our own broker writes to disk: a span, or always."""

    @property
    def options(self) -> MqttOptions:
        """What the wiring takes."""
        from rencheng.bootstrap.mqtt import MqttOptions

        return MqttOptions(
            port=self.mqtt_port,
            host=self.mqtt_host,
            certificate=self.mqtt_cert,
            key=self.mqtt_key,
            broker=self.mqtt,
            login=self.mqtt_login,
            authority=self.mqtt_ca,
            mapping=self.mqtt_mapping,
            tells=self.mqtt_tell,
            in_clear=self.mqtt_in_clear,
            sync=self.mqtt_sync,
        )


NO_MQTT = MqttFlags()


def say_mqtt(brain: Brain, flags: MqttFlags) -> None:
    """Say where devices reach the broker, or that there is none."""
    if brain.mqtt is None:
        return
    address = str(brain.mqtt.receiver.address)
    speaking.say("cli.mqtt.serves" if flags.mqtt_port else "cli.mqtt.listens", address=address)
    if flags.options.is_open:
        speaking.say("cli.mqtt.no_tls", style="yellow")
    health = brain.mqtt.health()
    if health.problem is not None and health.hint is not None:
        for said in (health.problem, health.hint):
            speaking.say(said.key, style="yellow", **said.params)


@app.command
def check(mapping: Path, *, sample: Path | None = None, topic: str = "") -> int:
    """检查映射文件，并说明一条示例消息会得到什么 Check a mapping file, and say what a sample gives.

    Parameters
    ----------
    mapping
        映射文件 The mapping file.
    sample
        含一条消息的文件 File with one message.
    topic
        示例消息的主题；不填则取第一个模式 Topic of the sample; else the first pattern of the file
        with 1 for each wildcard.
    """
    from rencheng.connectors.mqtt.connector import Connector
    from rencheng.connectors.mqtt.mapping import read_mapping
    from rencheng.connectors.shape import Message

    content = mapping.read_bytes()
    read = read_mapping(content, mapping.name)
    speaking.say("cli.mqtt.right", style="green", path=str(mapping), count=len(read.topics))
    if any(rule.time is None for rule in read.topics):
        speaking.say("cli.mqtt.arrival", style="yellow")
    if sample is None:
        return 0
    wild = {"+": "1", "#": "1"}
    usual = "/".join(wild.get(level, level) for level in read.topics[0].pattern.split("/"))
    message = Message(topic=topic or usual, body=sample.read_bytes(), received=datetime.now(UTC))
    said = Connector().hear({"mapping": content.decode("utf-8-sig")}, message)
    speaking.say("cli.mqtt.sample", topic=message.topic)
    for one in said.readings:
        speaking.say(
            "cli.mqtt.arrived" if one.at is message.received else "cli.mqtt.reading",
            datastream=one.datastream, value=one.value, unit=one.unit, time=one.at.isoformat(),
        )  # fmt: skip
    for refused in said.refusals:
        speaking.say(refused.why.key, style="bold red", **refused.why.params)
    return 1 if said.refusals or not said.readings else 0
