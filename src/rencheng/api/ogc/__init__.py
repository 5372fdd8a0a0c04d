"""OGC API Features for every layer of the served city, at `/ogc`: what QGIS opens.

Part 1 (Core, OGC 17-069r4): core, GeoJSON and OpenAPI 3.0. Coordinates are CRS84: lon, lat.
"""
