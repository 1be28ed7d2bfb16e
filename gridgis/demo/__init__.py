"""Illustrative counties at true counts, built from a seed on real outlines, names and codes."""

from __future__ import annotations

from gridgis.demo.county import build
from gridgis.demo.model import DemoCounty

__all__ = ["DemoCounty", "build"]
