"""What the match page asks of the core: a match of an uploaded file, kept per file, choices and version."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import shapely

import gridgis as gg
from app_pages import access
from app_pages.desk import Desk
from gridgis.comparing import How, Theirs, compare, facts_of
from gridgis.io.match_report import sheets
from gridgis.io.workbook import workbook_bytes
from gridgis.matches.adopting import Adoption, adopt
from gridgis.matches.matching import Matching


@dataclass(frozen=True)
class Upload:
    """A file as it came: its name, its bytes and their fingerprint."""

    name: str
    data: bytes
    key: str

    @classmethod
    def of(cls, name: str, data: bytes) -> Upload:
        """Return an upload with its fingerprint."""
        return cls(Path(name).name, data, hashlib.blake2b(data, digest_size=12).hexdigest())


def matched(desk: Desk, upload: Upload, how: How) -> tuple[Theirs, Matching]:
    """Return the match of a file with the plan as it stands."""

    def make() -> tuple[Theirs, Matching]:
        with tempfile.TemporaryDirectory() as folder, desk.quiet() as county:
            path = Path(folder) / upload.name
            path.write_bytes(upload.data)
            return compare(county, path, how)

    found: tuple[Theirs, Matching] = desk.once(("match", upload.key, upload.name, how), make)
    return found


def accept(
    desk: Desk, upload: Upload, how: How, chosen: list[str] | None, above: float
) -> tuple[Adoption, gg.Edit | None]:
    """Take over codes and names of a file in one edit; the reason is the file."""
    access.require("save")
    _, matching = matched(desk, upload, how)
    done = adopt(desk.plan, matching, chosen, above=above)
    if done.edit is None:
        return done, None
    with desk.quiet() as county:
        return done, county.apply(done.edit, by=access.author(), reason=upload.name)


def report(desk: Desk, upload: Upload, how: How, lang: str) -> bytes:
    """Return the report as a workbook."""
    theirs, matching = matched(desk, upload, how)
    with desk.quiet() as county:
        facts = facts_of(county, theirs, lang)
    return workbook_bytes(sheets(matching, facts, lang))


def place(desk: Desk, theirs: Theirs, row: pd.Series[Any]) -> shapely.Geometry | None:
    """Return where a row lies: its own polygon, else that of its grid."""
    drawn = None if pd.isna(row["row"]) else theirs.rows.geometry[row["row"]]
    if drawn is None and row["code_here"] in desk.plan.grids:
        drawn = desk.plan.grid_geometry(row["code_here"])
    return drawn
