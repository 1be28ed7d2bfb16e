"""Many boards: two processes, resumable, each file whole or not there, and a sheet of small pictures at the end."""

from __future__ import annotations

import hashlib
import io
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import pandas as pd
import typst
from PIL import Image

from gridgis.county import County, open_county
from gridgis.errors import InputError
from gridgis.print.boards import Studio, content, studio_of
from gridgis.print.settings import settings_from
from gridgis.print.typeset import TEMPLATES, Format, press, require_fonts, template_file

Progress = Callable[[float, str], None]
MARKS = "_boards.json"
SMALL = "_contact"
CONTACT = "_contact/contact.pdf"
_SMALL_PPI = 28
_ON_SHEET = 30
_NOTED_EVERY = 25


@dataclass(frozen=True)
class Order:
    """What boards are wanted.

    Attributes
    ----------
    county
        File or address of the county.
    folder
        Where they go: ``CODE.pdf``, ``CODE.png``.
    settings
        Text of the settings.
    formats
        ``pdf``, ``png`` or both.
    ppi
        Pixels per inch of PNG.
    lang, templates
        As in `gridgis.print.boards.Studio`.
    contact
        A sheet of small pictures is made too.
    """

    county: str
    folder: Path
    settings: str
    formats: tuple[Format, ...] = ("pdf",)
    ppi: int = 150
    lang: str = "zh"
    templates: Path | None = None
    contact: bool = True


@dataclass(frozen=True)
class Made:
    """What became of an order: boards made now, those that were there, and the contact sheet."""

    made: int
    kept: int
    contact: Path | None


def boards(order: Order, codes: Sequence[str], workers: int = 2, progress: Progress | None = None) -> Made:
    """Make boards; those made before from the same plan, registers and settings are left as they are.

    Parameters
    ----------
    order
        What is wanted.
    codes
        The grids.
    workers
        How many processes.
    progress
        Told a share and words.

    Raises
    ------
    InputError
        The folder cannot be written, or a template or the fonts are at fault.
    """
    tell = progress or (lambda _share, _words: None)
    require_fonts()
    settings_from(order.settings, "settings")
    _folders(order.folder)
    mark, known = fingerprint(order), _read_marks(order.folder)
    left = [c for c in codes if known.get(c) != mark or not all(p.is_file() for p in files(order, c))]
    try:
        for n, code in enumerate(_work(order, left, workers), 1):
            tell(0.97 * n / len(left), code)
            known[code] = mark
            if n % _NOTED_EVERY == 0:
                _write_marks(order.folder, known)
    finally:
        # Broken off, a run leaves behind what it has made and knows it.
        if left:
            _write_marks(order.folder, known)
    contact = None
    if order.contact and codes:
        tell(0.97, "contact sheet")
        contact = order.folder / CONTACT
        _write(contact, contact_sheet(order, codes))
    return Made(len(left), len(codes) - len(left), contact)


def files(order: Order, code: str) -> list[Path]:
    """Return the files of a board."""
    own = [order.folder / f"{code}.{f}" for f in order.formats]
    return [*own, order.folder / SMALL / f"{code}.jpg"] if order.contact else own


def fingerprint(order: Order) -> str:
    """Return a hash of all that boards are made from."""
    digest = hashlib.sha256(repr((order.settings, order.formats, order.ppi, order.lang)).encode())
    for name in sorted(p.name for p in TEMPLATES.iterdir()):
        digest.update(template_file(name, order.templates).read_bytes())
    with open_county(order.county) as county:
        digest.update(f"{county.plan.hash} {county.store.pulse()} {county.today}".encode())
        for table in ("staff", "organisations", "postings", "roads", "places"):
            frame = pd.DataFrame(county.table(table)).drop(columns="geometry", errors="ignore").astype(str)
            digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return digest.hexdigest()


def _work(order: Order, codes: list[str], workers: int) -> Iterator[str]:
    if workers < 2 or len(codes) < 8:
        yield from (_one((order, code)) for code in codes)
        return
    # Spawned, not forked: the parent may hold an open store and threads.
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap_unordered(_one, [(order, code) for code in codes], chunksize=4)


@lru_cache(maxsize=1)
def _studio(order: Order, _process: int) -> Studio:
    with open_county(order.county) as county:
        return opened_studio(county, order)


def opened_studio(county: County, order: Order) -> Studio:
    """Read what an order needs from an open county."""
    return studio_of(county, settings_from(order.settings, "settings"), order.lang, order.templates)


def _one(task: tuple[Order, str]) -> str:
    order, code = task
    studio = _studio(replace(order, folder=Path()), os.getpid())
    save(studio, order, code)
    return code


def save(studio: Studio, order: Order, code: str) -> None:
    """Make one board and write its files, each whole or not at all."""
    told, setter = content(studio, code), press("board", studio.templates)
    for form, data in zip(order.formats, setter.set(*told, order.formats, order.ppi), strict=True):
        _write(order.folder / f"{code}.{form}", data)
    if order.contact:
        image = Image.open(io.BytesIO(setter.set(*told, ("png",), _SMALL_PPI)[0])).convert("RGB")
        small = io.BytesIO()
        image.save(small, "JPEG", quality=70)
        _write(order.folder / SMALL / f"{code}.jpg", small.getvalue())


def _folders(folder: Path) -> None:
    try:
        (folder / SMALL).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritten(folder, error) from error


def _write(path: Path, data: bytes) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        raise _unwritten(path, error) from error


def _unwritten(path: Path, error: OSError) -> InputError:
    return InputError(f"无法写入“{path}”：{error.strerror}。", f"'{path}' cannot be written: {error.strerror}.")


def _read_marks(folder: Path) -> dict[str, str]:
    """Return what each board in the folder was made from, as a fingerprint."""
    try:
        found = json.loads((folder / MARKS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _write_marks(folder: Path, known: dict[str, str]) -> None:
    _write(folder / MARKS, json.dumps(known, indent=0).encode())


def contact_sheet(order: Order, codes: Sequence[str]) -> bytes:
    """Return the small pictures of boards, thirty a page, each with its code."""
    pages = [list(codes[k : k + _ON_SHEET]) for k in range(0, len(codes), _ON_SHEET)]
    small = order.folder / SMALL
    # Typst reads pictures from below the template's own folder alone.
    _write(small / "data.json", json.dumps({"pages": pages}).encode())
    _write(small / "contact.typ", template_file("contact.typ", order.templates).read_bytes())
    made = typst.compile(str(small / "contact.typ"), root=str(small), font_paths=[str(require_fonts())],
                         ignore_system_fonts=True, format="pdf")  # fmt: skip
    return bytes(made)
