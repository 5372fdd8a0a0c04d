"""The console's own list of warnings."""
