"""Cells divided along roads, rivers and walls.

`linework` gathers the lines, `joints` brings them to the edges of cells, `seaming` chooses along which a cell is divided
(never through a building, never into slivers), `celling` makes one edit of it; grids keep their ground and codes.
"""
