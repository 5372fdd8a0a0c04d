"""What the columns of a user's file most likely mean, and a look into a file before it is read."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from rencheng.domain.errors import Fault

Box = tuple[float, float, float, float]

_AGES = {
    "age_0_14": ("age_0_14", "0-14", "0-14岁", "0_14", "p_0_14", "children", "menores", "少儿人口",
                 "0-14岁人口"),
    "age_15_64": ("age_15_64", "15-64", "15-64岁", "15_64", "p_15_64", "adults", "adultos",
                  "15-64岁人口", "劳动年龄人口"),
    "age_65": ("age_65", "age_65_plus", "65+", "65", "65岁以上", "65岁及以上", "65岁及以上人口",
               "elderly", "seniors", "mayores", "老年人口"),
}  # fmt: skip
_PEOPLE = (
    "population", "pop", "people", "residents", "persons", "inhabitants", "totpop", "pop_total",
    "人口", "常住人口", "总人口", "人口数", "人数", "poblacion", "habitantes", "personas",
    "populacao", "n_per",
)  # fmt: skip
_ID = ("id", "fid", "gid", "oid", "objectid", "osm_id", "uid", "编号", "标识", "序号", "codigo_id")
_NAME = (
    "name", "name_zh", "name:zh", "名称", "名字", "nombre", "nome", "label", "title", "地名",
    "机构名称", "nombre_establecimiento",
)  # fmt: skip
_CODE = (
    "code", "adcode", "gb", "行政区划代码", "区划代码", "代码", "编码", "codigo", "cod",
    "codigo_comuna", "comuna", "zone", "zone_code", "zone_id", "tract", "geoid", "pac", "xzqdm",
)  # fmt: skip

COLUMNS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "boundary": {},
    "zones": {"id": _ID, "code": _CODE, "name": (*_NAME, "xzqmc", "行政区名称", "街道", "社区"),
              "population": _PEOPLE, **_AGES},
    "counts": {"code": (*_CODE, *_ID, *_NAME), "population": _PEOPLE, **_AGES},
    "people": {"people": _PEOPLE, **_AGES},
    "buildings": {
        "id": (*_ID, "building_id", "建筑编号", "楼栋编号"),
        "use": ("use", "building", "building_use", "building:use", "usage", "function", "occupancy",
                "用途", "建筑用途", "使用性质", "房屋用途", "uso", "destino", "type", "类型"),
        "structure": ("structure", "structural_type", "building:structure", "building:material",
                      "material", "construction", "taxonomy", "bldgtype", "结构", "结构类型",
                      "建筑结构", "房屋结构", "estructura", "materialidad"),
        "storeys": ("storeys", "stories", "levels", "building:levels", "floors", "num_floors",
                    "nfloors", "层数", "楼层", "地上层数", "楼层数", "pisos", "plantas", "floor"),
        "height_m": ("height_m", "height", "building:height", "高度", "建筑高度", "楼高", "altura",
                     "elevation"),
        "year": ("year", "year_built", "built", "yearbuilt", "start_date", "construction_year",
                 "建成年代", "建造年份", "建成年份", "竣工年份", "年代", "ano", "anio",
                 "ano_construccion"),
        "dwellings": ("dwellings", "units", "households", "flats", "building:flats", "户数",
                      "住户数", "viviendas", "domicilios"),
        "floor_area_m2": ("floor_area_m2", "floor_area", "gross_floor_area", "gfa", "建筑面积",
                          "总建筑面积", "superficie", "superficie_construida", "area_construida"),
        "people": (*_PEOPLE, "occupants"),
    },
    "facilities": {
        "id": (*_ID, "codigo_establecimiento", "rbd", "机构编号"), "name": _NAME,
        "kind": ("kind", "type", "amenity", "category", "class", "facility", "类型", "类别", "种类",
                 "机构类型", "tipo", "tipo_establecimiento", "categoria"),
        "beds": ("beds", "bed_count", "床位", "床位数", "camas", "leitos"),
        "shelter_places": ("shelter_places", "capacity", "容量", "可容纳人数", "容纳人数",
                           "capacidad", "places"),
        "has_emergency": ("has_emergency", "emergency", "急诊", "是否有急诊", "urgencia",
                          "tiene_servicio_urgencia"),
    },
    "roads": {
        "kind": ("kind", "highway", "fclass", "class", "road_class", "type", "道路等级", "等级",
                 "道路类型", "类型", "tipo", "clase"),
        "name": (*_NAME, "street", "道路名称", "路名", "calle"),
        "speed_km_h": ("speed_km_h", "maxspeed", "speed", "speed_limit", "限速", "车速",
                       "velocidad"),
        "direction": ("direction", "oneway", "one_way", "单行", "方向", "通行方向", "sentido"),
    },
    "stops": {"id": ("stop_id", *_ID, "站点编号"),
              "name": ("stop_name", *_NAME, "站名", "站点名称"),
              "departures": ("departures", "trips", "班次", "发车次数", "salidas")},
    "dependencies": {
        "node": ("node", "asset", "节点", "对象", "资产编号"),
        "service": ("service", "需要", "服务", "servicio"),
        "group": ("group", "组", "grupo"),
        "supplier": ("supplier", "供给方", "来源", "供应方", "proveedor"),
        "backup_low_h": ("backup_low_h", "backup_h", "最短备用时间", "备用时间"),
        "backup_high_h": ("backup_high_h", "最长备用时间"),
    },
    "sensors": {
        "id": ("id", "datastream", "sensor_id", "编号", "设备编号", "传感器编号"), "name": _NAME,
        "quantity": ("quantity", "observed_property", "variable", "measures", "监测量", "监测类型",
                     "要素", "magnitud"),
        "unit": ("unit", "uom", "unit_of_measurement", "单位", "unidad"),
        "asset": ("asset", "asset_id", "监测对象", "activo"),
        "interval_s": ("interval_s", "interval", "采集间隔", "周期"),
        "low": ("low", "min", "下限", "最小值"), "high": ("high", "max", "上限", "最大值"),
        "rate": ("rate", "max_rate", "最大变化率"), "stuck_after": ("stuck_after",),
        "is_vital": ("is_vital", "vital", "关键"),
    },
}  # fmt: skip
"""Columns of each layer that a vector file or a table may give, with the names that others use."""

PLACE = {
    "lon": ("lon", "lng", "long", "longitude", "经度", "longitud", "lon_wgs84", "point_x",
            "stop_lon"),
    "lat": ("lat", "latitude", "纬度", "latitud", "lat_wgs84", "point_y", "stop_lat"),
    "x": ("x", "easting", "east", "x_coord", "东坐标", "横坐标", "este", "coord_x", "utm_x"),
    "y": ("y", "northing", "north", "y_coord", "北坐标", "纵坐标", "norte", "coord_y", "utm_y"),
    "wkt": ("wkt", "geometry", "geom", "the_geom", "几何"),
}  # fmt: skip
"""Columns that place a row of a table."""

TABLES: Mapping[str, tuple[str, ...]] = {
    "dependencies": ("node", "service", "supplier"),
    "sensors": ("id", "quantity", "unit"),
    "road_table": ("init_node", "term_node"),
}
"""Columns by which tables of another kind are known."""

_STEMS = {
    "buildings": ("building", "建筑", "房屋", "楼", "edific", "predio", "footprint", "house"),
    "roads": ("road", "street", "道路", "路网", "highway", "calle", "via", "rua"),
    "boundary": ("boundary", "border", "边界", "limite", "extent", "outline"),
    "zones": ("zone", "tract", "district", "街道", "社区", "行政区", "分区", "comuna", "barrio",
              "census", "admin"),
    "facilities": ("hospital", "health", "school", "facilit", "医院", "学校", "设施", "医疗",
                   "消防", "避难", "shelter", "salud", "colegio", "fire"),
    "stops": ("stop", "站点", "公交", "parada", "bus"),
    "people": ("population", "people", "人口", "poblacion", "hexgrid", "grid"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a file."""

    name: str
    type: str
    """`whole`, `number`, `text`, `date`, `flag`; `empty` where every value is missing."""
    count: int
    """Rows looked at."""
    nulls: int
    """Of them without a value."""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a file holds, and how it would most likely be read."""

    file: str
    kind: str = ""
    """Kind of reader; empty: nothing that can be read."""
    layers: tuple[str, ...] = ()
    """Layers that it most likely gives, fields of `Given`."""
    parts: tuple[str, ...] = ()
    """Names of the layers, tables or members inside the file, where it has several."""
    part: str = ""
    """The one that was looked at; `options.layer` names another."""
    rows: int = -1
    """Things in it; -1: not counted."""
    is_sample: bool = False
    """Whether `columns` rest on the first rows only."""
    crs: str = ""
    """As the file says; empty: it says nothing."""
    bbox: Box | None = None
    """West, south, east, north, in lon, lat where the system is known, else as they stand."""
    is_lonlat: bool = True
    """Whether `bbox` is in degrees."""
    geometry: str = ""
    """`points`, `lines`, `polygons`, `raster`; empty: none."""
    encoding: str = ""
    columns: tuple[Column, ...] = ()
    mapping: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Guess for each layer of the kind: our column → theirs."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Options of the reader that the file suggests."""
    faults: tuple[Fault, ...] = ()
    """Why it cannot be read, or what will go wrong when it is."""


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """Return a name without case, accents and separators, for comparing.

    Examples
    --------
    >>> plain("Año_Construcción"), plain(" 65+ ")
    ('anoconstruccion', '65+')
    """
    flat = unicodedata.normalize("NFKD", name.strip().casefold())
    flat = "".join(c for c in flat if not unicodedata.combining(c))
    return re.sub(r"[\s_\-.:()（）]+", "", flat)


def find(names: Sequence[str], wanted: Iterable[str]) -> str:
    """Return the first of a file's columns that goes by one of the wanted names; empty: none.

    Shapefiles cut names at ten letters: those are compared so.
    """
    known = {plain(n): n for n in reversed(names)}
    for one in wanted:
        key = plain(one)
        if key in known:
            return known[key]
        if len(key) > 8:
            for other, name in known.items():
                if len(name) == 10 and plain(one[:10]) == other:
                    return name
    return ""


def guess(names: Sequence[str], layer: str) -> dict[str, str]:
    """Return which of a file's columns is which of ours: our column → theirs, none twice.

    Examples
    --------
    >>> guess(["编号", "结构类型", "层数"], "buildings")
    {'id': '编号', 'structure': '结构类型', 'storeys': '层数'}
    """
    found: dict[str, str] = {}
    for ours, known in COLUMNS.get(layer, {}).items():
        free = [name for name in names if name not in found.values()]
        theirs = find(free, known)
        if theirs:
            found[ours] = theirs
    return found


def guess_place(names: Sequence[str]) -> dict[str, str]:
    """Return the columns that place a row: lon and lat, x and y, or wkt; empty: none do."""
    for pair in (("lon", "lat"), ("x", "y"), ("wkt",)):
        found = {ours: find(names, PLACE[ours]) for ours in pair}
        if all(found.values()):
            return found
    return {}


def nearest(name: str, names: Sequence[str]) -> str:
    """Return the column whose name is most like a missing one; empty: none is like it."""
    known = {plain(n): n for n in names}
    close = difflib.get_close_matches(plain(name), known, n=1, cutoff=0.5)
    return known[close[0]] if close else ""


def guess_layer(stem: str, names: Sequence[str], geometry: str, rows: int) -> str:
    """Return the layer that a file most likely gives; empty: it cannot be told.

    Parameters
    ----------
    stem
        Name of the file or of the layer in it.
    names
        Its columns.
    geometry
        `points`, `lines`, `polygons`, or empty for a table without places.
    rows
        Things in it; below zero: not counted.
    """
    can = {
        "": ("counts",),
        "lines": ("roads",),
        "polygons": ("boundary", "buildings", "zones", "facilities"),
        "points": ("facilities", "stops", "people", "buildings"),
    }.get(geometry, ())
    score = dict.fromkeys(can, 0.0)
    folded = stem.casefold()
    for layer in can:
        if any(word in folded for word in _STEMS.get(layer, ())):
            score[layer] += 3.0
        found = guess(names, layer).keys() - {"id", "name", "code"}
        score[layer] += len(found) + (1.0 if layer == "people" and "people" in found else 0.0)
    if "buildings" in score and geometry == "polygons" and rows > 2000:
        score["buildings"] += 1.0
    if "zones" in score and 1 < rows <= 2000:
        score["zones"] += 0.5
    if "boundary" in score and rows == 1:
        score["boundary"] += 1.0
    best = max(score, key=lambda layer: score[layer], default="")
    if best == "counts" and {"code", "population"} - guess(names, best).keys():
        return ""
    return best if best and (score[best] > 0 or len(can) == 1) else ""


def table_kind(names: Sequence[str]) -> str:
    """Return the kind of reader for a table with these columns."""
    for kind, needed in TABLES.items():
        known = guess(names, kind) if kind in COLUMNS else {plain(name): "" for name in names}
        if {plain(one) if kind not in COLUMNS else one for one in needed} <= known.keys():
            return kind
    return "table"


def inspect(file: Path, part: str = "") -> Preview:
    """Look into a file: what it holds, of which kind it is, how its columns would be read.

    Parameters
    ----------
    file
        Any file that a reader takes.
    part
        Layer, table or member inside it; empty: the largest.

    Returns
    -------
    preview
        Never raises for a bad file: what is wrong with it stands in `faults`.

    Notes
    -----
    Reads headers and the first rows only, so that a file of gigabytes is looked at in a moment.
    """
    from rencheng.adapters.cities.files.sniffing import look

    return look(file, part)
