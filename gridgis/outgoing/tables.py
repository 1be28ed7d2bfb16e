"""CSV with WKT, workbooks, and the lists of points that AMap and Baidu take."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridgis.io.workbook import Sheet, write_workbook
from gridgis.outgoing.layer import Layer

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_rows(frame: pd.DataFrame, path: Path, *, separator: str = ",") -> None:
    """Write a table that Excel opens as it is: UTF-8 with mark, text in quotes, nothing that runs as a formula."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, delimiter=separator)
        writer.writerow([_safe(c) for c in frame.columns])
        for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False, name=None):
            writer.writerow([_safe(v) for v in row])


def _safe(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value.item() if isinstance(value, np.generic) else value


def write_csv(layer: Layer, path: Path) -> None:
    """Write a row a grid with its outline as WKT in the last column."""
    shapes = np.asarray(layer.frame.geometry.values, object)
    write_rows(layer.table().assign(wkt=shapely.to_wkt(shapes, rounding_precision=12)), path)


def write_xlsx(layer: Layer, path: Path) -> None:
    """Write a workbook: the grids without their outlines, and what the columns mean."""
    words = pd.DataFrame(
        [(f.name, f.kind, f.zh, f.en, f.unit) for f in layer.fields],
        columns=["column", "type", "中文", "english", "unit"],
    )
    note = layer.title + ("（示意数据 illustrative）" if layer.meta.get("illustrative") else "")
    write_workbook(path, [Sheet("grids", layer.table()), Sheet("字段 fields", words, note)])


def rings(layer: Layer) -> pd.DataFrame:
    """Return a row for each ring: code, part and ring counted from 1, outer or hole, and the path."""
    rows = [
        (code, name, part, ring, "outer" if ring == 1 else "hole", _path(line))
        for code, name, shape in zip(
            layer.frame.index, layer.frame.get("name", [""] * len(layer.frame)), layer.frame.geometry, strict=True
        )
        for part, ring, line in _lines(shape)
    ]
    return pd.DataFrame(rows, columns=["code", "name", "part", "ring", "role", "path"])


def write_paths(layer: Layer, path: Path) -> None:
    """Write ``lng,lat;lng,lat`` for web maps, a row a ring; .txt is separated by tabs, .csv by commas."""
    write_rows(rings(layer), path, separator="\t" if path.suffix.lower() == ".txt" else ",")


def _lines(shape: Any) -> Iterator[tuple[int, int, Any]]:
    for part, polygon in enumerate(shapely.get_parts(shape), start=1):
        for ring, line in enumerate((polygon.exterior, *polygon.interiors), start=1):
            yield part, ring, line


def _path(line: Any) -> str:
    return ";".join(f"{x!r},{y!r}" for x, y in shapely.get_coordinates(line).tolist())
