"""Grids that the county proposes itself: automatic plans, least-change repair, many nets into one."""

from gridgis.propose.adoption import adoption, allot, plan_from_polygons
from gridgis.propose.proposing import Alternative, Proposal, propose
from gridgis.propose.wanted import Wanted

__all__ = ["Alternative", "Proposal", "Wanted", "adoption", "allot", "plan_from_polygons", "propose"]
