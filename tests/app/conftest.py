"""A small county for the pages: drawn as letters, opened as the app opens it."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st

from tests.drawn import drawn_county

DRAWING = """
AAABBB
AAABBB
ACCCCB
"""
A, B, C = (f"35052610000100{n}" for n in (1, 2, 3))


@pytest.fixture
def small_county(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a county of three unit grids that the app will open."""
    path = drawn_county(tmp_path / "small.gpkg", DRAWING)
    monkeypatch.setenv("GRIDGIS_COUNTY", str(path))
    st.cache_resource.clear()
    return path
