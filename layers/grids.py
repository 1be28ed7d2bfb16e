"""The grids of one level as the map fetches them, and the patch that follows an edit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from layers.geojson import collection, features, to_degrees
from layers.patch import difference

FIGURES = ("households", "persons", "buildings", "incidents", "area_m2", "band")


def shown(grids: gpd.GeoDataFrame, crs: int) -> gpd.GeoDataFrame:
    """Return the frame in degrees with the place of the label, ready to be sent; one row a code.

    Parameters
    ----------
    grids
        Index `code`; columns name, figures and geometry in EPSG `crs`.
    crs
        EPSG code of the county.
    """
    keep = [c for c in ("name", *FIGURES) if c in grids]
    shapes = grids.geometry.to_numpy()
    frame = gpd.GeoDataFrame(grids[keep].copy(), geometry=to_degrees(shapes, crs), index=grids.index)
    at = to_degrees(shapely.point_on_surface(shapes), crs)
    return frame.assign(at_lon=shapely.get_x(at), at_lat=shapely.get_y(at))


def _features(frame: gpd.GeoDataFrame) -> list[str]:
    plain = [c for c in frame.columns if c not in (frame.geometry.name, "at_lon", "at_lat")]
    columns = {c: frame[c].tolist() for c in plain}
    places = np.column_stack([frame["at_lon"], frame["at_lat"]]).tolist() if len(frame) else []
    rows: list[dict[str, Any]] = [
        {"code": code, **{c: columns[c][i] for c in plain}, "at": places[i]} for i, code in enumerate(frame.index)
    ]
    return features(frame.geometry.to_numpy(), rows)


def payload(frame: gpd.GeoDataFrame, version: int) -> str:
    """Return the whole layer."""
    return collection(_features(frame), version=version)


def outlines(shapes: Any, crs: int) -> str:
    """Return polygons of EPSG `crs` as bare shapes, for lines that are only looked at."""
    polygons = to_degrees(np.asarray(shapes, dtype=object), crs)
    return collection(features(polygons, [{} for _ in polygons]))


def patch(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> tuple[list[str], str]:
    """Return codes to take out and a collection to put in."""
    removed, changed = difference(before, after)
    return removed, collection(_features(after.loc[changed]))


def preview(codes: Sequence[str], shapes: Any, words: Sequence[str], crs: int) -> str:
    """Return proposed polygons, each with its code, the words of its flag and the place of the flag."""
    polygons = np.asarray(shapes, dtype=object)
    at = shapely.get_coordinates(to_degrees(shapely.point_on_surface(polygons), crs)).tolist()
    rows = [{"code": c, "words": w, "at": p} for c, w, p in zip(codes, words, at, strict=True)]
    return collection(features(to_degrees(polygons, crs), rows))
