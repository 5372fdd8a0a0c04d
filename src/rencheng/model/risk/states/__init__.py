"""States of damage: expected, and drawn."""
