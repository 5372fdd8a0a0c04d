"""Earthquakes as GeoJSON, as the USGS and the EMSC publish them."""
