"""A drawn county with people in it: every required role held, nobody overcharged, visits in time.

Tests spoil one thing at a time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from gridgis.county import open_county
from tests.drawn import at, code_of, drawn_county

DRAWING = """
AAABBB
AAABBB
CCCddd
"""
A, B, C, D = (str(code_of(c)) for c in "ABCd")
NORTH, SOUTH = "350526100001", "350526100002"
TOWN = "350526100"
DAY = "2026-10-31"

SCHEME = """
name = "crew"
zh = "演练体系"
en = "Drill system"
levels = [
  { key = "township", zh = "乡镇", en = "township", digits = 3 },
  { key = "community", zh = "社区", en = "community", digits = 3 },
  { key = "unit", zh = "单元网格", en = "unit grid", digits = 3 },
]
categories = [{ key = "mixed", zh = "混合型", en = "mixed" }]
organisations = [{ key = "party_group", zh = "党小组", en = "party group" }]
roles = [
  { key = "chief", zh = "社区长", en = "community chief", level = "community", required = true },
  { key = "unit_head", zh = "网格长", en = "grid head", level = "unit", required = true, at_most = 2, at_home = true },
  { key = "party_group", zh = "党小组", en = "party group", level = "unit", holder = "organisation", required = true },
  { key = "visitor", zh = "包联干部", en = "official", level = "unit", visit_days = 31 },
  { key = "police", zh = "民警", en = "police officer", level = "unit" },
  { key = "volunteer", zh = "志愿者", en = "volunteer" },
]
staffing = [{ level = "unit", role = "police", category = "mixed", number = 2 }]
places = [{ key = "school", zh = "学校", en = "school" }]
"""


def person(key: str, name: str, role: str, home: tuple[float, float] | None, phone: str = "") -> dict[str, object]:
    """Return a row of the staff table; home in characters of the drawing."""
    x, y = at(*home) if home else (None, None)
    return {
        "id": key,
        "name": name,
        "role": role,
        "phone": phone or f"1990000{key[1:]:0>4}",
        "x": x,
        "y": y,
        "source": "示意",
    }


def posting(
    key: str, role: str, code: str, holder: str, since: str = "2026-01-01", until: str | None = None
) -> dict[str, object]:
    """Return a row of the postings; holders that begin with o are bodies."""
    side = "organisation" if holder.startswith("o") else "staff"
    return {"id": key, "role": role, "code": code, side: holder, "since": since, "until": until}


def tables() -> dict[str, pd.DataFrame]:
    """Return the registers of the clean county."""
    homes = {"s1": (1, 1), "s2": (4, 1), "s3": (1, 2.5), "s4": (4, 2.5)}
    names = dict(zip(homes, ("林一", "王二", "陈三", "李四"), strict=True))
    staff = [person(k, names[k], "unit_head", homes[k]) for k in homes]
    staff += [
        person("s5", "周五", "chief", (5, 1)),
        person("s6", "吴六", "chief", (5, 2.5)),
        person("s7", "郑七", "visitor", None),
    ]
    heads = [posting(f"p{k}", "unit_head", code, f"s{k}") for k, code in enumerate((A, B, C, D), 1)]
    groups = [posting(f"p1{k}", "party_group", code, f"o{k}") for k, code in enumerate((A, B, C, D), 1)]
    others = [
        posting("p5", "chief", NORTH, "s5"),
        posting("p6", "chief", SOUTH, "s6"),
        posting("p7", "visitor", A, "s7"),
    ]
    bodies = [
        {"id": f"o{k}", "kind": "party_group", "name": f"第{k}党小组", "phone": "0595-23520000"} for k in range(1, 5)
    ]
    visits = [
        {"id": "v1", "staff": "s7", "code": A, "at": "2026-10-20"},
        {"id": "v2", "staff": "s7", "code": A, "at": "2026-11-20"},
    ]
    return {"staff": pd.DataFrame(staff), "organisations": pd.DataFrame(bodies),
            "postings": pd.DataFrame([*heads, *others, *groups]), "visits": pd.DataFrame(visits)}  # fmt: skip


def crewed(path: Path, spoil: Callable[[dict[str, pd.DataFrame]], object] | None = None, homes: str = "") -> Path:
    """Write the county with its people, spoilt if asked, and return its path."""
    drawn_county(path, DRAWING, homes=homes)
    with sqlite3.connect(path) as raw:
        rows = {"scheme_toml": SCHEME, "scheme": "crew", "illustrative": "true", "as_of": DAY}
        raw.executemany("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", rows.items())
    raw.close()
    frames = tables()
    if spoil:
        spoil(frames)
    with open_county(path) as county:
        for name, frame in frames.items():
            county.store.replace_table(name, frame)
    return path


def set_cell(frame: pd.DataFrame, key: str, column: str, value: object) -> None:
    """Change one cell of a register by the id of its row."""
    frame[column] = frame[column].astype(object)
    frame.loc[frame["id"] == key, column] = value


def without(frames: dict[str, pd.DataFrame], table: str, *keys: str) -> None:
    """Take rows out of a register."""
    frames[table] = frames[table][~frames[table]["id"].isin(keys)]


def added(frames: dict[str, pd.DataFrame], table: str, *rows: dict[str, object]) -> None:
    """Put rows into a register."""
    frames[table] = pd.concat([frames[table], pd.DataFrame(rows)], ignore_index=True)
