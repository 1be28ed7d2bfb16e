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
import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from gridgis import verdicts as v
from gridgis.errors import InputError
from gridgis.io.geojson import write_geojson
from gridgis.matching import Matching
from gridgis.schema import reproject

KINDS = (".xlsx", ".csv", ".json", ".geojson")
_COLOURS = {
    v.MATCHED: "#e7f3ec", v.NAME: "#fdf6e6", v.RECODED: "#e6eefa", v.MOVED: "#fbe7d8", v.SWAPPED: "#f6e3f1",
    v.DUPLICATE: "#f6e3f1", v.HERE: "#fdeeec", v.THERE: "#fdeeec", v.OTHER: "#eef1f4", v.MALFORMED: "#fbdad6",
}  # fmt: skip
_WIDTHS = {"row": 7, "code_there": 20, "name_there": 22, "code_here": 20, "name_here": 22, "verdict": 22,
           "detail": 18, "lies_in": 20, "words": 80}  # fmt: skip


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
        ".xlsx": lambda: _workbook(matching, path, facts, lang),
        ".csv": lambda: _csv(shown(matching, lang), path),
        ".json": lambda: _text(json.dumps(facts | as_json(matching, lang), ensure_ascii=False, indent=1), path),
        ".geojson": lambda: _geojson(matching, path, located),
    }
    check_kind(path)
    try:
        writers[path.suffix.lower()]()
    except (OSError, XlsxWriterException) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(f"无法写入“{path}”：{why}。", f"'{path}' cannot be written: {why}.") from error


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


def _workbook(matching: Matching, path: Path, facts: dict[str, str], lang: str) -> None:
    """Write a summary and the rows, all of it as text: a code must stay the text that it is."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        head = book.add_format({"bold": True, "bg_color": "#22303d", "font_color": "#ffffff", "valign": "vcenter"})
        _summary(book, head, matching, facts, lang)
        frame = shown(matching, lang)
        sheet = book.add_worksheet("Rows" if lang == "en" else "明细")
        sheet.freeze_panes(1, 0)
        kinds = {k: book.add_format({"bg_color": c, "num_format": "@"}) for k, c in _COLOURS.items()}
        text, share = book.add_format({"num_format": "@"}), book.add_format({"num_format": "0.000"})
        for k, (key, title) in enumerate(zip(v.COLUMNS, frame.columns, strict=True)):
            sheet.set_column(k, k, _WIDTHS.get(key, 10))
            sheet.write_string(0, k, title, head)
            for n, (value, verdict) in enumerate(zip(frame[title], matching.frame["verdict"], strict=True), 1):
                if key in ("iou", "score", "row") and value is not None:
                    sheet.write_number(n, k, value, None if key == "row" else share)
                elif value:
                    sheet.write_string(n, k, str(value), kinds[verdict] if key == "verdict" else text)
        sheet.autofilter(0, 0, max(1, len(frame)), len(frame.columns) - 1)


def _summary(book: Any, head: Any, matching: Matching, facts: dict[str, str], lang: str) -> None:
    sheet = book.add_worksheet("Summary" if lang == "en" else "汇总")
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 2, 18)
    for n, (title, value) in enumerate(facts.items()):
        sheet.write_string(n, 0, title)
        sheet.write_string(n, 1, value)
    top = len(facts) + 1
    titles = (
        ("Verdict", "Rows of the file", "Grids of the plan") if lang == "en" else ("结论", "文件行数", "方案网格数")
    )
    for k, title in enumerate(titles):
        sheet.write_string(top, k, title, head)
    for n, (title, there, here) in enumerate(counts(matching, lang), top + 1):
        sheet.write_string(n, 0, title)
        sheet.write_number(n, 1, there)
        sheet.write_number(n, 2, here)
