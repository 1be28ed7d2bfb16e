"""Files made to do harm, kind by kind: what they get, what they fetch, what they change. Prints a table.

``python benchmarks/hostile_files.py COUNTY.gpkg`` works on a copy of the county. A secret is planted beside the
files and at the addresses that they name; a server on loopback notes every request. Each file is imported for
real, not as a dry run.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import io
import json
import shutil
import sqlite3
import stat
import struct
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

import geopandas as gpd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from gridgis.bringing import bring
from gridgis.county import open_county
from gridgis.errors import GridgisError
from gridgis.io.asking import Options

SECRET = "TOPSECRET-7391"


class _Canary(http.server.BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(SECRET.encode())

    do_HEAD = do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None: ...


@contextlib.contextmanager
def canary() -> Iterator[tuple[str, list[str]]]:
    """Run a server on loopback; yield its address and the list of what it was asked."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Canary)
    _Canary.asked.clear()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", _Canary.asked
    finally:
        server.shutdown()
        server.server_close()


class Lab:
    """A folder with a secret in it, where hostile files are made."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder, self.address, self.secret = folder / "in" / "deep", address, SECRET
        self.folder.mkdir(parents=True)
        self.file = folder / "secret.csv"
        self.file.write_text(f'name,WKT\n{SECRET},"POINT (118 25)"\n')
        self._before = self._outside()

    def _outside(self) -> set[Path]:
        return {p for p in self.folder.parent.parent.rglob("*") if self.folder not in p.parents}

    def escaped(self) -> set[Path]:
        """Return files that appeared outside the folder."""
        return self._outside() - self._before

    def text(self, name: str, content: str) -> Path:
        """Write a text file."""
        path = self.folder / name
        path.write_text(content, "utf-8")
        return path

    def zip(self, name: str, members: dict[str, str | bytes], *, link: bool = False) -> Path:
        """Write an archive."""
        path = self.folder / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members.items():
                info = zipfile.ZipInfo(member)
                info.compress_type = zipfile.ZIP_DEFLATED
                if link:
                    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
                archive.writestr(info, content)
        return path

    def vrt(self, source: str | None = None) -> str:
        """Return a VRT that reads another file."""
        return (f'<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{source or self.file}</SrcDataSource>'
                "</OGRVRTLayer></OGRVRTDataSource>")  # fmt: skip


Made = tuple[Path, str]
Kind = Callable[[Lab], Made]
_POINT = '{"type":"Feature","properties":{"name":"%s"},"geometry":{"type":"Point","coordinates":[10,10]}}'
_MARK = "<Placemark><name>%s</name><Point><coordinates>10,10</coordinates></Point></Placemark>"


def _vrt(suffix: str) -> Kind:
    return lambda lab: (lab.text(f"a{suffix}", f"<!-- kml -->{lab.vrt()}"), "places")


def _entity(declared: str) -> Kind:
    def made(lab: Lab) -> Made:
        told = declared.replace("FILE", f"file://{lab.file}").replace("HTTP", lab.address)
        return lab.text("a.kml", f"<!DOCTYPE kml {told}><kml>{_MARK % '&x;'}</kml>"), "places"

    return made


def _archive(*names: str, link: bool = False) -> Kind:
    def made(lab: Lab) -> Made:
        content = str(lab.file) if link else "{}"
        return lab.zip("a.zip", dict.fromkeys(names, content), link=link), "places"

    return made


def _laughs(lab: Lab) -> Made:
    steps = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 12))
    return lab.text("a.kml", f'<!DOCTYPE kml [<!ENTITY x0 "ha">{steps}]><kml>{_MARK % "&x11;"}</kml>'), "places"


def _nested_zip(lab: Lab) -> Made:
    inner = lab.zip("inner.zip", {"a.geojson": b" " * 10_000_000}).read_bytes()
    return lab.zip("a.zip", {"b.zip": inner}), "places"


def _overlapping(lab: Lab) -> Made:
    path = lab.zip("a.zip", {"a.geojson": " " * 900_000})
    raw = path.read_bytes()
    at = raw.rindex(b"PK\x01\x02")
    end = raw.rindex(b"PK\x05\x06")
    entry = raw[at:end]
    many = b"".join(entry.replace(b"a.geojson", b"%09d" % n) for n in range(150))
    path.write_bytes(raw[:at] + many + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 150, 150, len(many), at, 0))
    return path, "places"


def _gpkg(*statements: str) -> Kind:
    def made(lab: Lab) -> Made:
        path = lab.folder / "a.gpkg"
        gpd.GeoDataFrame({"name": ["a"]}, geometry=[shapely.Point(10, 10)], crs=4326).to_file(path, layer="t")
        with contextlib.closing(sqlite3.connect(path)) as db:
            for statement in statements:
                db.execute(statement.replace("FILE", str(lab.file)))
            db.commit()
        return path, "places"

    return made


def _parquet(lab: Lab) -> Made:
    path = lab.folder / "a.parquet"
    meta = {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {"geometry": {"encoding": "WKB", "geometry_types": []}},
    }
    wkb = struct.pack("<BII", 1, 2, 0xFFFFFFF0)
    table = pa.table({"geometry": pa.array([wkb], pa.binary())})
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(meta)}), path)
    return path, "places"


def _fgb(lab: Lab) -> Made:
    path = lab.folder / "a.fgb"
    path.write_bytes(b"fgb\x03fgb\x00" + struct.pack("<I", 0xFFFFFFF0) + b"\x00" * 64)
    return path, "places"


def _prj(content: str, suffix: str) -> Kind:
    def made(lab: Lab) -> Made:
        path = lab.folder / "a.shp"
        gpd.GeoDataFrame({"name": ["a"]}, geometry=[shapely.Point(10, 10)], crs=4326).to_file(path)
        path.with_suffix(suffix).write_text(content.replace("FILE", str(lab.file)).replace("HTTP", lab.address))
        return path, "places"

    return made


def _csv(lab: Lab) -> Made:
    lab.text("a.vrt", lab.vrt())
    lab.text("a.csvt", f"WKT,{lab.file}\n")
    return lab.text("a.csv", "name,lon,lat\na,10,10\n"), "places"


def _pbf(lab: Lab) -> Made:
    path = lab.folder / "a.osm.pbf"
    path.write_bytes(struct.pack(">I", 13) + b"\x0a\x09OSMHeader\x18\xff\xff\xff\xff\x0f" + b"\x00" * 99)
    return path, "places"


def _xlsx(lab: Lab) -> Made:
    sheet = f'<!DOCTYPE w [<!ENTITY x SYSTEM "file://{lab.file}">]><workbook>&x;</workbook>'
    return lab.zip("a.xlsx", {"[Content_Types].xml": "<Types/>", "xl/workbook.xml": sheet}), "places"


def _names(*names: str) -> Kind:
    rows = ",".join(_POINT % name for name in names)
    return lambda lab: (lab.text("a.geojson", f'{{"type":"FeatureCollection","features":[{rows}]}}'), "places")


def _sparse(lab: Lab) -> Made:
    path = lab.folder / "a.geojson"
    with path.open("wb") as file:
        file.truncate(2 << 30)
    return path, "places"


def _tif(lab: Lab) -> Made:
    vrt = f'<VRTDataset rasterXSize="1" rasterYSize="1"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>' \
          f"<SourceFilename>{lab.file}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"  # fmt: skip
    return lab.text("a.tif", vrt), "population"


_KINDS: dict[str, Kind] = {
    **{f"VRT named {suffix}": _vrt(suffix) for suffix in
       (".geojson", ".kml", ".gpkg", ".shp", ".fgb", ".csv", ".xlsx", ".parquet", ".osm.pbf")},
    "raster VRT named .tif": _tif,
    "VRT in a zip": lambda lab: (lab.zip("a.zip", {"a.kml": f"<!-- kml -->{lab.vrt()}"}), "places"),
    "VRT over vsicurl": lambda lab: (lab.text("a.kml", f"<!-- kml -->{lab.vrt(f'/vsicurl/{lab.address}/a.csv')}"), "places"),
    "VRT over vsizip": lambda lab: (lab.text("a.kml", f"<!-- kml -->{lab.vrt(f'/vsizip/{lab.file}')}"), "places"),
    "WFS named .kml": lambda lab: (lab.text("a.kml", f"<!-- kml --><OGRWFSDataSource><URL>{lab.address}/w</URL></OGRWFSDataSource>"),
                                   "places"),
    "path of a remote file": lambda lab: (Path(f"/vsicurl/{lab.address}/a.geojson"), "places"),
    "external entity of a file": _entity('[<!ENTITY x SYSTEM "FILE">]'),
    "external entity of an address": _entity('[<!ENTITY x SYSTEM "HTTP/x">]'),
    "external document type": _entity('SYSTEM "HTTP/a.dtd"'),
    "parameter entity": _entity('[<!ENTITY % p SYSTEM "HTTP/p">%p;]'),
    "billion laughs": _laughs,
    "entity in a KMZ": lambda lab: (lab.zip("a.kmz", {"doc.kml": f'<!DOCTYPE kml [<!ENTITY x SYSTEM "file://{lab.file}">]>'
                                                                f"<kml>{_MARK % '&x;'}</kml>"}), "places"),
    "entity in an XLSX": _xlsx,
    "KML network link": lambda lab: (lab.text("a.kml", f'<kml xmlns="http://www.opengis.net/kml/2.2"><NetworkLink><Link>'
                                                       f"<href>{lab.address}/n</href></Link></NetworkLink></kml>"), "places"),
    "zip bomb by ratio": lambda lab: (lab.zip("a.zip", {"a.geojson": b" " * 30_000_000}), "places"),
    "zip bomb by nesting": _nested_zip,
    "zip of many files": _archive(*(f"{n}.geojson" for n in range(300))),
    "zip of overlapping entries": _overlapping,
    "zip with ../ names": _archive("../../escaped.geojson"),
    "zip with an absolute name": _archive("/tmp/gridgis-escaped.geojson"),
    "zip with a drive name": _archive("C:\\\\escaped.geojson"),
    "zip with a symbolic link": _archive("a.geojson", link=True),
    "GeoPackage with a view": _gpkg("create view v as select * from t", "update gpkg_contents set table_name='v'"),
    "GeoPackage with a trigger": _gpkg("create trigger g after insert on t begin delete from t; end"),
    "GeoPackage that names another file": _gpkg("insert into gpkg_contents(table_name,data_type,identifier) values('FILE','features','z')"),
    "GeoJSON with $ref": lambda lab: (lab.text("a.geojson", json.dumps({"$ref": f"file://{lab.file}"})), "places"),
    "GeoJSON nested 100,000 deep": lambda lab: (lab.text("a.geojson", "[" * 100_000 + "]" * 100_000), "places"),
    "GeoJSON with a linked CRS": lambda lab: (lab.text("a.geojson", json.dumps(
        {"type": "FeatureCollection", "crs": {"type": "link", "properties": {"href": f"{lab.address}/crs"}},
         "features": [json.loads(_POINT % "a")]})), "places"),
    "GeoParquet with a vast declared size": _parquet,
    "FlatGeobuf with a vast header": _fgb,
    ".prj that is a path": _prj("FILE", ".prj"),
    ".prj that is an address": _prj("HTTP/a.prj", ".prj"),
    ".cpg that is a path": _prj("FILE", ".cpg"),
    "CSV with .csvt and .vrt beside it": _csv,
    "OSM with a vast blob": _pbf,
    "formulas as names": _names("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)"),
    "script as a name": _names("<script>alert(1)</script>"),
    "NUL, RTL and ../ as names": _names("a\\u0000b", "\\u202egpj.exe", "../../etc/passwd"),
    "2 GB sparse file": _sparse,
}  # fmt: skip
KINDS = MappingProxyType(_KINDS)


def attack(county: Path, path: Path, as_: str) -> str:
    """Import a file for real and return all that was said."""
    with open_county(county) as opened:
        try:
            found = bring(opened, path, Options(as_=as_))
            return json.dumps(found.report, ensure_ascii=False, default=str) + str(found.words)
        except GridgisError as error:
            return error.zh + error.en + json.dumps(error.account, ensure_ascii=False, default=str)


def main(county: Path) -> str:
    """Try every kind and return the account."""
    out, given, changed, asked_in_all = [], 0, 0, 0
    for kind, make in KINDS.items():
        with tempfile.TemporaryDirectory() as place, canary() as (address, asked):
            copy = Path(place) / "county.gpkg"
            shutil.copyfile(county, copy)
            lab = Lab(Path(place) / "lab", address)
            path, as_ = make(lab)
            before = hashlib.sha256(copy.read_bytes()).hexdigest()
            heard = io.StringIO()
            with contextlib.redirect_stderr(heard), contextlib.redirect_stdout(heard):
                said = attack(copy, path, as_)
            leaked = len(SECRET) * (said + heard.getvalue()).count(SECRET)
            differs = hashlib.sha256(copy.read_bytes()).hexdigest() != before or bool(lab.escaped())
            given, changed, asked_in_all = given + leaked, changed + differs, asked_in_all + len(asked)
            out.append(f"{kind:38} bytes {leaked}  requests {len(asked)}  changes {int(differs)}")
    out.append(
        f"{len(KINDS)} kinds, bytes of other files: {given}, requests at canary: {asked_in_all}, county changes: {changed}"
    )
    return "\n".join(out)


if __name__ == "__main__":
    print(main(Path(sys.argv[1])))
