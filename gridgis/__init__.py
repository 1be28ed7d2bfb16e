"""GridGIS: the grids by which a county is governed, drawn without gaps and coded once.

The examples speak of a small county, open as `county` with its plan as `plan`: two unit grids of 200 m by 200 m, `A` in the west
with 14 households and `B` in the east with 22. They begin with ``import gridgis as gg`` and are run in the tests.
"""

# First of all, since what follows takes a second to load.
from gridgis import interrupt as _interrupt  # noqa: F401

# isort: split
from gridgis.analysing import study
from gridgis.checks import check
from gridgis.circles import service_circles
from gridgis.county import County, open_county
from gridgis.crosswalk import crosswalk
from gridgis.diff import differences
from gridgis.edits import (
    convert,
    delete_vertex,
    draw,
    insert_vertex,
    merge,
    move_vertex,
    paint,
    recode,
    reshape,
    split,
    transfer,
)
from gridgis.exporting import export_grids as export
from gridgis.founding import new_county
from gridgis.impact import impact
from gridgis.lineage import changed_codes
from gridgis.locate import locate, locate_levels
from gridgis.plan import Edit, Plan, evolve, invert
from gridgis.planning import propose_grids as propose
from gridgis.propose.fusing import Net, fuse
from gridgis.propose.wanted import Wanted
from gridgis.statistics import grid_statistics, overview

__all__ = [
    "County", "Edit", "Net", "Plan", "Wanted", "changed_codes", "check", "convert", "crosswalk", "delete_vertex",
    "differences", "draw", "evolve", "export", "fuse", "grid_statistics", "impact", "insert_vertex", "invert", "locate",
    "locate_levels", "merge", "move_vertex", "new_county", "open_county", "overview", "paint", "propose", "recode",
    "reshape", "service_circles", "split", "study", "transfer",
]  # fmt: skip
