"""Risk of the served city at the console: its buildings, event sets, runs."""
