"""Ports of the county: reading drawings from outside, and writing grids for others."""
