"""What damage does to people."""
