"""Frames of a county as the compact GeoJSON that the map fetches."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

DEGREES = 4490
"""CGCS2000 in degrees: what the map shows and what drawings come back in."""

DECIMALS = 7


@lru_cache(maxsize=8)
def _transformer(source: int, target: int) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


def to_degrees(geometries: Any, crs: int) -> Any:
    """Return geometries of EPSG `crs` in degrees with seven decimals (about a centimetre)."""
    project = _transformer(crs, DEGREES)
    return shapely.transform(geometries, lambda xy: _round(np.column_stack(project.transform(*xy.T))))


def from_degrees(geometries: Any, crs: int) -> Any:
    """Return drawings in degrees as geometries of EPSG `crs`."""
    project = _transformer(DEGREES, crs)
    return shapely.transform(geometries, lambda xy: np.column_stack(project.transform(*xy.T)))


def _round(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.round(xy, DECIMALS))


def _plain(value: Any) -> Any:
    """Return a figure as an integer where it is one, and a missing value as null."""
    if value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NA:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    return int(value) if isinstance(value, float) and value.is_integer() else value


def features(geometries: Any, properties: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return one GeoJSON feature a row as text; geometries are in degrees already."""
    shapes = shapely.to_geojson(np.asarray(geometries, dtype=object))
    rows = ({key: _plain(value) for key, value in row.items()} for row in properties)
    return [
        f'{{"type":"Feature","properties":{json.dumps(row, ensure_ascii=False, separators=(",", ":"))},'
        f'"geometry":{shape}}}'
        for shape, row in zip(shapes, rows, strict=True)
    ]


def collection(items: Sequence[str], **extra: Any) -> str:
    """Return the features as one collection; `extra` members stand beside them."""
    more = "".join(f'"{key}":{json.dumps(value)},' for key, value in extra.items())
    return f'{{"type":"FeatureCollection",{more}"features":[{",".join(items)}]}}'


def packed(text: str) -> bytes:
    """Return the text as gzip, the same bytes for the same text."""
    return gzip.compress(text.encode(), compresslevel=5, mtime=0)
