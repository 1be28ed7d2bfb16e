"""Files that appear whole or not at all: written under another name, then renamed."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gridgis.errors import InputError

_BESIDE_SHP = (".prj", ".qpj", ".qix", ".sbn", ".sbx")
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


@contextmanager
def drafting(path: Path) -> Iterator[Path]:
    """Give a folder beside the file; what lies in it at the end takes its place, the file itself last.

    Parameters
    ----------
    path
        The file to be made.

    Raises
    ------
    InputError
        The folder is not there or cannot be written.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}.", dir=path.parent))
        try:
            yield folder
            if path.suffix.lower() == ".shp":
                # A projection or an index of the file that was there before would lie about the new one.
                for ending in _BESIDE_SHP:
                    path.with_suffix(ending).unlink(missing_ok=True)
            for made in sorted(folder.iterdir(), key=lambda p: p.name == path.name):
                made.chmod(0o644)
                with made.open("rb") as file:
                    os.fsync(file.fileno())
                made.replace(path.parent / made.name)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise InputError(
            f"无法写入“{path}”：请检查文件夹是否存在、是否可写，磁盘是否已满。",
            f"'{path}' cannot be written: check that the folder is there, may be written to, and has room.",
        ) from error


def refuse_county(path: Path) -> None:
    """Refuse to write over a county, this one or another.

    Raises
    ------
    InputError
        The file is a county.
    """
    if path.suffix.lower() != ".gpkg" or not path.is_file():
        return
    db = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1", uri=True)
    try:
        county = bool(list(db.execute("SELECT 1 FROM sqlite_master WHERE name = 'code_ledger'")))
    except sqlite3.Error:
        county = False
    finally:
        db.close()
    if county:
        raise InputError(
            f"“{path}”是一个县区文件，不能被导出文件覆盖：请换一个文件名。",
            f"'{path}' is a county, which an export must not overwrite: choose another name.",
        )


def packed(members: list[Path], path: Path) -> None:
    """Put files into an archive, the same bytes for the same files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in sorted(members):
            info = zipfile.ZipInfo(member.name, _ZIP_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, member.read_bytes())


def checksums(members: list[Path]) -> list[dict[str, Any]]:
    """Return name, size and SHA-256 of each file."""
    out = []
    for path in sorted(members):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        out.append({"name": path.name, "bytes": path.stat().st_size, "sha256": digest})
    return out
