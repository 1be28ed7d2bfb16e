"""Write a demo county into a county file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gridgis.demo.county import build
from gridgis.demo.model import DemoCounty
from gridgis.founding import Founding, found
from gridgis.store.building import require_free


def found_demo(
    path: str | Path, *, scheme: str = "dehua", seed: int = 1, progress: Callable[[float, str], None] | None = None
) -> None:
    """Build the demo county of a scheme and write it to a file.

    Raises
    ------
    StoreError
        The path is taken or its folder is missing; nothing is built.
    InputError
        There is no demo of that scheme.
    """
    require_free(path)
    tell = progress or (lambda _share, _words: None)
    county = build(scheme, seed, lambda share, words: tell(0.85 * share, words))
    tell(0.86, "写入县区文件")
    found(path, founding_of(county, scheme, seed))


def founding_of(county: DemoCounty, scheme: str, seed: int) -> Founding:
    """Return what the county file starts from."""
    tables = {
        "boundaries": county.boundaries, "buildings": county.buildings, "roads": county.roads, "water": county.water,
        "places": county.places, "incidents": county.incidents, **county.registers,
    }  # fmt: skip
    meta = {
        "illustrative": "true", "seed": str(seed), "notes": "\n".join(zh for zh, _ in county.notes),
        "notes_en": "\n".join(en for _, en in county.notes),
        "as_of": county.as_of,
    }  # fmt: skip
    return Founding(
        scheme,
        county.county_code,
        county.name,
        county.epsg,
        "demo",
        county.outline,
        county.cells,
        county.grids,
        tables,
        meta,
    )
