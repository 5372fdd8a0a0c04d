"""Event sets as people have them, read piece by piece."""
