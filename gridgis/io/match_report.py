"""A match as a file: a workbook to filter, CSV, JSON, or GeoJSON with the polygons of the file and of the plan."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgis.errors import InputError
from gridgis.io.geojson import write_geojson
from gridgis.io.workbook import Sheet, write_workbook
from gridgis.matches import verdicts as v
from gridgis.matches.matching import Matching
from gridgis.schema import reproject

KINDS = (".xlsx", ".csv", ".json", ".geojson")


def shown(matching: Matching, lang: str) -> pd.DataFrame:
    """Return the rows of a match as people read them: titles and sentences in a language, no missing values."""
    at = 1 if lang == "en" else 0
    frame = matching.frame
    out = frame[[*v.COLUMNS]].assign(
        verdict=[v.VERDICTS[k][at] for k in frame["verdict"]],
        detail=[v.DETAILS[k][at] if k else "" for k in frame["detail"]],
        words=frame["words_en" if at else "words"],
    )
    out = out.astype(object).where(out.notna(), None)
    return out.rename(columns={k: titles[at] for k, titles in v.COLUMNS.items()})


def counts(matching: Matching, lang: str) -> list[tuple[str, int, int]]:
    """Return title, rows of the file and grids of the plan per verdict, the totals last."""
    at = 1 if lang == "en" else 0
    sides = matching.summary["there"], matching.summary["here"]
    rows: list[tuple[str, int, int]] = []
    for key, words in v.VERDICTS.items():
        if key == v.NAME:
            named = [side.get("names", {}) for side in sides]
            both = [d for d in v.DETAILS if d in named[0] or d in named[1]]
            rows += [(f"{v.CODE_MATCHES[at]}{v.DETAILS[d][at]}", named[0].get(d, 0), named[1].get(d, 0)) for d in both]
        elif key in sides[0] or key in sides[1]:
            rows.append((words[at], sides[0].get(key, 0), sides[1].get(key, 0)))
    return [*rows, (("合计", "Total")[at], sides[0]["all"], sides[1]["all"])]


def sheets(matching: Matching, facts: dict[str, str], lang: str) -> list[Sheet]:
    """Return a match as sheets: the counts, all rows, and the rows of each verdict that is a difference."""
    titles = (
        ("Verdict", "Rows of the file", "Grids of the plan") if lang == "en" else ("结论", "文件行数", "方案网格数")
    )
    summary = pd.DataFrame(counts(matching, lang), columns=list(titles))
    rows, verdicts = shown(matching, lang), matching.frame["verdict"]
    names = ("Summary", "All rows") if lang == "en" else ("汇总", "全部")
    note = " · ".join(f"{title} {value}" for title, value in facts.items())
    at = 1 if lang == "en" else 0
    apart = [
        Sheet(v.VERDICTS[k][at], rows[verdicts == k]) for k in v.VERDICTS if k != v.MATCHED and (verdicts == k).any()
    ]
    return [Sheet(names[0], summary, note), Sheet(names[1], rows), *apart]


def as_json(matching: Matching, lang: str = "zh") -> dict[str, Any]:
    """Return a match as values that JSON can hold; `words` in the language, keys and verdicts fixed."""
    frame = matching.frame
    if lang == "en":
        frame = frame.assign(words=frame["words_en"])
    plain = frame.astype(object).where(frame.notna(), None).to_dict("records")
    rows = [{k: x.item() if isinstance(x, np.generic) else x for k, x in row.items()} for row in plain]
    return {"level": matching.level, "agrees": matching.agrees, "summary": matching.summary, "rows": rows}


def write_match(
    matching: Matching, path: Path, *, facts: dict[str, str], lang: str = "zh", located: gpd.GeoDataFrame | None = None
) -> None:
    """Write a match to a file of the kind that its name says.

    Parameters
    ----------
    matching
        The match.
    path
        ``.xlsx``, ``.csv``, ``.json`` or ``.geojson``.
    facts
        What the summary says of county and file, title to value.
    lang
        Language of titles and sentences.
    located
        The rows with their polygons, for GeoJSON.

    Raises
    ------
    InputError
        The kind is not written, or the file cannot be.
    """
    writers: dict[str, Callable[[], None]] = {
        ".xlsx": lambda: write_workbook(path, sheets(matching, facts, lang)),
        ".csv": lambda: _csv(shown(matching, lang), path),
        ".json": lambda: _text(json.dumps(facts | as_json(matching, lang), ensure_ascii=False, indent=1), path),
        ".geojson": lambda: _geojson(matching, path, located),
    }
    check_kind(path)
    try:
        writers[path.suffix.lower()]()
    except OSError as error:
        raise InputError(
            f"无法写入“{path}”：{error.strerror}。", f"'{path}' cannot be written: {error.strerror}."
        ) from error


def check_kind(path: Path) -> None:
    """Refuse kinds of files that a match is not written to.

    Raises
    ------
    InputError
        Names the kinds that are.
    """
    if path.suffix.lower() not in KINDS:
        listed = "、".join(KINDS)
        raise InputError(
            f"核对报告不能写成“{path.name}”：请用 {listed}。",
            f"A match cannot be written to '{path.name}': use {listed.replace('、', ', ')}.",
        )


def _text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")


def _csv(frame: pd.DataFrame, path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(frame.columns)
        for row in frame.itertuples(index=False, name=None):
            # A spreadsheet would run text that starts like a formula.
            writer.writerow([f"'{x}" if isinstance(x, str) and x[:1] in "=+-@\t\r" and x else x for x in row])


def _geojson(matching: Matching, path: Path, located: gpd.GeoDataFrame | None) -> None:
    if located is None:
        raise InputError("没有可写出的图形。", "There are no polygons to write.")
    plain = pd.DataFrame(as_json(matching)["rows"])
    shapes = [None if g is None else reproject(g, located.crs.to_epsg(), 4490) for g in located.geometry]
    frame = gpd.GeoDataFrame(plain, geometry=shapes, crs=4326)
    write_geojson(frame.to_json(drop_id=True, ensure_ascii=False), path)
