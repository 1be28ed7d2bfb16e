"""Real files for the tests of reading, written by GDAL, and what a refusal must say."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
from shapely import box

from gridgis.errors import InputError
from gridgis.io.reading import read_vector

NAMES = ["龙浔镇", "浔中镇", "三班镇", "㙍头𠮷村"]
CODES = [350526100001001, 350526100001002, 350526100001003, 350526100001004]


def layer(crs: int | None = 4490, n: int = 4) -> gpd.GeoDataFrame:
    squares = [box(118 + i / 100, 25, 118.01 + i / 100, 25.01) for i in range(n)]
    names = [NAMES[i % 4] for i in range(n)]
    return gpd.GeoDataFrame(
        {"名称": names, "code": [CODES[i % 4] + i // 4 * 10 for i in range(n)]}, geometry=squares, crs=crs
    )


def save(frame: gpd.GeoDataFrame, path: Path) -> None:
    # GDAL's richer KML driver writes a folder.
    frame.to_file(path, **({"driver": "KML"} if path.suffix == ".kml" else {}))


def no_crs(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Write a layer that does not say its CRS, which is what is wanted, so that no one need warn of it."""
    with pytest.warns(UserWarning, match="'crs' was not provided"):
        frame.set_crs(None, allow_override=True).to_file(path)


def said(path: Path, **options: object) -> InputError:
    with pytest.raises(InputError) as caught:
        read_vector(path, **options)
    error = caught.value
    assert path.name in error.zh
    assert path.name in error.en
    assert "\n" not in error.zh + error.en
    assert "/tmp" not in error.en.replace(str(path), "")
    return error
