"""What the export page shows and hands over: the very files, made once for a choice and a version."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import pandas as pd

from app_pages.desk import Desk
from gridgis.errors import RefusedError
from gridgis.exporting import Wish, export, frames
from gridgis.outgoing.formats import FORMATS, format_of
from gridgis.outgoing.placing import packed
from gridgis.outgoing.tables import write_rows


class Parcel(NamedTuple):
    """A zip for download, what its manifest says, and the rows in the file."""

    data: bytes
    manifest: dict[str, Any]
    frame: gpd.GeoDataFrame

    @property
    def file_bytes(self) -> int:
        """Size of the files as they lie in the zip, unpacked."""
        return sum(f["bytes"] for f in self.manifest["files"])


def file_name(desk: Desk, wish: Wish) -> str:
    """Return a name that says county, level, version, datum, and for whom."""
    chosen = FORMATS[wish.format]
    suffix = chosen.suffixes[0] if chosen.suffixes else ".txt"
    datum = chosen.datum or wish.datum
    role = "_public" if wish.role == "public" else ""
    return f"{desk.county.code}_{wish.level}_v{desk.version}_{datum}{role}{suffix}"


def parcel(desk: Desk, wish: Wish) -> Parcel:
    """Return what would be downloaded; it is made outside the session, once.

    Raises
    ------
    RefusedError
        It is more than the public may have, and the desk is that of somebody who may only look.
    """
    if desk.k and (wish.role != "public" or wish.k < desk.k):
        raise RefusedError("您的权限只能导出公开口径。", "Your role exports what the public may have, nothing more.")
    return desk.once(("export", *vars(wish).values()), lambda: _made(desk, wish))


def _made(desk: Desk, wish: Wish) -> Parcel:
    name = file_name(desk, wish)
    with tempfile.TemporaryDirectory() as folder, desk.quiet() as county:
        path = Path(folder) / name
        given = frames(county, county.plan, wish, format_of(path, wish.format))
        manifest = export(county, path, wish, given)
        words = path.with_name(f"{path.stem}.fields.csv")
        if not words.exists():
            write_rows(pd.DataFrame(manifest["schema"]), words)
        members = list(Path(folder).iterdir())
        packed(members, Path(folder) / "all.zip")
        return Parcel((Path(folder) / "all.zip").read_bytes(), manifest, given[0][1])
