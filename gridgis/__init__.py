"""GridGIS: the grids by which a county is governed, drawn without gaps and coded once."""

# First of all, since what follows takes a second to load.
from gridgis import interrupt as _interrupt  # noqa: F401

# isort: split
from gridgis.checks import check
from gridgis.county import County, open_county
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
from gridgis.founding import new_county
from gridgis.lineage import changed_codes
from gridgis.locate import locate, locate_levels
from gridgis.plan import Edit, Plan, evolve, invert
from gridgis.planning import propose_grids as propose

__all__ = [
    "County", "Edit", "Plan", "changed_codes", "check", "convert", "delete_vertex", "draw", "evolve", "insert_vertex",
    "invert", "locate", "locate_levels", "merge", "move_vertex", "new_county", "open_county", "paint", "propose", "recode",
    "reshape", "split", "transfer",
]  # fmt: skip
