"""Handing a county on over HTTP: OGC API Features, vector tiles, points to grids, changes, reports of incidents.

Plans are only read. What others may see is said by a role, as for `gridgis.exporting`.
"""
