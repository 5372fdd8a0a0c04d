"""What a hazard does: ground shaking and waves, damage, people, services, learning."""
