"""ShakeMap: published maps of shaking."""
