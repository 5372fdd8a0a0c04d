"""Stage 7: how resilient the city is, and how well this program did."""
