"""Scenarios: reading them, making their synthetic streams, sending them in like real devices."""
