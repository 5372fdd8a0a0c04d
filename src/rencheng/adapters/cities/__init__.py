"""Cities: read, built, kept, checked.

- `readers`: one module for each kind of source, all of one shape
- `files`: what they share: coordinates, columns, rows, shapes, faults
- `formats`: formats with a grammar of their own: OSM PBF, network models, timetables, rasters
- `stock`: buildings that a source gave: types, people, outlines
- `generate`: what no source gave, made from a seed
- `checks`: what the data lack or contradict
- `downloads`: open data, on request

The way of a city: `recipe` → `sources` → `build` → `making` → `store`.
"""
