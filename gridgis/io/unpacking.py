"""A copy of a file from outside, under our own name, in a folder of its own; zip archives opened with care.

The original is never opened by GDAL: a GeoPackage left in write-ahead mode would grow ``-wal`` and ``-shm``
files beside it just by being looked at.
"""

from __future__ import annotations

import lzma
import shutil
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from gridgis.errors import InputError

MAX_BYTES = (2 << 30) - 1
MAX_UNPACKED = 1 << 30
MAX_RATIO = 100
MAX_MEMBERS = 200

BROKEN_ARCHIVE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError, ValueError, IndexError,
    KeyError, OverflowError,
)  # fmt: skip
"""What a damaged archive makes Python raise."""

_KINDS = {
    ".gpkg": "gpkg",
    ".geojson": "geojson",
    ".json": "geojson",
    ".shp": "shp",
    ".fgb": "fgb",
    ".kml": "kml",
    ".parquet": "parquet",
    ".geoparquet": "parquet",
    ".pbf": "pbf",
    **dict.fromkeys((".geojsonl", ".geojsons", ".jsonl", ".ndjson"), "geojson"),
}
_CONVERT = {
    ".gdb": "文件地理数据库（FileGDB）", ".gdbtable": "文件地理数据库（FileGDB）", ".mdb": "个人地理数据库（MDB）", ".tab": "MapInfo TAB",
    ".mif": "MapInfo MIF", ".dxf": "AutoCAD DXF", ".dwg": "AutoCAD DWG", ".gml": "GML", ".topojson": "TopoJSON", ".sqlite": "SQLite",
    ".udb": "SuperMap UDB", ".udbx": "SuperMap UDBX",
}  # fmt: skip
"""What other programs keep, by the name people know it by."""
_MAGIC = {"gpkg": b"SQLite format 3\x00", "shp": b"\x00\x00\x27\x0a", "fgb": b"fgb", "parquet": b"PAR1"}
_SIDECARS = (".shx", ".dbf", ".prj", ".cpg")


def copy_in(path: Path, folder: Path, layer: str | None) -> tuple[str, str]:
    """Copy a file, or the layer of an archive, into `folder`.

    Parameters
    ----------
    path
        File as the user named it.
    folder
        Empty folder.
    layer
        Which file of an archive to take, by its name without extension.

    Returns
    -------
    name, kind
        Name of the copy in the folder, and one of gpkg, geojson, shp, fgb, kml, parquet, pbf.

    Raises
    ------
    InputError
        The file is missing, empty, too large, of a kind that is not read, or its content is not of its kind.
    """
    check_file(path)
    suffix = path.suffix.lower()
    if suffix in (".zip", ".kmz"):
        kind = _unzip(path, folder, layer)
    else:
        kind = _kind(path.name, suffix)
        shutil.copyfile(path, folder / f"input.{kind}")
        if kind == "shp":
            _copy_sidecars(path, folder)
        wal = path.with_name(path.name + "-wal")
        if kind == "gpkg" and wal.exists():
            shutil.copyfile(wal, folder / "input.gpkg-wal")
    _check_content(path.name, folder / f"input.{kind}", kind)
    return f"input.{kind}", kind


def in_folder(path: Path, layer: str | None) -> Path:
    """Return the shapefile in a folder where a folder is named, else the path itself.

    Parameters
    ----------
    path
        As the user named it.
    layer
        Which of several, by its name without extension.

    Raises
    ------
    InputError
        The folder holds none, or several and it is not said which.
    """
    if not path.is_dir():
        return path
    if path.suffix.lower() == ".gdb":
        _kind(path.name, ".gdb")
    found = sorted(p for p in path.iterdir() if p.suffix.lower() == ".shp" and p.is_file())
    named = [p for p in found if layer in (p.stem, p.name)] if layer is not None else found
    if len(named) == 1:
        return named[0]
    if not found:
        raise InputError(
            f"文件夹“{path.name}”里没有 Shapefile（.shp）：请给出其中的文件。",
            f"The folder '{path.name}' holds no shapefile (.shp): name a file in it.",
        )
    stems = [p.stem for p in found]
    raise InputError(
        f"文件夹“{path.name}”里有多个图层（{'、'.join(stems)}）：请用 --layer 指定一个。",
        f"The folder '{path.name}' holds several layers ({', '.join(stems)}): name one with --layer.",
    )


def check_file(path: Path) -> None:
    """Refuse what is no file, is empty or too large.

    Raises
    ------
    InputError
        Says which.
    """
    name = path.name
    if path.is_dir():
        raise InputError(f"“{name}”是文件夹：请给出其中的文件。", f"'{name}' is a folder: name a file in it.")
    if not path.is_file():
        raise InputError(f"找不到文件“{path}”：请检查路径。", f"There is no file '{path}': check the path.")
    size = path.stat().st_size
    if size == 0:
        raise InputError(f"文件“{name}”是空的：请重新导出。", f"The file '{name}' is empty: export it again.")
    if size > MAX_BYTES:
        raise InputError(f"文件“{name}”达到 2 GB：请拆分后导入。", f"The file '{name}' is 2 GB or larger: split it.")


def _kind(name: str, suffix: str) -> str:
    if suffix in _CONVERT:
        zh, en = (
            _CONVERT[suffix],
            {".gdb": "a FileGDB", ".gdbtable": "a FileGDB", ".tab": "MapInfo TAB", ".mif": "MapInfo MIF"}.get(
                suffix, suffix[1:].upper()
            ),
        )
        raise InputError(
            f"“{name}”是 {zh}，不能直接导入：请在 QGIS 等软件中打开，把要用的图层另存为 GeoPackage（.gpkg）后导入。",
            f"'{name}' is {en}, which is not imported as it is: open it in QGIS or the like and save the layer as a "
            "GeoPackage (.gpkg).",
        )
    if suffix not in _KINDS:
        raise InputError(
            f"“{name}”不是可导入的类型：请用 GeoPackage、GeoJSON、Shapefile（可为 zip）、FlatGeobuf、GeoParquet、KML、OSM .pbf、"
            "CSV 或 XLSX。",
            f"'{name}' is of a kind that is not imported: use GeoPackage, GeoJSON, Shapefile (zipped or not), FlatGeobuf, "
            "GeoParquet, KML, OSM .pbf, CSV or XLSX.",
        )
    return _KINDS[suffix]


def _copy_sidecars(path: Path, folder: Path) -> None:
    for other in path.parent.iterdir():
        if other.stem == path.stem and other.suffix.lower() in _SIDECARS:
            shutil.copyfile(other, folder / f"input{other.suffix.lower()}")


def _check_content(name: str, copy: Path, kind: str) -> None:
    with copy.open("rb") as file:
        head = file.read(4096)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    good = {
        "geojson": text[:1] in (b"{", b"[", b"\x1e") or head[:2] in (b"\xff\xfe", b"\xfe\xff"),
        "pbf": head[4:].startswith(b"\x0a\x09OSMHeader"),
        "kml": text[:1] == b"<" and b"kml" in head.lower(),
    }.get(kind)
    if good is None:
        good = head.startswith(_MAGIC[kind])
    if not good:
        raise InputError(
            f"“{name}”的内容与扩展名不符，不是 {kind} 文件：请重新导出。",
            f"The content of '{name}' is not what its name says ({kind}): export it again.",
        )


def _unzip(path: Path, folder: Path, layer: str | None) -> str:
    """Extract one shapefile or one file of another kind under our own names."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = _safe_members(path.name, archive)
            chosen = _chosen(path.name, members, layer)
            return _extract(archive, members, chosen, folder)
    except BROKEN_ARCHIVE as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"压缩包“{path.name}”已损坏或加密：请重新打包。",
            f"The archive '{path.name}' is damaged or encrypted: pack it again.",
        ) from error


def _safe_members(name: str, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    infos = [info for info in archive.infolist() if not info.is_dir()]
    total = sum(info.file_size for info in infos)
    packed = max(1, sum(info.compress_size for info in infos))
    if len(infos) > MAX_MEMBERS or total > MAX_UNPACKED or total > MAX_RATIO * packed:
        raise InputError(
            f"压缩包“{name}”过大或压缩比异常，不予解开：请解压后直接导入其中的文件。",
            f"The archive '{name}' is too large or too tightly packed to open safely: unpack it yourself and "
            "import the file in it.",
        )
    return {_member_name(info): info for info in infos}


def _member_name(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gbk")
    except UnicodeError:
        return info.filename


def _chosen(name: str, members: dict[str, zipfile.ZipInfo], layer: str | None) -> str:
    known = [m for m in members if PurePosixPath(m).suffix.lower() in _KINDS]
    known = [m for m in known if not m.startswith("__MACOSX")]
    named = [m for m in known if PurePosixPath(m).stem == layer] or known
    if not known:
        for member in map(PurePosixPath, members):
            if member.suffix.lower() in _CONVERT:
                _kind(name, member.suffix.lower())
        raise InputError(
            f"压缩包“{name}”里没有可导入的文件：应含 .shp、.gpkg 或 .geojson。",
            f"The archive '{name}' holds nothing to import: it should hold a .shp, .gpkg or .geojson.",
        )
    if len(named) > 1:
        stems = [PurePosixPath(m).stem for m in named]
        raise InputError(
            f"压缩包“{name}”里有多个图层（{'、'.join(stems)}）：请用 --layer 指定一个。",
            f"The archive '{name}' holds several layers ({', '.join(stems)}): name one with --layer.",
        )
    return named[0]


def _extract(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], chosen: str, folder: Path) -> str:
    pure = PurePosixPath(chosen)
    kind = _KINDS[pure.suffix.lower()]
    wanted = {pure.suffix.lower(): chosen}
    if kind == "shp":
        for member in members:
            other = PurePosixPath(member)
            same = (other.parent, other.stem.lower()) == (pure.parent, pure.stem.lower())
            if same and other.suffix.lower() in _SIDECARS:
                wanted[other.suffix.lower()] = member
    for suffix, member in wanted.items():
        target = folder / (f"input.{kind}" if member == chosen else f"input{suffix}")
        # Python stops at the declared size, which was checked above; GDAL would read on.
        with archive.open(members[member]) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink)
    return kind
