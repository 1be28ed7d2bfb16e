"""What a shapefile does not say of itself: the encoding of its texts, and whether it is whole."""

from __future__ import annotations

import codecs
import struct
from pathlib import Path

from gridgis.errors import InputError

_LDID = {
    0x4D: "gb18030",
    0x7A: "gb18030",
    0x4F: "big5hkscs",
    0x78: "big5hkscs",
    0x13: "cp932",
    0x7B: "cp932",
    0x4E: "cp949",
    0x79: "cp949",
}
"""Language drivers of East Asia; the western ones are what careless programs write, and are not believed."""
_CHINESE = ("gb18030", "gbk", "gb2312", "big5", "big5hkscs")
_SAMPLE_RECORDS = 20_000


def text_encoding(shp: Path) -> tuple[str, tuple[str, str]]:
    """Find the encoding of the table beside a shapefile.

    Parameters
    ----------
    shp
        The ``.shp``; ``.dbf`` and ``.cpg`` are looked for beside it.

    Returns
    -------
    encoding, evidence
        Name of a codec, and in words where it was found: the ``.cpg`` file, the language driver, or the bytes
        themselves (strict UTF-8, else GB18030).
    """
    dbf, cpg = shp.with_suffix(".dbf"), shp.with_suffix(".cpg")
    if not dbf.exists():
        return "utf-8", ("没有属性表（.dbf）", "there is no attribute table (.dbf)")
    raw = dbf.read_bytes()
    texts = _texts(raw)
    if cpg.exists():
        named = _codec(cpg.read_text("latin-1").strip())
        if named in _CHINESE and _is_chinese_utf8(texts):
            said = (f".cpg 写的是 {named}，但文字按 UTF-8 能完整读出，按 UTF-8 读取",
                    f"the .cpg file names {named}, but all texts are sound UTF-8 and were read so")  # fmt: skip
            return "utf-8", said
        if named and _decodes(texts, named):
            return named, (f"编码由 .cpg 给出：{named}", f"the .cpg file names the encoding {named}")
    by_driver = _LDID.get(raw[29]) if len(raw) > 29 else None
    if by_driver and _decodes(texts, by_driver):
        return by_driver, (f"编码由 dbf 语言标识给出：{by_driver}", f"the dbf names the encoding {by_driver}")
    if _decodes(texts, "utf-8"):
        return "utf-8", ("文字按 UTF-8 能完整读出", "all texts are sound UTF-8")
    return "gb18030", ("文字不是 UTF-8，按 GB18030 读取", "the texts are not UTF-8; read as GB18030")


def _codec(name: str) -> str | None:
    plain = name.lower().replace("ansi", "").strip()
    plain = f"cp{plain}" if plain.isdigit() else plain
    plain = {"cp936": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "cp65001": "utf-8"}.get(plain, plain)
    try:
        # Refuses codecs that are no text encodings, such as uu.
        b"a".decode(plain)
        return codecs.lookup(plain).name
    except (LookupError, ValueError):
        return None


def _texts(raw: bytes) -> list[bytes]:
    """Return field names and the texts of the first records."""
    if len(raw) < 33:
        return []
    records, head, width = struct.unpack("<IHH", raw[4:12])
    fields = [raw[i : i + 32] for i in range(32, min(head, len(raw)) - 1, 32) if raw[i : i + 1] != b"\r"]
    found = [f[:11].split(b"\0")[0] for f in fields if len(f) == 32]
    spans, at = [], 1
    for f in fields:
        if len(f) == 32:
            if f[11:12] == b"C":
                spans.append((at, at + f[16]))
            at += f[16]
    for n in range(min(records, _SAMPLE_RECORDS)):
        start = head + n * width
        found.extend(raw[start + a : start + b].rstrip(b" \0") for a, b in spans)
    return [t for t in found if not t.isascii()]


def _is_chinese_utf8(texts: list[bytes]) -> bool:
    """Tell whether all texts are sound UTF-8 with Chinese in them; GBK that is so by chance gives other letters."""
    try:
        plain = b"".join(texts).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return any(letter >= "\u2e80" for letter in plain)


def _decodes(texts: list[bytes], encoding: str) -> bool:
    for text in texts:
        try:
            # Not final: a text that was cut off in the middle of a character at the field's width is sound.
            codecs.getincrementaldecoder(encoding)("strict").decode(text, final=False)
        except UnicodeDecodeError:
            return False
    return True


def check_whole(shp: Path, name: str) -> int:
    """Raise if a part is missing or cut short; return the number of records it declares.

    Parameters
    ----------
    shp
        The ``.shp``.
    name
        What to call the file in the message.

    Returns
    -------
    int
        Records, by the index file.

    Raises
    ------
    InputError
        The index or table is missing, or a file is shorter than its header says.
    """
    shx, dbf = shp.with_suffix(".shx"), shp.with_suffix(".dbf")
    if not shx.exists():
        raise InputError(
            f"“{name}”缺少 .shx 文件：请把 .shp、.shx、.dbf、.prj 一起复制。",
            f"'{name}' comes without its .shx: copy .shp, .shx, .dbf and .prj together.",
        )
    for part in (shp, shx):
        head = part.read_bytes()[:100] if part.stat().st_size < 100 else _head(part)
        if len(head) < 100 or struct.unpack(">i", head[24:28])[0] * 2 != part.stat().st_size:
            raise _short(name)
    records = (shx.stat().st_size - 100) // 8
    if dbf.exists():
        raw = _head(dbf)
        count, head_size, width = struct.unpack("<IHH", raw[4:12]) if len(raw) >= 12 else (0, 0, 0)
        if count != records or dbf.stat().st_size < head_size + count * width:
            raise _short(name)
    return records


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(100)


def _short(name: str) -> InputError:
    return InputError(
        f"“{name}”不完整：文件长度或记录数与其文件头不符，请重新复制或导出。",
        f"'{name}' is cut short: its length or number of records is not what its header says; copy or export it again.",
    )
