"""What the core says of an import, as the page says it: the user's file name, the page's own choices, no options of a command."""

from __future__ import annotations

import re
from types import MappingProxyType

Words = tuple[str, str]

# (pattern, Chinese, English): advice that a widget on the page gives, or the place where it is to be followed.
_SPOKEN: tuple[tuple[str, str, str], ...] = (
    (r"[，；]如(?:确认|不对)请加 --datum \w+|（可用 --field 改）|坐标很像 \w+，可先试 --datum \w+。", "", ""),
    (r"[,;] say --datum \w+ if it is(?: not)?| \(--field changes it\)| The numbers look like \w+: try --datum \w+ first\.", "", ""),
    (r"用 --review 和 --decide 逐处决定", "在“逐处决定”中选定", ""),
    (r"decide one by one with --review and --decide", "", "decide under 'Decide place by place'"),
    (r"请用 --field (?:指明，例如 --field \S+|\w+=列名 指[明定])", "请在“字段对应”中选定", ""),
    (r"with --field(?: \w+=COLUMN)?", "", "under 'Fields'"),
    (r"用 --drop (\S+) 略去", r"在“读取方式”中略去“\1”", ""),
    (r"leave it out with --drop '([^']*)'", "", r"leave '\1' out under 'How it is read'"),
    (r"用 --(?:layer|crs|encoding) 指定(?:一个)?", "在“读取方式”中写明", ""),
    (r"with --(?:layer|crs|encoding)", "", "under 'How it is read'"),
    (r"--skip-rejected", "“跳过不合格的行”", "'Leave out what was rejected'"),
    (r"--repair-below", "“自动修补上限”", "'Mend up to'"),
    (r"--datum", "“坐标基准”", "'Datum'"), (r"--field", "“字段对应”", "'Fields'"),
    (r"--drop", "“略去的列”", "'Columns to leave out'"), (r"--encoding", "“属性编码”", "'Text encoding'"),
    (r"--crs", "“坐标系”", "'CRS'"), (r"--layer", "“图层或工作表”", "'Layer or sheet'"),
    (r"--as boundaries", "“界线”", "'Boundaries'"),
)  # fmt: skip

PROGRESS: MappingProxyType[str, str] = MappingProxyType({
    "读取文件": "reading the file", "逐行检查": "checking each row", "落到县区坐标系": "placing the rows in the county",
    "写入": "writing", "统计各基元的户数、人口与要素": "counting households, people and elements", "保存": "saving",
    "读取栅格": "reading the raster", "统计": "measuring", "落到建筑": "sharing out to buildings",
})  # fmt: skip


def said(text: str, lang: str) -> str:
    """Return a sentence of the core in the words of the page."""
    for pattern, zh, en in _SPOKEN:
        text = re.sub(pattern, en if lang == "en" else zh, text)
    return text


def step(words: str, lang: str) -> str:
    """Return what an import is doing; a step that has no English name is left out in English."""
    return PROGRESS.get(words, "") if lang == "en" else words
