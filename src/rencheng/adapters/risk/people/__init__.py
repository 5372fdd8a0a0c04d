"""People in events: tables in, estimates out."""
