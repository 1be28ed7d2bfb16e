"""What the page of registers asks of the core: rows to look at, a template, a trial, an import."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from app_pages import access
from app_pages.desk import Desk
from app_pages.matchdesk import Upload
from gridgis import registers
from gridgis.errors import InputError
from gridgis.schema import TABLES

SHOWN = 500
LISTS = {"kind": "kinds", "category": "categories", "class": "classes", "zone": "zones", "role": "roles"}
HIDDEN = ("x", "y", "id")


def rows(desk: Desk, as_: str, level: str, lang: str) -> tuple[list[str], pd.DataFrame]:
    """Return titles and rows of a register as people read them; of grids, those of a level."""
    other = lang == "en"
    if as_ == "register":
        with desk.quiet() as county:
            frame = pd.DataFrame(county.grids(level).drop(columns=["geometry", "level"])).reset_index()
        aliases = {c.name: c.zh for c in TABLES["grids"]}
    else:
        frame = desk.once(("rows", as_), lambda: _table(desk, as_))
        aliases = {c.name: c.zh for c in TABLES[as_]}
    frame = frame[
        [c for c in frame.columns if c not in HIDDEN and (c in ("code", "name") or frame[c].astype(bool).any())]
    ]
    for column in frame.columns:
        what = "organisations" if as_ == "organisations" and column == "kind" else LISTS.get(column)
        if what is not None:
            words = {i.key: i.en if other else i.zh for i in getattr(desk.scheme, what)}
            frame = frame.assign(**{column: frame[column].map(lambda v, words=words: words.get(v, v))})
    return [_title(str(c), {} if other else aliases, ours=c in aliases) for c in frame.columns], frame


def holding(frame: pd.DataFrame, text: str) -> pd.DataFrame:
    """Return the rows that hold a text in one of their columns, whatever its case; all of them for an empty text."""
    wanted = text.strip().casefold()
    if not wanted:
        return frame
    held = [frame[c].astype(str).str.casefold().str.contains(wanted, regex=False).to_numpy(bool) for c in frame.columns]
    return frame[np.logical_or.reduce(held)]


def _title(column: str, aliases: Mapping[str, str], *, ours: bool) -> str:
    """Return the title of a column: ours in the language asked for, that of a county's own file as it stands there."""
    plain = column.replace("_", " ")
    return aliases.get(column, plain.capitalize() if ours else plain)


def _table(desk: Desk, as_: str) -> pd.DataFrame:
    """Return a register with the names of people and bodies in the place of their ids."""
    with desk.quiet() as county:
        frame = pd.DataFrame(county.table(as_)).astype(object)
        others = {"staff": county.table("staff"), "organisation": county.table("organisations")}
    others["parent"] = others["organisation"]
    frame = frame.where(frame.notna(), "")
    for column, known in others.items():
        if column in frame.columns:
            names = dict(zip(known["id"], known["name"], strict=True))
            frame[column] = [names.get(v, v) for v in frame[column]]
    return frame


def template(desk: Desk, as_: str) -> bytes:
    """Return the workbook to fill in, with the county's grids."""
    with tempfile.TemporaryDirectory() as folder, desk.quiet() as county:
        path = Path(folder) / "template.xlsx"
        registers.write_template(path, as_, county.scheme, county)
        return path.read_bytes()


def bring(desk: Desk, upload: Upload, options: registers.Options, *, apply: bool) -> registers.Outcome | InputError:
    """Import a file, or try it; a file that cannot be read gives the sentence that says so."""

    def make() -> registers.Outcome | InputError:
        with tempfile.TemporaryDirectory() as folder, desk.quiet() as county:
            path = Path(folder) / upload.name
            path.write_bytes(upload.data)
            signed = (access.author() if apply else "", "")
            return registers.bring_in(county, path, options, apply=apply, signed=signed)

    def tried() -> registers.Outcome | InputError:
        try:
            return make()
        except InputError as error:
            return error

    if apply:
        access.require("save")
        return make()
    found: registers.Outcome | InputError = desk.once(
        ("register", upload.key, upload.name, options.as_, options.role, options.drop), tried
    )
    return found


def outcomes(desk: Desk, report: dict[str, Any], lang: str) -> list[tuple[int, str, str]]:
    """Return (row, result, why) of all that is to be said of the rows, what is wrong first."""
    en = lang == "en"
    told = [(r["row"], "rejected", r["reason" if en else "reason_zh"]) for r in report["rejected"]]
    told += [(w["row"], "warning", w["words" if en else "words_zh"]) for w in report["warnings"]]
    told += [
        (m["row"], "mended", f"{m['column']}: {m['words']}" if en else f"“{m['column']}”{m['words_zh']}")
        for m in report["mended"]
    ]
    heads = {c.name: c.zh for c in TABLES["grids"]} if not en else {}
    words = {key: {i.key: i.en if en else i.zh for i in getattr(desk.scheme, what)} for key, what in LISTS.items()}
    for change in report["changes"]:
        known = [
            (k, *(words.get(k, {}).get(v, v) or "–" for v in pair)) for k, pair in change.get("fields", {}).items()
        ]
        parts = [str(change.get("code", change.get("id")))]
        parts += [f"{heads.get(k, k)} {b}" if a == "–" else f"{heads.get(k, k)} {a} → {b}" for k, a, b in known]
        told.append((change["row"], change["change"], " · ".join(parts)))
    return told
