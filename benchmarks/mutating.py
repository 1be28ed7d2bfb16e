"""Small sound files in all formats that are read, and seeded damage to them: for `mutated_files.py`."""

from __future__ import annotations

import copy
import io
import json
import random
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import geopandas as gpd
import openpyxl
import osmium
import pyarrow.parquet as pq
import shapely
from osmium.osm.mutable import Node

ElementTree.register_namespace("", "http://www.opengis.net/kml/2.2")

Rng = random.Random
Damage = Callable[[bytes, Rng], bytes]

COUNTY, EPSG, EAST, NORTH, SIDE = "350526", 4548, 600_000.0, 2_820_000.0, 100.0
ODD = (
    None, {}, [], "", -1, 1e308, 10**40, True, "NaN", [[]], {"type": "Point"}, [None, None], "龙浔镇", "=1+1",
    [1e400],
)  # fmt: skip
SNIPPETS = (
    b"\x00", b"\xff\xfe", b'"', b",", b"\n", b"\r", b"<", b">", b"&", b"{", b"}", b"\xe9\xbe", b"9" * 30,
    b"=cmd|' /C calc'!A0",
)  # fmt: skip


def squares(n: int = 6) -> gpd.GeoDataFrame:
    """Return unit grids as squares in rows of three."""
    boxes = [shapely.box(EAST + k % 3 * SIDE, NORTH - k // 3 * SIDE, EAST + (k % 3 + 1) * SIDE, NORTH - (k // 3 - 1) * SIDE)
             for k in range(n)]  # fmt: skip
    codes = [f"{COUNTY}100001{k + 1:03d}" for k in range(n)]
    return gpd.GeoDataFrame({"code": codes, "name": [f"第{k + 1}网格" for k in range(n)]}, geometry=boxes, crs=EPSG)


def points(n: int = 12) -> gpd.GeoDataFrame:
    """Return places inside the squares, in degrees."""
    spots = [shapely.Point(EAST + 15 + k * 20, NORTH + 40 - k * 7) for k in range(n)]
    data = {
        "id": [f"00{k}" for k in range(n)],
        "name": [f"学校{k}" for k in range(n)],
        "address": [f"龙浔镇{k}号" for k in range(n)],
    }
    return gpd.GeoDataFrame(data, geometry=spots, crs=EPSG).to_crs(4490)


def make_all(folder: Path) -> dict[str, tuple[Path, str, str | None]]:
    """Write one sound file of each format; return (path, what it is imported as, layer) by format."""
    grids, degrees, spots = squares(), squares().to_crs(4326), points()
    rows = [["id", "name", "lon", "lat", "address"]]
    rows += [[i, n, f"{g.x:.7f}", f"{g.y:.7f}", a] for i, n, a, g in spots.itertuples(index=False)]
    grids.to_file(folder / "a.gpkg", layer="grids")
    degrees.to_file(folder / "a.geojson")
    (folder / "a.geojsonl").write_text(
        "".join(json.dumps(f, ensure_ascii=False) + "\n" for f in json.loads(degrees.to_json())["features"]), "utf-8"
    )
    grids.to_file(folder / "a.shp", encoding="gb18030")
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for part in sorted(folder.glob("a.s*")) + sorted(folder.glob("a.[dpc][bpr][fgj]")):
            packed.write(part, part.name)
    degrees.to_file(folder / "a.kml", driver="KML")
    with zipfile.ZipFile(folder / "a.kmz", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(folder / "a.kml", "doc.kml")
    grids.to_file(folder / "a.fgb")
    grids.to_parquet(folder / "a.parquet")
    (folder / "a.csv").write_text("".join(",".join(r) + "\r\n" for r in rows), "gb18030")
    (folder / "a.tsv").write_text("".join("\t".join(r) + "\n" for r in rows), "utf-8")
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(folder / "a.xlsx")
    with osmium.SimpleWriter(str(folder / "a.osm.pbf")) as out:
        for k, (i, n, a, g) in enumerate(spots.itertuples(index=False), 1):
            out.add_node(
                Node(id=k, location=(g.x, g.y), tags={"amenity": "school", "name": n, "ref": i, "addr:full": a})
            )
    ends = ("gpkg", "geojson", "geojsonl", "zip", "kml", "kmz", "fgb", "parquet")
    made: dict[str, tuple[Path, str, str | None]] = {e: (folder / f"a.{e}", "grids", None) for e in ends}
    made |= {e: (folder / f"a.{e}", "places", None) for e in ("csv", "tsv", "xlsx")}
    return made | {"pbf": (folder / "a.osm.pbf", "places", "points")}


# -- damage to bytes -----------------------------------------------------------------------------------------


def _span(data: bytes, rng: Rng) -> tuple[int, int]:
    start = rng.randrange(len(data))
    return start, min(len(data), start + rng.choice((1, 4, 16, 64, 256)))


def flip(data: bytes, rng: Rng) -> bytes:
    """Flip up to eight bits."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def cut(data: bytes, rng: Rng) -> bytes:
    """Cut the file short."""
    return data[: rng.randrange(len(data))]


def insert(data: bytes, rng: Rng) -> bytes:
    """Insert bytes that mean something somewhere."""
    at = rng.randrange(len(data))
    return data[:at] + (rng.choice(SNIPPETS) if rng.random() < 0.7 else rng.randbytes(rng.randint(1, 40))) + data[at:]


def lose(data: bytes, rng: Rng) -> bytes:
    """Lose a stretch."""
    a, b = _span(data, rng)
    return data[:a] + data[b:]


def repeat(data: bytes, rng: Rng) -> bytes:
    """Repeat a stretch."""
    a, b = _span(data, rng)
    return data[:b] + data[a:b] + data[b:]


def swap(data: bytes, rng: Rng) -> bytes:
    """Swap two stretches."""
    size = rng.choice((8, 64, 512))
    a, b = sorted(rng.sample(range(max(2, len(data) - size)), 2))
    if b < a + size:
        return data[a:] + data[:a]
    return data[:a] + data[b : b + size] + data[a + size : b] + data[a : a + size] + data[b + size :]


def blank(data: bytes, rng: Rng) -> bytes:
    """Overwrite a stretch with zeros, as a disk that lost a block does."""
    a, b = _span(data, rng)
    return data[:a] + b"\0" * (b - a) + data[b:]


def append(data: bytes, rng: Rng) -> bytes:
    """Append rubbish, or the file itself."""
    return data + (data if rng.random() < 0.5 else rng.randbytes(rng.randint(1, 200)))


BYTES: tuple[Damage, ...] = (flip, cut, insert, lose, repeat, swap, blank, append)


# -- damage to what the bytes say ----------------------------------------------------------------------------


def _nodes(value: Any) -> list[tuple[Any, Any]]:
    """Return (container, key) of everything inside a JSON value."""
    keys = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [n for k, v in keys for n in [(value, k), *_nodes(v)]]


def twist(value: Any, rng: Rng) -> Any:
    """Replace, drop, repeat or wrap parts of a JSON value."""
    for _ in range(rng.randint(1, 3)):
        nodes = _nodes(value)
        if not nodes:
            return value
        box, key = rng.choice(nodes)
        what = rng.randrange(4)
        if what == 0:
            box[key] = rng.choice(ODD)
        elif what == 1:
            del box[key]
        elif what == 2 and isinstance(box, list):
            box.append(box[key])
        else:
            box[key] = [box[key]]
    return value


def json_parts(data: bytes, rng: Rng) -> bytes:
    """Damage the structure of GeoJSON, one value or one a line."""
    lines = data.decode().splitlines()
    if len(lines) > 1 and lines[1].startswith('{"id"'):
        at = rng.randrange(len(lines))
        lines[at] = json.dumps(twist(json.loads(lines[at]), rng), ensure_ascii=False)
        return "\n".join(lines).encode()
    return json.dumps(twist(json.loads(data), rng), ensure_ascii=False).encode()


def table_parts(data: bytes, rng: Rng) -> bytes:
    """Damage fields and lines of a text table."""
    mark = b"\t" if b"\t" in data else b","
    lines = [line.split(mark) for line in data.splitlines()]
    for _ in range(rng.randint(1, 4)):
        row = rng.choice(lines)
        at = rng.randrange(len(row)) if row else 0
        what = rng.randrange(7)
        if what == 0 and row:
            row[at] = rng.choice(
                (b"", b"=1+1", b"1e999", b"nan", b"\xff\xff", b'"', b"9" * 400, b"-", b"118.1.2", b"\xa3\xac")
            )
        elif what == 1 and row:
            del row[at]
        elif what == 2:
            row.insert(at, rng.choice((b"", b"x", b'"a' + mark + b'b"', b'"')))
        elif what == 3:
            lines.insert(rng.randrange(len(lines)), list(row))
        elif what == 4:
            lines.remove(row)
        elif what == 5:
            rng.shuffle(lines)
        elif row:
            row[at] = b'"' + row[at] + rng.choice((b'"', b"\n", b'""'))
        if not lines:
            break
    return rng.choice((b"\n", b"\r\n", b"\r")).join(mark.join(row) for row in lines)


def packed_parts(data: bytes, rng: Rng) -> bytes:
    """Damage one member of an archive and pack it soundly again, or drop, rename or double a member."""
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        members = [(i.filename, source.read(i)) for i in source.infolist()]
    at = rng.randrange(len(members))
    name, content = members[at]
    what = rng.randrange(8)
    if what == 0:
        del members[at]
    elif what == 1:
        members[at] = (rng.choice(("../", "/", "")) + name + rng.choice(("", ".bak", "\u4e00")), content)
    elif what == 2:
        members.append((f"b/{name}", content))
    elif content:
        damage = xml_tree if name.endswith(".kml") and what < 6 else rng.choice(BYTES)
        members[at] = (name, damage(content, rng))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as sink:
        for member in members:
            sink.writestr(*member)
    return out.getvalue()


STATEMENTS = (
    "delete from grids where fid = {k}", "update grids set geom = null where fid = {k}",
    "update grids set geom = x'47500001' where fid = {k}", "update grids set geom = 'text' where fid = {k}",
    "update grids set geom = substr(geom, 1, {n}) where fid = {k}", "update grids set geom = zeroblob({n}) where fid = {k}",
    "delete from gpkg_contents", "delete from gpkg_geometry_columns", "delete from gpkg_spatial_ref_sys",
    "update gpkg_geometry_columns set srs_id = {n}", "update gpkg_contents set table_name = 'other'",
    "update gpkg_geometry_columns set column_name = 'nix'", "update grids set code = x'ff00fe' where fid = {k}",
    "update grids set code = {n} where fid = {k}", "update grids set name = null", "drop table rtree_grids_geom",
    "update gpkg_ogr_contents set feature_count = {k}", "update grids set code = (select code from grids limit 1)",
    "alter table grids rename column code to geometry", "delete from grids", "update gpkg_contents set data_type = 'tiles'",
    "update gpkg_spatial_ref_sys set definition = 'PROJCS[' where srs_id = 4548", "create view v as select * from grids",
    "insert into grids select fid + 100, geom, code, name from grids",
)  # fmt: skip


def gpkg_parts(data: bytes, rng: Rng) -> bytes:
    """Damage the tables of a GeoPackage."""
    db = sqlite3.connect(":memory:")
    db.deserialize(data)
    names = ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY")
    for name in names:
        db.create_function(name, 1, lambda _value: 0)
    for statement in rng.sample(STATEMENTS, rng.randint(1, 3)):
        try:
            db.execute(statement.format(k=rng.randint(1, 6), n=rng.choice((0, 3, 8, 40, 90, 4326, 99999))))
        except sqlite3.Error:
            continue
    db.commit()
    return db.serialize()


def parquet_parts(data: bytes, rng: Rng) -> bytes:
    """Damage what GeoParquet says of its geometry, or the geometry, in a sound Parquet file."""
    table = pq.read_table(io.BytesIO(data))
    meta = dict(table.schema.metadata)
    if rng.random() < 0.6:
        meta[b"geo"] = json.dumps(twist(json.loads(meta[b"geo"]), rng)).encode()
    else:
        values = table.column("geometry").to_pylist()
        at = rng.randrange(len(values))
        values[at] = rng.choice((None, b"", values[at][:20], rng.choice(BYTES)(values[at], rng)))
        table = table.set_column(table.schema.get_field_index("geometry"), "geometry", [values])
    out = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(meta), out)
    return out.getvalue()


def pbf_parts(data: bytes, rng: Rng) -> bytes:
    """Damage what is packed in the last block and pack it soundly again."""
    size = struct.unpack(">I", data[:4])[0]
    at = data.rindex(b"OSMData") - 6
    head = struct.unpack(">I", data[at : at + 4])[0]
    body = data[at + 4 + head :]
    start = body.index(b"\x78")
    raw = zlib.decompressobj().decompress(body[start:])
    packed = zlib.compress(rng.choice(BYTES)(raw, rng))
    length = zlib.decompress(packed)
    blob = b"\x10" + _varint(len(length)) + b"\x1a" + _varint(len(packed)) + packed
    header = b"\x0a\x07OSMData\x18" + _varint(len(blob))
    assert size < at
    return data[:at] + struct.pack(">I", len(header)) + header + blob


def _varint(n: int) -> bytes:
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes([*out, n])


WRITTEN = (
    "", "=1+1", "nan,nan", "118,25", "118.1;25.1 118.2;25.2", "25.48,117.99 25.49,118.0 25.5,117.9 25.48,117.99", "0",
    "龙浔镇", "3.5e400,1 2,3 4,5", "\U00020000", " ",
)  # fmt: skip


def xml_tree(data: bytes, rng: Rng) -> bytes:
    """Damage the elements of KML and write it well-formed again."""
    root = ElementTree.fromstring(data)
    for _ in range(rng.randint(1, 3)):
        within = {child: parent for parent in root.iter() for child in parent}
        if not within:
            break
        node, other = rng.choice(list(within)), rng.choice(list(within))
        what = rng.randrange(5)
        if what == 0:
            within[node].remove(node)
        elif what == 1:
            within[node].append(copy.deepcopy(node))
        elif what == 2:
            node.text = rng.choice(WRITTEN)
        elif what == 3:
            node.tag = other.tag
        else:
            other.append(copy.deepcopy(node))
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def xml_parts(data: bytes, rng: Rng) -> bytes:
    """Damage the tags of KML, or its elements."""
    if rng.random() < 0.6:
        return xml_tree(data, rng)
    pieces = data.split(b"<")
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(1, len(pieces))
        what = rng.randrange(4)
        if what == 0:
            del pieces[at]
        elif what == 1:
            pieces.insert(at, pieces[at])
        elif what == 2:
            pieces[at] = rng.choice(pieces)
        else:
            pieces[at] = (
                rng.choice((b"Placemark/>", b"!-- ", b"![CDATA[", b"coordinates>1,2 ", b"Folder>", b"/Folder>"))
                + pieces[at]
            )
    return b"<".join(pieces)


PARTS: dict[str, Damage] = {
    "gpkg": gpkg_parts, "geojson": json_parts, "geojsonl": json_parts, "zip": packed_parts, "kml": xml_parts,
    "kmz": packed_parts, "parquet": parquet_parts, "csv": table_parts, "tsv": table_parts, "xlsx": packed_parts,
    "pbf": pbf_parts,
}  # fmt: skip


def damaged(data: bytes, form: str, rng: Rng) -> tuple[bytes, str, str]:
    """Return damaged bytes, the ending to save them under, and the name of the damage."""
    if rng.random() < 0.04:
        return data, rng.choice([*PARTS, "fgb", "shp", "txt", "exe"]), "wrong ending"
    if form in PARTS and rng.random() < 0.5:
        return PARTS[form](data, rng), form, PARTS[form].__name__
    how = rng.choice(BYTES)
    return how(data, rng), form, how.__name__
