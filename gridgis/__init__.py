"""GridGIS: the grids by which a county is governed, drawn without gaps and coded once."""

from gridgis.checks import check
from gridgis.county import County, open_county
from gridgis.edits import convert, merge, paint, recode, split, transfer
from gridgis.founding import new_county
from gridgis.lineage import changed_codes
from gridgis.locate import locate, locate_levels
from gridgis.plan import Edit, Plan, evolve, invert
from gridgis.planning import propose_grids as propose

__all__ = [
    "County", "Edit", "Plan", "changed_codes", "check", "convert", "evolve", "invert", "locate", "locate_levels",
    "merge", "new_county", "open_county", "paint", "propose", "recode", "split", "transfer",
]  # fmt: skip
