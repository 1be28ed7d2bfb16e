"""From a file's coordinates to the county's, once at the door."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from gridgis.cleaning.noding import Geometries

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Projection:
    """The ways between a file's CRS, degrees, and the county's CRS.

    Parameters
    ----------
    source, geographic, county
        Coordinate systems; `geographic` is the one under `source`.
    """

    source: pyproj.CRS
    geographic: pyproj.CRS
    county: pyproj.CRS

    @property
    def is_cgcs2000(self) -> bool:
        """Tell whether the file is stated to be in CGCS2000."""
        return "2000" in self.geographic.name and "China" in self.geographic.name

    @property
    def guessed(self) -> str | None:
        """Return the name of the file's datum where its way to the county's is not known, and taken for none."""
        datum = self.geographic.datum
        if datum is None or self.geographic.ellipsoid is None or self.source == self.county:
            return None
        # Frames of the whole earth lie within two metres of each other, and all use one of these ellipsoids.
        if abs(self.geographic.ellipsoid.semi_major_metre - 6_378_137.0) < 0.5:
            return None
        way = pyproj.transformer.TransformerGroup(self.geographic, self.county, always_xy=True)
        known = way.transformers and "ballpark" not in way.transformers[0].description.lower()
        return None if known else datum.name

    def to_degrees(self, geometries: Geometries) -> Geometries:
        """Return geometries of the file in longitude and latitude.

        Parameters
        ----------
        geometries
            In the file's CRS.
        """
        return _through(geometries, self.source, self.geographic)

    def to_county(self, geometries: Geometries) -> Geometries:
        """Return geometries in degrees in the county's CRS.

        Parameters
        ----------
        geometries
            In the geographic CRS under the file's.
        """
        return _through(geometries, self.geographic, self.county)

    def direct(self, geometries: Geometries) -> Geometries:
        """Return geometries of the file in the county's CRS.

        Parameters
        ----------
        geometries
            In the file's CRS.
        """
        return _through(geometries, self.source, self.county)


def projection(source: pyproj.CRS, epsg: int) -> Projection:
    """Return the ways from a file's CRS to a county's.

    Parameters
    ----------
    source
        The file's CRS.
    epsg
        The county's.
    """
    return Projection(source, source.geodetic_crs or source, pyproj.CRS.from_epsg(epsg))


def _through(geometries: Geometries, source: pyproj.CRS, target: pyproj.CRS) -> Geometries:
    if source == target:
        return geometries
    transformer = pyproj.Transformer.from_crs(source, target, always_xy=True)

    def moved(xy: Floats) -> Floats:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    return np.asarray(shapely.transform(geometries, moved), object)
