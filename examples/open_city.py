"""Open the built default city as arrays, and say what in it is real and what is not.

Run it with `python examples/open_city.py` after `rencheng city build coquimbo --fetch`.
The state folder is `.state`, or what RENCHENG_STATE names.
"""

import os
from pathlib import Path

from rencheng.adapters.cities.store import Folder
from rencheng.domain.city import DayTime

state = Path(os.environ.get("RENCHENG_STATE", ".state"))
city = Folder(state, "coquimbo").current()

print(f"{city.name['en']}, version {city.version}")
print(f"{city.zones.population.sum():,.0f} residents in {city.zones.id.size} zones")
count = city.buildings.zone.size
for when in DayTime:
    inside = city.buildings.occupants[when].sum()
    print(f"  {when.name.lower():8} {inside:10,.0f} people inside {count:,} buildings")
print("Layers:")
for layer in city.layers:
    print(f"  {layer.origin.value:10} {layer.name:22} {layer.count:8,}  {layer.source}")
