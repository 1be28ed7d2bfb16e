"""The lines that bound blocks: centrelines of roads, rivers and their banks, walls of compounds, fixed boundaries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis.errors import InputError
from gridgis.schema import to_lattice

Objects = NDArray[np.object_]

SOURCES = ("roads", "water", "compounds", "boundaries")
"""What cells can be drawn from."""


@dataclass(frozen=True, eq=False)
class Linework:
    """Lines with the source of each.

    Attributes
    ----------
    lines
        Single LineStrings on the millimetre lattice.
    source
        Position in `SOURCES` of each.
    counts
        Rows used of each source asked for.
    """

    lines: Objects
    source: NDArray[np.int64]
    counts: dict[str, int]


def linework(table: Callable[[str], Any], sources: Sequence[str], road_classes: Sequence[str] = ()) -> Linework:
    """Gather the lines of the sources asked for.

    Parameters
    ----------
    table
        Answers an e-map table by its name, in the county's CRS.
    sources
        Some of `SOURCES`.
    road_classes
        Only roads of these classes; all when empty.

    Raises
    ------
    InputError
        A source is not known, a class of roads does not occur, or there is no line at all.
    """
    wanted = list(dict.fromkeys(sources))
    strange = [s for s in wanted if s not in SOURCES]
    if strange or not wanted:
        raise InputError(
            f"--from 中的“{strange[0] if strange else ''}”无法识别：可用 {'、'.join(SOURCES)}，以逗号分隔。",
            f"'{strange[0] if strange else ''}' in --from is not known: give some of {', '.join(SOURCES)}.",
        )
    found = {s: _shapes(table, s, road_classes) for s in wanted}
    lines = {s: _as_lines(shapes) for s, shapes in found.items()}
    if not any(len(v) for v in lines.values()):
        raise InputError(
            f"电子地图中没有{'、'.join(wanted)}的线或面，无从划分基元：请先用 gridgis import 导入道路或水系。",
            f"The e-map holds no lines of {', '.join(wanted)} to draw cells from: import roads or water first "
            "(gridgis import).",
        )
    return Linework(
        np.concatenate([np.empty(0, dtype=object), *lines.values()]),
        np.concatenate([np.full(len(v), SOURCES.index(s), dtype=np.int64) for s, v in lines.items()]),
        {s: len(v) for s, v in found.items()},
    )


def lines_of(table: Callable[[str], Any], source: str) -> Objects:
    """Return the lines of one of `SOURCES`; `table` as in `linework`."""
    return _as_lines(_shapes(table, source, ()))


def _shapes(table: Callable[[str], Any], source: str, road_classes: Sequence[str]) -> Objects:
    frame = table("places" if source == "compounds" else source)
    if source == "compounds":
        frame = frame[frame["kind"] == "compound"]
    if source == "roads":
        # A tunnel bounds nothing above ground.
        frame = frame[~(frame["layer"].fillna(0).astype(float) < 0)]
    if source == "roads" and road_classes:
        classes = sorted({str(c) for c in frame["class"].dropna()})
        missing = [c for c in road_classes if c not in classes]
        if missing:
            raise InputError(
                f"没有等级为“{missing[0]}”的道路：现有等级 {'、'.join(classes) or '无'}。",
                f"There is no road of class '{missing[0]}': there are {', '.join(classes) or 'none'}.",
            )
        frame = frame[frame["class"].isin(list(road_classes))]
    shapes = np.asarray(frame.geometry.values, dtype=object)
    shapes = shapes[~shapely.is_missing(shapes)]
    # A point has no outline to draw along.
    return np.asarray(shapes[shapely.get_dimensions(shapes) >= 1], dtype=object)


def _as_lines(shapes: Objects) -> Objects:
    """Return lines and outlines as single lines on the lattice."""
    if not len(shapes):
        return shapes
    parts = shapely.get_parts(to_lattice(shapely.force_2d(shapes)))
    areal = shapely.get_dimensions(parts) == 2
    lines = np.concatenate([parts[~areal], shapely.get_rings(parts[areal])])
    # A closed ring counts as a line here.
    lines = shapely.get_parts(shapely.line_merge(shapely.multilinestrings([[line] for line in lines])))
    return np.asarray(lines[shapely.length(lines) > 0], dtype=object)
