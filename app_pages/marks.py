"""Findings as the map of the checks shows them: where they lie, and what is told under the mouse."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from app_pages.address import prefix
from app_pages.desk import Desk
from app_pages.words import word
from gridgis.checks import rule_list
from layers import extras, geojson, styles

_PLACES = 1500
_TOLD = 3
_SAME_M = 1.0
"""Shapes are drawn this much simpler than they are."""


def address(desk: Desk, lang: str, found: gpd.GeoDataFrame) -> str:
    """Return where the map fetches the findings; accepting one changes them without a version."""
    state = hash(tuple(zip(found["rule"], found["words"], strict=True))) if len(found) else 0
    return f"{prefix()}/overlay/{desk.token('overlay', lang, 'marks', desk.version, state)}"


def drawn(desk: Desk, lang: str) -> str:
    """Return the places of the findings, widest first; findings of one place stand together."""
    _, found = desk.findings()
    names = {r["rule"]: r["en" if lang == "en" else "zh"] for r in rule_list()}
    words = found["words_en" if lang == "en" else "words"].tolist() if len(found) else []
    columns = [found[k].tolist() if len(found) else [] for k in ("rule", "code", "severity")]
    places: dict[bytes, list[int]] = {}
    shapes: dict[bytes, Any] = {}
    for k, shape in enumerate(found.geometry if len(found) else ()):
        if shape is None or shapely.is_empty(shape):
            continue
        key = shapely.to_wkb(shape)
        places.setdefault(key, []).append(k)
        shapes[key] = shape
    kept = sorted(list(places)[:_PLACES], key=lambda key: -shapely.area(shapes[key]))
    told = []
    for key in kept:
        of = places[key]
        lines = [[names[columns[0][k]], _code(columns[1][k]), words[k], k] for k in of[:_TOLD]]
        more = word("marks_more", lang, n=len(of) - _TOLD) if len(of) > _TOLD else ""
        told.append({"of": of, "s": styles.SEVERITIES.index(str(columns[2][of[0]])), "told": lines, "more": more})
    flat = np.asarray([_simple(shapes[key]) for key in kept], dtype=object)
    return geojson.collection(geojson.features(geojson.to_degrees(flat, desk.crs), told))


def legend(severities: Any, lang: str) -> list[dict[str, Any]]:
    """Return the block of the legend that tells errors from warnings."""
    rows = [
        [look["fillColor"], f"{word(f'severity_{kind}', lang)} · {int((severities == kind).sum()):,}"]
        for kind, look in (("error", extras.ERROR), ("warning", extras.WARNING)) if (severities == kind).any()
    ]  # fmt: skip
    return [{"title": word("check_count", lang), "rows": rows, "note": word("marks_note", lang)}] if rows else []


def _code(value: object) -> str:
    return value if isinstance(value, str) else ""


def _simple(shape: Any) -> Any:
    """Return a shape light enough to draw; scattered points become their middle."""
    if shape.geom_type == "MultiPoint":
        return shape.geoms[0] if len(shape.geoms) == 1 else shape.centroid
    return shapely.simplify(shape, _SAME_M)
