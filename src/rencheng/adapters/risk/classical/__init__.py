"""Classical risk: hazard curves in, losses and states out."""
