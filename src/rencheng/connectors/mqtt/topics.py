"""Topics of SensorThings: whose observations a topic names.

References
----------
.. [1] OGC 18-088, SensorThings API Part 1: Sensing 1.1, clause 14 (MQTT extension).
"""

from __future__ import annotations

import re

VERSIONS = ("v1.1", "v1.0")
CREATE = tuple(f"{v}/{what}" for v in VERSIONS for what in ("+/Observations", "Observations"))
"""Topics to which a device publishes, with MQTT's wildcards. [1]_"""

_STREAM = re.compile(r"v1\.[01]/Datastreams\((?:'((?:[^']|'')+)'|([^'()]+))\)/Observations")
_PLAIN = re.compile(r"v1\.[01]/Observations")


def is_standard(topic: str) -> bool:
    """Return whether a topic is one of the standard's."""
    return topic.startswith(("v1.1/", "v1.0/"))


def datastream_of(topic: str) -> str | None:
    """Return whose observations a topic names; empty: the message says it; None: not ours.

    Examples
    --------
    >>> datastream_of("v1.1/Datastreams('tide-1')/Observations")
    'tide-1'
    >>> datastream_of("v1.1/Datastreams(7)/Observations"), datastream_of("v1.1/Things(1)")
    ('7', None)
    """
    found = _STREAM.fullmatch(topic)
    if found is not None:
        quoted, plain = found.groups()
        return quoted.replace("''", "'") if quoted else plain
    return "" if _PLAIN.fullmatch(topic) else None


def topics_of(datastream: str) -> tuple[str, ...]:
    """Return every topic under which a datastream's observations are created."""
    forms = [f"'{datastream.replace(chr(39), chr(39) * 2)}'", datastream]
    if datastream != forms[1] or re.search(r"[()'+#/\s]", datastream):
        forms = forms[:1]
    return tuple(f"{v}/Datastreams({form})/Observations" for v in VERSIONS for form in forms)
