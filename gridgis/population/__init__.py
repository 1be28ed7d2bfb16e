"""Figures of people from outside, brought to buildings.

`populating` reads tables, points and polygons, `reconciling` holds them to their totals, `rastering` reads rasters,
`spreading` shares figures out by dwelling volume so that the total holds; `conflicting` tells where sources differ.
"""
