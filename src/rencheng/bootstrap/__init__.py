"""Wiring: the one place that knows everybody."""

from rencheng.adapters.files import must_be_alone
from rencheng.bootstrap.accounts import DEMO, LOGINS_FILE, demo_accounts, demo_logins
from rencheng.bootstrap.brain import Brain, hand_over, handed_over
from rencheng.bootstrap.mqtt import MqttOptions, add_mqtt
from rencheng.bootstrap.wiring import (
    STORE_ADDRESS,
    STORE_FILE,
    assemble,
    build_brain,
    load_models,
    open_identity,
)

__all__ = [
    "DEMO",
    "LOGINS_FILE",
    "STORE_ADDRESS",
    "STORE_FILE",
    "Brain",
    "MqttOptions",
    "add_mqtt",
    "assemble",
    "build_brain",
    "demo_accounts",
    "demo_logins",
    "hand_over",
    "handed_over",
    "load_models",
    "must_be_alone",
    "open_identity",
]
