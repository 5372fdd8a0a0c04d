"""When a tsunami comes; how deep it gets is unknown without terrain and bathymetry."""
