"""Messages of devices: a broker of our own, and what listens to any broker."""
