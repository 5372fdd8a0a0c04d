"""What to look for in a city's data, one module for each kind of thing."""
