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
    at = shapely.point_on_surface(shapes)
    place = to_degrees(at, crs)
    return frame.assign(at_lon=shapely.get_x(place), at_lat=shapely.get_y(place), room=room_at(shapes, at))


def room_at(shapes: Any, at: Any) -> Any:
    """Return how many metres a label has from west to east around each point inside its polygon."""
    bounds = shapely.bounds(shapes)
    y = shapely.get_y(at)
    ends = np.stack([np.column_stack([bounds[:, 0] - 1, y]), np.column_stack([bounds[:, 2] + 1, y])], axis=1)
    pieces, owner = shapely.get_parts(shapely.intersection(shapes, shapely.linestrings(ends)), return_index=True)
    length = np.where(shapely.distance(pieces, at[owner]) < 0.01, shapely.length(pieces), 0.0)
    out = np.zeros(len(at))
    np.maximum.at(out, owner, length)
    return out.round().astype(int)


def _features(frame: gpd.GeoDataFrame) -> list[str]:
    plain = [c for c in frame.columns if c not in (frame.geometry.name, "at_lon", "at_lat", "room")]
    columns = {c: frame[c].tolist() for c in plain}
    places = np.column_stack([frame["at_lon"], frame["at_lat"], frame["room"]]).tolist() if len(frame) else []
    rows: list[dict[str, Any]] = [
        {"code": code, **{c: columns[c][i] for c in plain}, "at": places[i]} for i, code in enumerate(frame.index)
    ]
    return features(frame.geometry.to_numpy(), rows)


def payload(frame: gpd.GeoDataFrame, version: int) -> str:
    """Return the whole layer."""
    return collection(_features(frame), version=version)


def outlines(shapes: Any, names: Sequence[str], crs: int) -> str:
    """Return polygons of EPSG `crs` with their names, for lines that are only looked at."""
    polygons = np.asarray(shapes, dtype=object)
    at = shapely.get_coordinates(to_degrees(shapely.point_on_surface(polygons), crs)).tolist()
    rows = [{"name": n, "at": p} for n, p in zip(names, at, strict=True)]
    return collection(features(to_degrees(polygons, crs), rows))


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
