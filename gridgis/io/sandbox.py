"""Files from outside are read by a child process that has almost nothing to lose.

GDAL opens what the bytes say, not the extension: a ``.geojson`` that is really a VRT returns other files of
the machine or fetches addresses. So the child starts with every driver but a few switched off *before* GDAL
is loaded, with a proxy that does not exist, in a folder that holds only a copy of the file, under limits of
memory, time and disk; what comes back is Arrow, never pickle.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio

from gridgis.errors import InputError

ALLOWED_DRIVERS = frozenset({"GPKG", "GeoJSON", "ESRI Shapefile", "FlatGeobuf", "KML", "LIBKML", "OSM"})
_CHILD = Path(__file__).with_name("child.py")
_MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What the child may use.

    Parameters
    ----------
    memory
        Bytes of address space, where the platform can limit it.
    seconds
        Time, by the clock and of the processor.
    disk
        Bytes that one file of the answer may have.
    """

    memory: int = 6144 * _MIB
    seconds: int = 300
    disk: int = 2048 * _MIB


@dataclass(frozen=True)
class Answer:
    """What the child read.

    Parameters
    ----------
    table
        Columns of the layer; WKB in ``__geometry__``.
    facts
        Driver, crs, encoding, layers, rows declared and read.
    """

    table: pa.Table
    facts: dict[str, Any]


class FaultError(InputError):
    """The child could not use the file; `kind` and `detail` say why."""

    def __init__(self, kind: str, detail: object, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.kind = kind
        self.detail = detail


def run_child(job: dict[str, Any], folder: Path, limits: Limits | None = None) -> Answer:
    """Read a file that lies in `folder` with the child.

    Parameters
    ----------
    job
        ``path`` (relative to the folder), ``kind``, ``layer``, ``encoding``.
    folder
        Folder that holds nothing but the copy.
    limits
        What the child may use.

    Returns
    -------
    Answer
        Columns and facts.

    Raises
    ------
    FaultError
        The file is broken, hostile, or too large for the limits.
    """
    limits = limits or Limits()
    spent = {"memory": limits.memory, "seconds": limits.seconds, "disk": limits.disk}
    (folder / "job.json").write_text(json.dumps({**job, **spent}, ensure_ascii=False), "utf-8")
    # The child runs in another folder: a Python found by a relative path would not be there.
    command = [str(Path(sys.executable).absolute()), "-I", "-X", "utf8", str(_CHILD), "job.json"]
    try:
        done = subprocess.run(
            command, cwd=folder, env=_environment(), capture_output=True, timeout=limits.seconds, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise _fault("slow", f"{limits.seconds} s") from late
    answer = folder / "out.json"
    if done.returncode != 0 or not answer.exists():
        raise _fault("slow" if done.returncode in (-24, -9) else "crash", str(done.returncode))
    facts: dict[str, Any] = json.loads(answer.read_text("utf-8"))
    if "fault" in facts:
        raise _fault(facts["fault"], facts["detail"])
    with pa.OSFile(str(folder / "out.arrow"), "rb") as source:
        return Answer(pa.ipc.open_file(source).read_all(), facts)


def _environment() -> dict[str, str]:
    """Return the child's environment: the system's few, none of the user's GDAL settings or secrets."""
    kept = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LD_LIBRARY_PATH", "LANG")
    ours = {name: os.environ[name] for name in kept if name in os.environ}
    skipped = sorted(set(pyogrio.list_drivers()) - ALLOWED_DRIVERS)
    dead = "http://127.0.0.1:9"
    return {
        **ours,
        "GDAL_SKIP": ",".join(skipped),
        "OGR_SKIP": ",".join(skipped),
        "GDAL_HTTP_PROXY": dead,
        "GDAL_HTTPS_PROXY": dead,
        "http_proxy": dead,
        "https_proxy": dead,
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
        "GDAL_DISABLE_READDIR_ON_OPEN": "FALSE",
        "GDAL_PAM_ENABLED": "NO",
        "SHAPE_RESTORE_SHX": "NO",
        "OGR_SQLITE_JOURNAL": "OFF",
        # openpyxl on expat, which neither fetches nor expands what a workbook should not hold.
        "OPENPYXL_LXML": "False",
        "PROJ_NETWORK": "OFF",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }


_WORDS: dict[str, tuple[str, str]] = {
    "no_geometry": ("其中没有带图形的图层", "it has no layer with geometry"),
    "several_layers": (
        "其中有多个图层（{detail}），请用 --layer 指定一个",
        "it has several layers ({detail}): name one with --layer",
    ),
    "no_such_layer": (
        "其中没有该图层，可选的有：{detail}",
        "it has no layer of that name; there are: {detail}",
    ),
    "truncated": (
        "文件不完整或已损坏，请重新复制或导出",
        "the file is cut short or damaged: copy or export it again",
    ),
    "topology": (
        "内容是 TopoJSON，请在 QGIS 等软件中打开，另存为 GeoPackage 或 GeoJSON 后导入",
        "it is TopoJSON: open it in QGIS or the like and save it as GeoPackage or GeoJSON",
    ),
    "not_geojson": ("内容不是 GeoJSON", "its content is not GeoJSON"),
    "crs_link": (
        "其坐标系是一个网络链接，出于安全不予读取，请改为 WGS84 后重新导出",
        "its coordinate system is a web link, which is never followed: export it again in WGS84",
    ),
    "memory": ("文件太大，内存不足，请拆分后导入", "it is too large for the memory allowed: split it"),
    "slow": (
        "读取超时（{detail}），请拆分后导入",
        "reading took longer than is allowed ({detail}): split it",
    ),
    "crash": (
        "文件已损坏，读取程序中止，请重新导出",
        "it is damaged and stopped the reader: export it again",
    ),
    "doctype": (
        "其中的 XML 带有文档类型声明，出于安全不予读取，请用 Excel 或 WPS 另存为 .xlsx",
        "its XML declares a document type, which is never read: save it as .xlsx with a spreadsheet program",
    ),
    "no_book": (
        "工作簿已损坏或不是 .xlsx，请用 Excel 或 WPS 打开后另存为 .xlsx",
        "it is damaged or no .xlsx workbook: open it in a spreadsheet program and save it as .xlsx",
    ),
    "not_text": ("内容不是文本表格，请另存为 .xlsx 或 CSV", "its content is no text table: save it as .xlsx or CSV"),
    "unreadable": (
        "不是可识别的 GIS 文件或已损坏，请重新导出为 GeoPackage、GeoJSON 或 Shapefile",
        "it is damaged or no GIS file that can be read: export it again as GeoPackage, GeoJSON or Shapefile",
    ),
}


def _fault(kind: str, detail: object) -> FaultError:
    zh, en = _WORDS.get(kind, _WORDS["unreadable"])
    said = "、".join(map(str, detail)) if isinstance(detail, list) else str(detail)
    return FaultError(kind, detail, zh.format(detail=said), en.format(detail=said.replace("、", ", ")))
