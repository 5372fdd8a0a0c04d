"""The embedded broker: a NATS server with an MQTT listener, started and watched by the house.

Every device is asked about at our own accounts when it connects; what was not allowed is denied.
"""

from rencheng.adapters.bus.nats.configuration import Listener
from rencheng.adapters.bus.nats.server import Broker, BrokerOptions

__all__ = ["Broker", "BrokerOptions", "Listener"]
