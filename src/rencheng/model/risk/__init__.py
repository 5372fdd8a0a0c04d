"""What events do to a portfolio: losses, their spread, damage states, tail measures."""
