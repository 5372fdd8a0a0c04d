"""Buildings that a source gave: their types, people and outlines."""
