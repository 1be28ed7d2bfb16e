"""Handing grids on: one level, one datum, one file."""

from __future__ import annotations

from pathlib import Path

from gridgis.county import County
from gridgis.io.geojson import grids_to_geojson, write_geojson


def grids_text(
    county: County, *, level: str | None = None, datum: str = "cgcs2000", version: int | None = None
) -> tuple[str, int]:
    """Return the grids of a level as GeoJSON text (RFC 7946), and how many there are.

    Parameters
    ----------
    county
        The county.
    level
        Level; None for the grids that carry the cells, whatever their level.
    datum
        Datum of the coordinates: cgcs2000, wgs84, gcj02 or bd09.
    version
        The plan as it was at a version; now by default.
    """
    from gridgis.county import grid_frame

    plan = county.plan if version is None else county.plan_at(version)
    codes = plan.leaf_codes if level is None else plan.codes(level)
    meta = {
        "county": county.code, "name": county.meta.get("name", ""), "scheme": county.scheme.name, "version": plan.version,
        "level": level or "leaf", "illustrative": county.illustrative,
    }  # fmt: skip
    text = grids_to_geojson(grid_frame(plan, codes), epsg=county.crs, datum=datum, meta=meta)
    return text, len(codes)


def export_grids(
    county: County, path: Path, *, level: str | None = None, datum: str = "cgcs2000", version: int | None = None
) -> int:
    """Write the grids of a level to a GeoJSON file; it appears only when complete.

    Raises
    ------
    InputError
        The file cannot be written.
    SchemeError
        There is no such level.
    """
    text, count = grids_text(county, level=level, datum=datum, version=version)
    write_geojson(text, path)
    return count
