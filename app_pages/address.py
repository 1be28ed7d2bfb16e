"""What addresses of the map have in common: what stands before them, and the part of the map they ask about."""

from __future__ import annotations

import re
from typing import Any

import shapely
import streamlit as st


def prefix() -> str:
    """Return what stands before every address when the app lives below a path of its host."""
    path = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{path}" if path else ""


def bbox(text: str) -> Any | None:
    """Return the box of four numbers in degrees; None for anything else."""
    number = r"(-?\d{1,3}(?:\.\d{1,9})?)"
    match = re.fullmatch(",".join([number] * 4), text)
    if match is None:
        return None
    west, south, east, north = map(float, match.groups())
    sound = -180 <= west < east <= 180 and -90 <= south < north <= 90
    return shapely.box(west, south, east, north) if sound else None
