"""What happens on the grids: incidents counted, compared and mapped, and the work that grids make.

Functions of a plan and of frames; what must read a county stands in `gridgis.analysing`.
"""
