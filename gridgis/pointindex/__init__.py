"""Which polygon of a coverage a point lies in, fast and exact.

`assign` is the rule of ties; `squares` makes the raster over polygons, `lookup` (arrays) and `kernel` (numba) read it;
`gridgis.ground` keeps it with the plan and mends it where an edit touched it. The way in is `gridgis.locate`.
"""
