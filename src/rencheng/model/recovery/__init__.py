"""Recovery: when damaged things work again, and what residents get until then."""
