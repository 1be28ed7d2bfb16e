"""A small county with incidents and a road, as the tests of the service ask for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import shapely
from starlette.testclient import TestClient

from tests.drawn import at, code_of, drawn_county, line

A, B, C = (str(code_of(c)) for c in "ABC")


def build(file: Path) -> Path:
    """Write the county: A has 7 households, B 1, C 4."""
    told = pd.DataFrame([
        incident("e1", "2026-01-05 08:00:00", 0.5, 0.5), incident("e2", "2026-01-31 23:59:59", 0.5, 0.5, "街面秩序/占道经营"),
        incident("e3", "2026-02-01 00:00:00", 2.5, 0.5), incident("e4", "2026-03-01 12:00:00", 0.5, 1.5),
    ])  # fmt: skip
    roads = pd.DataFrame({"id": ["r1"], "name": ["浔中路"], "class": ["main"], "geometry": [line((0, 0.5), (3, 0.5))]})
    return drawn_county(file, "AAB\nCCB", homes="250\n310", more={"incidents": told, "roads": roads})


def incident(number: str, when: str, column: float, row: float, category: str = "公用设施/路灯故障") -> dict[str, Any]:
    """Return the row of a closed incident at a place of the drawing."""
    x, y = at(column, row)
    return {"id": number, "at": when, "category": category, "status": "closed", "x": x, "y": y,
            "geometry": shapely.Point(x, y)}  # fmt: skip


def told(client: TestClient, address: str, status: int = 200) -> Any:
    """Return what the service answers, as JSON."""
    answer = client.get(address)
    assert answer.status_code == status, answer.text
    return answer.json()


def codes(answer: Any) -> list[str]:
    """Return the codes of a page of features, in their order."""
    return [f["properties"]["code"] for f in answer["features"]]
