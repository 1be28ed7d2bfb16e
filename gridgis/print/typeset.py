"""Typesetting: a template, data and pictures in; PDF or PNG out. Fonts come from set-up, never from a network."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import typst

from gridgis.errors import InputError

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
Format = Literal["pdf", "png"]


def font_folder() -> Path:
    """Return the folder of the fonts: GRIDGIS_FONTS if set, else that which set-up filled."""
    named = os.environ.get("GRIDGIS_FONTS")
    return Path(named) if named else HERE / "fonts"


def require_fonts() -> Path:
    """Return the font folder.

    Raises
    ------
    InputError
        There is no font in it, so that Chinese would be lost.
    """
    folder = font_folder()
    if not any(p.suffix.lower() in (".ttf", ".otf", ".ttc") for p in folder.glob("*")):
        raise InputError(
            f"“{folder}”里没有字体：请运行 make install（Windows：py tools\\setup.py install），"
            "或用环境变量 GRIDGIS_FONTS 指出放有思源黑体（Noto Sans SC）的文件夹。",
            f"There is no font in '{folder}': run make install (Windows: py tools\\setup.py install), "
            "or name a folder with Noto Sans SC in the environment variable GRIDGIS_FONTS.",
        )
    return folder


class Press:
    """One template, ready to be set many times.

    Parameters
    ----------
    name
        Name of the template, without suffix.
    folder
        Folder of changed templates; what is not there is taken from those that come with GridGIS.

    Raises
    ------
    InputError
        There are no fonts or no such folder.
    """

    def __init__(self, name: str, folder: Path | None = None) -> None:
        self.path = template_file(f"{name}.typ", folder)
        self._setter = typst.Compiler(
            str(self.path), root=str(self.path.parent), font_paths=[str(require_fonts())], ignore_system_fonts=True
        )

    def set(
        self, data: Any, pictures: Mapping[str, str] | None = None, formats: tuple[Format, ...] = ("pdf",), ppi: int = 150
    ) -> list[bytes]:
        """Return the document in each format; of PNG the first page.

        Parameters
        ----------
        data
            What the template reads as ``d``: plain values.
        pictures
            SVG texts, read by the template as ``sys.inputs``.
        formats
            ``pdf`` or ``png``.
        ppi
            Pixels per inch of PNG.

        Raises
        ------
        InputError
            The template has a fault.
        """
        given = {"data": json.dumps(data, ensure_ascii=False)} | dict(pictures or {})
        try:
            made = [self._setter.compile(sys_inputs=given, format=f, ppi=float(ppi)) for f in formats]
        except typst.TypstError as error:
            raise InputError(
                f"模板“{self.path}”有误：{error.message}。请改正模板，或删去它以使用自带的模板。",
                f"The template '{self.path}' has a fault: {error.message}. Mend it, or remove it to use ours.",
            ) from error
        return [bytes((m[0] if isinstance(m, list) else m) or b"") for m in made]


def template_file(name: str, folder: Path | None) -> Path:
    """Return a template file: the changed one if the folder has it, else ours.

    Raises
    ------
    InputError
        There is no such folder.
    """
    if folder is None:
        return TEMPLATES / name
    if not folder.is_dir():
        raise InputError(
            f"没有模板文件夹“{folder}”：请先把自带模板复制到其中（gridgis signs --copy-templates 文件夹）。",
            f"There is no folder of templates '{folder}': copy ours there first (gridgis signs --copy-templates DIR).",
        )
    # Whatever it leans on must lie beside it.
    own = folder / name
    return own if own.is_file() else TEMPLATES / name


@lru_cache(maxsize=8)
def press(name: str, folder: Path | None = None) -> Press:
    """Return a template ready to be set; made once in a process."""
    return Press(name, folder)
