"""Classical risk: hazard curves against fragility and vulnerability."""
