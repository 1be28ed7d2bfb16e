"""Read one untrusted file in a process of its own. Run as a script, never imported by the product.

The parent (`gridgis.io.sandbox`) puts a copy of the file into an empty folder, sets GDAL's environment and
starts this script there: ``python -I child.py job.json``. Answers are ``out.json`` (facts or a fault) and
``out.arrow`` (columns and WKB). Nothing of the product is imported, so a hostile file meets GDAL alone, under
limits of memory, time and disk where the platform has them.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sqlite3
import sys
import warnings
from contextlib import closing, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

# Half of the start-up time would be frames that are not used here; pyogrio does without them.
_ABSENT: dict[str, Any] = {"pandas": None, "geopandas": None}
sys.modules.update(_ABSENT)

import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyogrio  # noqa: E402
import shapely  # noqa: E402

for _name in _ABSENT:
    del sys.modules[_name]

Job = dict[str, Any]
Facts = dict[str, Any]

_INT64 = 2**63


class FaultError(Exception):
    """The file cannot be used; `kind` is a key that the parent has words for."""

    def __init__(self, kind: str, detail: object = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.detail = detail


def limit_resources(memory: int, seconds: int, disk: int) -> None:
    """Cap this process where the platform can.

    Parameters
    ----------
    memory
        Bytes of address space.
    seconds
        Processor time.
    disk
        Bytes of one file.
    """
    try:
        import resource
    except ImportError:  # Windows: the parent's time-out has to do.
        return
    wanted = [(resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_FSIZE, disk)]
    for what, amount in wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(what, (amount, amount))


def read_with_gdal(job: Job) -> tuple[pa.Table, Facts]:
    """Read a layer through GDAL, whose drivers the environment has cut to the allow-list.

    Parameters
    ----------
    job
        ``path``, ``layer``, ``encoding``.
    """
    path, encoding = job["path"], job["encoding"]
    if job["kind"] == "pbf" and not _beside("pbf").is_whole(path):
        raise FaultError("truncated")
    if job["kind"] == "kml" and "names" not in job:
        job = job | {"names": _beside("kmlnames").give_plain_names(path)}
    layers = [str(name) for name, kind in pyogrio.list_layers(path).tolist() if kind is not None]
    if job["kind"] == "kml" and job["layer"] is None and len(layers) > 1:
        return _all_folders(job, layers)
    layer = _chosen_layer(layers, job["layer"])
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        info = pyogrio.read_info(path, layer=layer, encoding=encoding, force_feature_count=True)
        # Asked in SQL, GDAL's OSM driver keeps nothing of the other layers, which may be too many to keep.
        asked = {"sql": f'SELECT * FROM "{layer}"'} if job["kind"] == "pbf" else {"layer": layer}
        meta, table = pyogrio.raw.read_arrow(path, encoding=encoding, **asked)
    geometry = meta["geometry_name"] or "wkb_geometry"
    table = table.rename_columns(["__geometry__" if c == geometry else c for c in table.schema.names])
    if "__geometry__" not in table.schema.names:
        raise FaultError("no_geometry")
    if job["kind"] != "pbf":
        table = _beside("curves").straightened(table, path, asked | {"encoding": encoding})
    return _plain(_renamed(table, job.get("names", {}))), {
        "driver": info["driver"],
        "crs": meta["crs"],
        "encoding": encoding or meta.get("encoding") or "UTF-8",
        "layers": layers if job["kind"] != "shp" else [],
        "layer": layer if job["kind"] != "shp" else None,
        "declared": _declared_rows(job, info, layer, layers),
    }


def _renamed(table: pa.Table, names: dict[str, str]) -> pa.Table:
    """Give columns the names that they have in the file, no two alike."""
    there: list[str] = []
    for column in table.schema.names:
        name = names.get(column, column) or column
        while name in there or (column in names and name in table.schema.names):
            name += "_"
        there.append(name)
    return table.rename_columns(there)


def _all_folders(job: Job, layers: list[str]) -> tuple[pa.Table, Facts]:
    """Read all folders of a KML file as one layer: they are how people sort their drawing, not kinds of things."""
    read = [read_with_gdal(job | {"layer": name}) for name in layers]
    table = pa.concat_tables([t for t, _ in read], promote_options="permissive")
    facts = read[0][1] | {"declared": sum(int(f["declared"]) for _, f in read), "folders": layers}
    return table, facts | {"layer": None}


def _chosen_layer(layers: list[str], wanted: str | None) -> str:
    if not layers:
        raise FaultError("no_geometry")
    if wanted is None:
        if len(layers) > 1:
            raise FaultError("several_layers", layers)
        return layers[0]
    if wanted not in layers:
        raise FaultError("no_such_layer", layers)
    return wanted


def _declared_rows(job: Job, info: dict[str, Any], layer: str, layers: list[str]) -> int | None:
    if job["kind"] == "gpkg":
        with closing(sqlite3.connect(f"file:{job['path']}?mode=ro", uri=True)) as db:
            verdict = db.execute("pragma quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise FaultError("truncated")
            quoted = layer.replace('"', '""')
            return int(db.execute(f'select count(*) from "{quoted}"').fetchone()[0])
    if job["kind"] == "kml":
        # Damaged files can lose placemarks without a word; layers of other folders count in as well.
        marks = len(re.findall(rb"<(?:\w+:)?Placemark[\s/>]", Path(job["path"]).read_bytes()))
        others = [n for n in layers if n != layer]
        rest = sum(int(pyogrio.read_info(job["path"], layer=n, force_feature_count=True)["features"]) for n in others)
        return marks - rest
    count = info["features"]
    return int(count) if count is not None and count >= 0 else None


def _plain(table: pa.Table) -> pa.Table:
    """Turn nested and binary columns into text; leave numbers, dates and text as they are."""
    for i, field in enumerate(table.schema):
        if field.name == "__geometry__":
            table = table.set_column(i, field.name, table.column(i).cast(pa.binary()))
        elif pa.types.is_nested(field.type) or pa.types.is_binary(field.type):
            texts = [None if v is None else str(v) for v in table.column(i).to_pylist()]
            table = table.set_column(i, field.name, pa.array(texts, pa.string()))
    return table.replace_schema_metadata(None)


def read_geojson(job: Job) -> tuple[pa.Table, Facts]:
    """Read GeoJSON without GDAL: whole numbers stay exact, links in it are never followed.

    Parameters
    ----------
    job
        ``path``.
    """
    raw = Path(job["path"]).read_bytes()
    try:
        wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
        text, encoding = (raw.decode("utf-16"), "UTF-16") if wide else (raw.decode("utf-8-sig"), "UTF-8")
    except UnicodeDecodeError:
        text, encoding = raw.decode("gb18030"), "GB18030"
    data = _parsed(text)
    rows = _features(data)
    broken: list[int] = []
    wkb = [_wkb(i + 1, geometry, broken) for i, (geometry, _) in enumerate(rows)]
    names = list(dict.fromkeys(k for _, properties in rows for k in properties if k != "__geometry__"))
    columns = {name: _column([p.get(name) for _, p in rows]) for name in names}
    columns["__geometry__"] = pa.array(wkb, pa.binary())
    crs = data.get("crs") if isinstance(data, dict) else None
    meta = {k: v for k, v in data.items() if isinstance(v, (str, int, bool))} if isinstance(data, dict) else {}
    return pa.table(columns), {
        "driver": "GeoJSON",
        "crs": _crs_name(crs),
        "encoding": encoding,
        "layers": [],
        "layer": None,
        "declared": len(rows),
        "members": meta,
        "broken": broken,
    }


def _parsed(text: str) -> Any:
    """Return one value, or the list of values of text that has one on each line (RFC 8142 or plain)."""
    lines = [line.strip(" \t\r\x1e") for line in text.split("\n")]
    filled = [line for line in lines if line]
    first = filled[0] if filled else ""
    if len(filled) > 1 and first[:1] == "{" and first[-1:] == "}" and filled[1][:1] == "{":
        return [json.loads(line) for line in filled]
    return json.loads(text.strip("\x1e \t\r\n"))


def _features(data: object) -> list[tuple[Any, dict[str, Any]]]:
    """Return (geometry, properties) of a collection, an array, a feature or a bare geometry."""
    if isinstance(data, list):
        return [row for item in data for row in _features(item)]
    if not isinstance(data, dict) or "type" not in data:
        raise FaultError("not_geojson")
    kind = data["type"]
    if kind == "Topology":
        raise FaultError("topology")
    if kind == "FeatureCollection":
        members = data.get("features")
        if not isinstance(members, list):
            raise FaultError("not_geojson")
        return [row for item in members for row in _features(item)]
    if kind == "Feature":
        properties = data.get("properties") or {}
        if not isinstance(properties, dict):
            raise FaultError("not_geojson")
        if "id" in data and "id" not in properties:
            properties = {**properties, "id": data["id"]}
        return [(data.get("geometry"), properties)]
    if "coordinates" in data or "geometries" in data:
        return [(data, {})]
    raise FaultError("not_geojson")


def _wkb(row: int, geometry: Any, broken: list[int]) -> bytes | None:
    if not geometry:
        return None
    try:
        shape = _shape(geometry["type"], geometry.get("coordinates"), geometry)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, shapely.errors.ShapelyError):
        broken.append(row)
        return None
    return bytes(shapely.to_wkb(shape))


def _shape(kind: str, c: Any, geometry: dict[str, Any]) -> Any:
    if kind == "GeometryCollection":
        parts = [_shape(g["type"], g.get("coordinates"), g) for g in geometry["geometries"]]
        return shapely.GeometryCollection(parts)
    if kind == "Point":
        return shapely.Point(_xy([c])[0]) if c else shapely.Point()
    if kind == "LineString":
        return shapely.LineString(_xy(c))
    if kind == "Polygon":
        # Polygon closes a ring that was left open.
        rings = [_xy(ring) for ring in c]
        return shapely.Polygon(rings[0], rings[1:]) if rings else shapely.Polygon()
    if kind in ("MultiPoint", "MultiLineString", "MultiPolygon"):
        maker = getattr(shapely, kind)
        return maker([_shape(kind.removeprefix("Multi"), part, {}) for part in c])
    raise ValueError(kind)


def _xy(positions: Any) -> np.ndarray[Any, Any]:
    return np.array([(float(p[0]), float(p[1])) for p in positions])


def _column(values: list[Any]) -> pa.Array:
    """Return one property as whole numbers, numbers, truth values or text, without losing a digit."""
    kinds = {type(v) for v in values if v is not None}
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    if kinds == {int} and all(v is None or -_INT64 <= v < _INT64 for v in values):
        return pa.array(values, pa.int64())
    if kinds and kinds <= {int, float} and all(type(v) is not int or abs(v) < 2**53 for v in values):
        return pa.array([None if v is None else float(v) for v in values], pa.float64())
    texts = [v if v is None or isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in values]
    return pa.array(texts, pa.string())


def _crs_name(crs: Any) -> str | None:
    """Return the name of an old-style crs member; a link is not followed."""
    if not crs:
        return "EPSG:4326"
    name = crs.get("properties", {}).get("name") if isinstance(crs, dict) else None
    if crs.get("type") != "name" or not isinstance(name, str):
        raise FaultError("crs_link")
    return "EPSG:4326" if name.upper().endswith("CRS84") else name


def read_cells(job: Job) -> tuple[pa.Table, Facts]:
    """Read a workbook or a text table with the script beside this one.

    Parameters
    ----------
    job
        ``path``, ``kind``, ``encoding``.
    """
    cells = _beside("cells")
    try:
        table, facts = cells.read(job)
    except cells.FaultError as fault:
        raise FaultError(fault.kind, fault.detail) from fault
    except MemoryError:
        raise
    # openpyxl stops at damaged workbooks with whatever error its parts happen to raise.
    except Exception as error:
        raise FaultError("no_book", f"{type(error).__name__}: {error}"[:300]) from error
    return table, facts


def read_parquet(job: Job) -> tuple[pa.Table, Facts]:
    """Read GeoParquet with the script beside this one.

    Parameters
    ----------
    job
        ``path``.
    """
    table, facts = _beside("geoparquet").read(job["path"])
    if "fault" in facts:
        raise FaultError(facts["fault"])
    return _plain(table), facts


def read_raster(job: Job) -> tuple[pa.Table, Facts]:
    """Read a GeoTIFF with the script beside this one.

    Parameters
    ----------
    job
        As `rasterchild.read` takes it.
    """
    table, facts = _beside("rasterchild").read(job)
    if "fault" in facts:
        raise FaultError(facts["fault"], facts["detail"])
    return table, facts


def _beside(name: str) -> Any:
    """Load a script that lies beside this one."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


READERS = MappingProxyType(
    {"parquet": read_parquet, "tif": read_raster, "geojson": read_geojson, "xlsx": read_cells, "csv": read_cells}
)


def main(job_file: str) -> None:
    """Do the job and leave the answer beside it.

    Parameters
    ----------
    job_file
        Path of the job.
    """
    job: Job = json.loads(Path(job_file).read_text("utf-8"))
    limit_resources(job["memory"], job["seconds"], job["disk"])
    answer: Facts
    try:
        table, answer = READERS.get(job["kind"], read_with_gdal)(job)
        # A broken file can make GDAL hand over offsets that point nowhere; the parent must not meet them.
        table.validate(full=True)
        answer["rows"] = table.num_rows
        with pa.OSFile("out.arrow", "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    except FaultError as fault:
        answer = {"fault": fault.kind, "detail": fault.detail}
    except MemoryError:
        answer = {"fault": "memory", "detail": ""}
    except RecursionError:
        answer = {"fault": "unreadable", "detail": "nested too deeply"}
    # The point of this process: whatever a hostile file breaks in GDAL, Arrow or a codec becomes one answer.
    except Exception as error:
        answer = {"fault": "unreadable", "detail": f"{type(error).__name__}: {error}"[:300]}
    Path("out.json").write_text(json.dumps(answer, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
