"""What the page for paper makes: the studio of a county, and many boards in one archive."""

from __future__ import annotations

import io
import zipfile

from app_pages.desk import Desk
from gridgis.print.boards import Studio, board, studio_of
from gridgis.print.settings import settings_of


def studio(desk: Desk, words: str) -> Studio:
    """Return what boards are made from, read once for a state of the county."""

    def read() -> Studio:
        with desk.quiet() as county:
            return studio_of(county, settings_of(county), words)

    found: Studio = desk.once(("studio", words), read)
    return found


def packed(made_from: Studio, codes: list[str]) -> bytes:
    """Return the boards of grids in one archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for code in codes:
            archive.writestr(f"{code}.pdf", board(made_from, code)[0])
    return out.getvalue()
