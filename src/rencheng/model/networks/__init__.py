"""Networks: who depends on whom, and which hospital can still be reached."""
