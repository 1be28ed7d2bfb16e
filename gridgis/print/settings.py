"""What a county wants on its boards: a TOML file, or what was kept in the county, over our defaults."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from gridgis.county import County
from gridgis.errors import InputError
from gridgis.print.typeset import TEMPLATES
from gridgis.scheme_errors import toml_of

KEY = "print_toml"
"""Under this name the settings are kept in the county."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Hotline(_Strict):
    """A public telephone number."""

    zh: str
    en: str
    number: str


class Fact(_Strict):
    """A line among the facts of a community."""

    zh: str
    en: str
    value_zh: str
    value_en: str


class Settings(_Strict):
    """What a county wants on its boards; the file ``board.toml`` explains each."""

    paper: Literal["A3", "A4"] = "A3"
    title_zh: str = "网格公示牌"
    title_en: str = "Grid signboard"
    qr: str = "{code}"
    map_number: str = ""
    note_zh: str = ""
    note_en: str = ""
    phones: bool = True
    hotlines: tuple[Hotline, ...] = ()
    facts: tuple[Fact, ...] = ()

    def qr_of(self, code: str) -> str:
        """Return what the QR code of a grid says."""
        return self.qr.replace("{code}", code)


def settings_from(text: str, name: str) -> Settings:
    """Read settings.

    Raises
    ------
    InputError
        It is no TOML, or a value is none of those allowed.
    """
    try:
        return Settings.model_validate(toml_of(text))
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"设置文件“{name}”不是 TOML：{error}。", f"The settings '{name}' are not TOML: {error}."
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise InputError(
            f"设置文件“{name}”的“{key}”有误（{first['msg']}）：请对照自带的 board.toml 改正。",
            f"'{key}' in the settings '{name}' is wrong ({first['msg']}): compare with the board.toml that comes along.",
        ) from error


def settings_text(county: County, file: Path | None) -> tuple[str, str]:
    """Return the settings as text and where they come from: the file, the county, or our defaults.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    if file is None:
        kept = county.meta.get(KEY)
        return (kept, county.store.name) if kept else ((TEMPLATES / "board.toml").read_text("utf-8"), "board.toml")
    try:
        return file.read_text(encoding="utf-8-sig"), str(file)
    except OSError as error:
        raise InputError(f"无法读取“{file}”：{error.strerror}。", f"'{file}' cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"“{file}”不是 UTF-8 文本：请另存为 UTF-8。", f"'{file}' is not UTF-8: save it as UTF-8.") from error


def settings_of(county: County, file: Path | None = None) -> Settings:
    """Return what a county wants on its boards."""
    return settings_from(*settings_text(county, file))


def save_hotlines(county: County, hotlines: Sequence[Hotline]) -> None:
    """Keep the public telephones of a county; the rest of its settings stays as it is.

    Raises
    ------
    InputError
        The settings could not be read again with them.
    """
    text, name = settings_text(county, None)
    text = re.sub(r"(?m)^\[\[hotlines\]\][ \t]*\n(?:[ \t]*(?:\w+[ \t]*=.*)?\n)*", "", text + "\n")
    text = re.sub(r"(?ms)^hotlines\s*=\s*\[.*?\]\s*?$\n?", "", text).rstrip()
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for h in hotlines for key, value in h.model_dump().items()]
    blocks = ["\n".join(("", "[[hotlines]]", *lines[k : k + 3])) for k in range(0, len(lines), 3)]
    text = "\n".join((text, *blocks, ""))
    if settings_from(text, name).hotlines != tuple(hotlines):
        raise InputError(
            f"“{name}”中的 hotlines 无法改写：请用 gridgis signs --settings 文件 --keep 存入整份设置。",
            f"The hotlines in '{name}' cannot be rewritten: keep whole settings with gridgis signs --settings FILE --keep.",
        )
    county.store.put_setting(KEY, text)
    county.forget()
