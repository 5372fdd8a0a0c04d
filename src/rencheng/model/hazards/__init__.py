"""One folder for each hazard; what several hazards share stands beside them."""
