"""Wire the connectors: which there are, and which feeds the office has configured."""

from __future__ import annotations

from pathlib import Path

from rencheng.bootstrap.brain import Brain
from rencheng.connectors.feeds import read_feeds
from rencheng.connectors.manifests import connectors
from rencheng.connectors.poller import Poller


def open_feeds(brain: Brain, state: Path) -> Poller:
    """Return what asks the feeds of a state folder; nothing is started yet.

    Raises
    ------
    InvalidInputError
        When `connectors.toml` or the manifest of a connector is wrong; all faults are named.
    """
    known = connectors(state)
    return Poller(brain.house, read_feeds(state, known), known=known, wake=brain.wake)
