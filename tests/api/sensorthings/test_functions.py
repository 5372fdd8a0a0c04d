"""Every function of the standard's list, asked with over HTTP."""

from __future__ import annotations

import pytest

from sensing_kit import Service

AREA = "geography'POLYGON ((-116.1 51, -116.1 51.1, -116 51.1, -116 51, -116.1 51))'"
POINT = "geography'POINT (-116.05 51.05)'"


@pytest.mark.parametrize(
    ("kind", "question", "many"),
    [
        ("Things", "substringof('1',name)", 1),
        ("Things", "endswith(name,'2')", 1),
        ("Things", "startswith(name,'thing')", 2),
        ("Things", "length(name) eq 7", 2),
        ("Things", "indexof(name,'1') eq 6", 1),
        ("Things", "substring(name,6) eq '1'", 1),
        ("Things", "substring(name,0,5) eq 'thing'", 2),
        ("Things", "tolower(toupper(name)) eq 'thing 1'", 1),
        ("Things", "trim(concat(' ',name)) eq 'thing 1'", 1),
        ("Observations", "year(phenomenonTime) eq 2015 and month(phenomenonTime) eq 3", 12),
        ("Observations", "day(phenomenonTime) le 2", 2),
        ("Observations", "hour(phenomenonTime) add minute(phenomenonTime) eq 0", 12),
        ("Observations", "second(phenomenonTime) add fractionalseconds(phenomenonTime) eq 0", 12),
        ("Observations", "date(phenomenonTime) eq 2015-03-03", 1),
        ("Observations", "time(phenomenonTime) eq 00:00:00", 12),
        ("Observations", "totaloffsetminutes(phenomenonTime) eq 0", 12),
        ("Observations", "phenomenonTime lt now()", 12),
        ("Observations", "phenomenonTime gt mindatetime()", 12),
        ("Observations", "phenomenonTime lt maxdatetime()", 12),
        ("Observations", "round(result mul 1.01) eq result", 12),
        ("Observations", "floor(result div 2.0) eq ceiling(result div 2.0)", 6),
        ("Locations", f"geo.distance(location,{POINT}) lt 0.01", 1),
        ("Locations", "geo.length(geography'LINESTRING (0 0, 0 1)') eq 1", 2),
        ("Locations", f"geo.intersects(location,{AREA})", 1),
        ("Locations", f"st_equals(location,{POINT})", 1),
        ("Locations", f"st_disjoint(location,{AREA})", 1),
        ("Locations", f"st_touches(location,{AREA})", 0),
        ("Locations", f"st_within(location,{AREA})", 1),
        ("Locations", f"st_overlaps(location,{AREA})", 0),
        ("Locations", f"st_crosses(location,{AREA})", 0),
        ("Locations", f"st_intersects(location,{AREA})", 1),
        ("Locations", f"st_contains(location,{POINT})", 1),
        ("Locations", f"st_relate(location,{POINT},'T********')", 1),
        ("Things", f"st_within(Locations/location,{AREA})", 1),
    ],
)
def test_every_function_of_the_standard_can_be_asked_with(
    small: Service, kind: str, question: str, many: int
) -> None:
    assert len(small.value(kind, filter=question)) == many
