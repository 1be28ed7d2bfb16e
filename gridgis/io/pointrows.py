"""Tables of points as people send them: read as text, nothing retyped, each row with a place or a reason why not."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from gridgis.datums import shift
from gridgis.errors import InputError
from gridgis.schema import parse_crs

Words = tuple[str, str]
Floats = NDArray[np.float64]

EAST = ("lon", "lng", "long", "longitude", "经度", "x", "东经", "横坐标", "东坐标", "easting", "东", "e", "jd")
NORTH = ("lat", "latitude", "纬度", "y", "北纬", "纵坐标", "北坐标", "northing", "北", "n", "wd")
BOTH = ("wkt", "geometry", "geom", "point", "坐标", "经纬度", "位置", "location", "coordinates", "latlon", "latlng")
_SAMPLE = 200
_NUMBER = r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?"
_WKT = re.compile(rf"(?:SRID=\d+;)?\s*POINT\s*Z?\s*\(\s*({_NUMBER})\s+({_NUMBER})(?:\s+{_NUMBER})?\s*\)", re.IGNORECASE)
_DEGREES = re.compile(
    r"([EWNS东西南北]?)[经纬:]?\s*(\d{1,3}(?:\.\d+)?)\s*[°º度]\s*(?:(\d{1,2}(?:\.\d+)?)\s*['’′分]\s*)?"
    r"(?:(\d{1,2}(?:\.\d+)?)\s*(?:\"|”|''|′′|’’|秒)?\s*)?([EWNS]?)",
    re.IGNORECASE,
)
_LETTER = re.compile(r"([东西南北]?[经纬]?|[EWNS]?)\s*(\d+(?:\.\d+)?)\s*([EWNS]?)", re.IGNORECASE)
_PAIR = re.compile(rf"[(\[]?\s*({_NUMBER})\s*[,;\s]\s*({_NUMBER})\s*[)\]]?")

_EMPTY = ("没有坐标", "no coordinates")
_NO_NUMBER = ("坐标不是数字", "the coordinates are no numbers")
_FAR_DEGREES = 10.0
NO_SYSTEM = (
    "不是经纬度，也不是本县区坐标系的米：请用 --crs 指明坐标系（北坐标在前的请交换两列）",
    "neither degrees nor metres of the county's CRS: name the system with --crs (swap the columns if northing is first)",
)
NO_DEGREES = (
    "不是有效的经纬度，请检查经度、纬度两列是否颠倒",
    "no longitude and latitude; are the two columns swapped?",
)


@dataclass(frozen=True)
class PointRows:
    """A table of points.

    Attributes
    ----------
    header, rows
        Text as it stands in the file, every row as long as the header.
    lines
        Line of the file at which each row begins, counted from 1.
    xy
        As the file has them, easting or longitude first, shape (n, 2); NaN where there is a reason.
    reasons
        Per row why it has no place, None where it has one.
    columns
        The columns that the coordinates were taken from.
    datum
        What the names of these columns say of their datum, None where they say nothing.
    """

    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    xy: Floats
    reasons: list[Words | None]
    columns: tuple[str, ...]
    datum: str | None = None

    def project(self, epsg: int, *, datum: str, crs: str | None) -> Floats:
        """Return the places in a county's CRS; rows that turn out to have none get a reason.

        Parameters
        ----------
        epsg
            The county's CRS.
        datum
            Datum of degrees.
        crs
            CRS of the coordinates; None for degrees of the datum, or metres of the county's CRS where they are
            clearly no degrees.
        """
        usable = np.isfinite(self.xy).all(axis=1)
        out = np.full_like(self.xy, np.nan)
        if crs is not None:
            x, y = Transformer.from_crs(parse_crs(crs), epsg, always_xy=True).transform(*self.xy[usable].T)
            out[usable] = np.column_stack([x, y])
            self._refuse(
                np.asarray(usable & ~np.isfinite(out).all(axis=1)), ("超出坐标系的范围", "beyond the reach of the CRS")
            )
            return out
        if usable.any() and np.median(np.abs(self.xy[usable])) > 360:
            return self._metres(np.asarray(usable), epsg)
        degrees = usable & (np.abs(self.xy) <= [180, 90]).all(axis=1)
        self._refuse(np.asarray(usable & ~degrees), NO_DEGREES)
        lon, lat = shift(self.xy[degrees, 0], self.xy[degrees, 1], datum, "cgcs2000")
        out[degrees] = np.column_stack(Transformer.from_crs(4490, epsg, always_xy=True).transform(lon, lat))
        out[np.isinf(out)] = np.nan
        return out

    def _metres(self, usable: NDArray[np.bool_], epsg: int) -> Floats:
        """Return metres of the county's CRS; numbers that cannot be that are refused, or all would lie outside."""
        area = CRS.from_epsg(epsg).area_of_use
        if area is None:
            return self.xy.copy()
        lon, lat = Transformer.from_crs(epsg, 4490, always_xy=True).transform(*self.xy[usable].T)
        there = (np.abs(np.asarray(lon) - (area.west + area.east) / 2) < _FAR_DEGREES) & (np.abs(lat) <= 90)
        if there.any():
            return self.xy.copy()
        self._refuse(usable, NO_SYSTEM)
        return np.full_like(self.xy, np.nan)

    def _refuse(self, rows: NDArray[np.bool_], why: Words) -> None:
        for k in np.flatnonzero(rows).tolist():
            self.reasons[k] = why


def read_points(path: Path) -> PointRows:
    """Read a table of points from a CSV file in UTF-8 or GB18030, separated by commas, semicolons or tabs.

    Raises
    ------
    InputError
        The file cannot be read, is no table, or has no columns of coordinates.
    """
    header, rows, lines = _table(path)
    chosen = place_columns(header) or told_by_content(rows[:_SAMPLE])
    if len(chosen) == 2:
        places = pairs_of([row[chosen[0]] for row in rows], [row[chosen[1]] for row in rows])
    elif chosen:
        places = [point_of(row[chosen[0]]) for row in rows]
    else:
        raise InputError(
            f"“{path.name}”中没有认出坐标列：请把两列命名为“经度”“纬度”（或 lon、lat、x、y），现有列：{'、'.join(header)}。",
            f"No columns of coordinates were found in '{path.name}': name them lon and lat (or 经度, 纬度, x, y); "
            f"it has {', '.join(header)}.",
        )
    xy = np.array([p if isinstance(p[0], float) else (np.nan, np.nan) for p in places], dtype=np.float64).reshape(-1, 2)
    reasons: list[Words | None] = [None if isinstance(p[0], float) else (str(p[0]), str(p[1])) for p in places]
    used = tuple(header[k] for k in chosen)
    return PointRows(header, rows, lines, xy, reasons, used, datum_named(used))


def _table(path: Path) -> tuple[list[str], list[list[str]], list[int]]:
    text = _text(path)
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    header: list[str] | None = None
    rows, lines, begun = [], [], 1
    try:
        for row in reader:
            line, begun = begun, reader.line_num + 1
            if not row:
                continue
            if header is None:
                header = row
                continue
            if len(row) > len(header):
                raise InputError(
                    f"“{path.name}”第 {line} 行有 {len(row)} 列，表头只有 {len(header)} 列：请检查该行多余的分隔符或引号。",
                    f"Line {line} of '{path.name}' has {len(row)} columns, the header only {len(header)}: look for a stray "
                    "separator or quotation mark there.",
                )
            rows.append(row + [""] * (len(header) - len(row)))
            lines.append(line)
    except csv.Error as error:
        raise InputError(
            f"“{path.name}”第 {reader.line_num} 行无法按 CSV 读取：请重新另存为 CSV。",
            f"Line {reader.line_num} of '{path.name}' cannot be read as CSV ({error}): save it as CSV again.",
        ) from error
    if header is None:
        raise InputError(f"“{path.name}”是空文件。", f"'{path.name}' is empty.")
    return header, rows, lines


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"无法读取“{path}”：{error.strerror}。", f"'{path}' cannot be read: {error.strerror}."
        ) from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise InputError(
        f"“{path.name}”不是 CSV 文本：请用 Excel 另存为“CSV UTF-8”。",
        f"'{path.name}' is no CSV text: save it as CSV UTF-8.",
    )


def plain(text: str) -> str:
    """Return text without blanks around it, full-width characters as half-width ones.

    Parameters
    ----------
    text
        Any text.
    """
    return unicodedata.normalize("NFKC", text).strip()


def column_named(names: list[str], wanted: tuple[str, ...]) -> int | None:
    """Return the first column named as wanted, else one whose name has a longer one of these words as a part.

    Parameters
    ----------
    names
        Headers in lower case.
    wanted
        Words, the better ones first.
    """
    exact = [names.index(word) for word in wanted if word in names]
    if exact:
        return exact[0]
    # A single letter is only taken where nothing but the word for coordinates stands beside it.
    letters = [w for w in wanted if w in ("x", "y")]
    lettered = [k for w in letters for k, n in enumerate(names) if re.search(rf"(?:^|_|坐标){w}(?:坐标|\(|$)", n)]
    if lettered:
        return lettered[0]
    loose = [
        k
        for word in wanted
        if len(word) > 1
        for k, name in enumerate(names)
        if re.search(rf"(?:^|[_.]|(?=[经纬])){word}(?![a-z])", name)
    ]
    return loose[0] if loose else None


def place_columns(header: list[str]) -> tuple[int, ...]:
    """Return the columns that places may be read from, by their names: (east, north), (both,) or none.

    Where a table gives its places in several datums, the columns that name no shifted one are taken.

    Parameters
    ----------
    header
        Names of the columns.
    """
    names = [plain(name).lower() for name in header]
    straight = ["" if datum_named((name,)) in ("gcj02", "bd09") else name for name in names]
    for these in (straight, names):
        east, north = column_named(these, EAST), column_named(these, NORTH)
        if east is not None and north is not None and east != north:
            return east, north
        both = column_named(these, BOTH)
        if both is not None:
            return (both,)
    return ()


_NAMED_DATUMS = (
    ("bd09", re.compile(r"bd[-_ ]?09|(?:^|_)bd(?=[_经纬xy]|$|lon|lng|lat)|百度|baidu")),
    ("gcj02", re.compile(r"gcj|火星|高德|腾讯|amap|gaode|tencent|(?:^|_)gd(?=_(?:lon|lng|lat|x|y)|经|纬)")),
    ("cgcs2000", re.compile(r"cgcs|2000|天地图")),
    ("wgs84", re.compile(r"wgs|gps")),
)


def datum_named(columns: tuple[str, ...]) -> str | None:
    """Return the datum that the names of columns say, None where they say none or several.

    Parameters
    ----------
    columns
        Names of the columns that places are read from.
    """
    told = {next((key for key, word in _NAMED_DATUMS if word.search(plain(name).lower())), None) for name in columns}
    return told.pop() if len(told) == 1 else None


_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_COMMA = re.compile(r"[-+]?\d{1,3},\d+")


def pairs_of(east: list[str], north: list[str]) -> list[tuple[Any, Any]]:
    """Return the numbers in two columns, row by row, or a reason in both languages.

    Commas of thousands and decimal commas are read where the column as a whole leaves no doubt which they are.
    """
    return [pair_of(a, b) for a, b in zip(_without_commas(east), _without_commas(north), strict=True)]


def _without_commas(texts: list[str]) -> list[str]:
    tidy = [plain(text) for text in texts]
    with_comma = [text for text in tidy if "," in text]
    thousands = [t for t in with_comma if _THOUSANDS.fullmatch(t)]
    if with_comma and len(thousands) == len(with_comma) and any("." in t or t.count(",") > 1 for t in with_comma):
        return [t.replace(",", "") if _THOUSANDS.fullmatch(t) else t for t in tidy]
    decimal = [t for t in with_comma if _COMMA.fullmatch(t)]
    if with_comma and len(decimal) == len(with_comma) and any(not _THOUSANDS.fullmatch(t) for t in with_comma):
        return [t.replace(",", ".") if _COMMA.fullmatch(t) else t for t in tidy]
    return tidy


def pair_of(east: str, north: str) -> tuple[Any, Any]:
    """Return the numbers in two fields, or a reason in both languages.

    Parameters
    ----------
    east, north
        Text of the fields.
    """
    east, north = plain(east), plain(north)
    if not east or not north:
        return _EMPTY
    x, y = _number(east), _number(north)
    return _NO_NUMBER if x is None or y is None else (x, y)


def _number(text: str) -> float | None:
    """Return a number, or degrees with minutes, seconds and the letters of the compass."""
    if re.fullmatch(_NUMBER, text):
        return float(text)
    if found := _DEGREES.fullmatch(text):
        before, degrees, minutes, seconds, after = found.groups()
        if float(minutes or 0) >= 60 or float(seconds or 0) >= 60:
            return None
        value = float(degrees) + float(minutes or 0) / 60 + float(seconds or 0) / 3600
    elif found := _LETTER.fullmatch(text):
        before, degrees, after = found.groups()
        value = float(degrees)
    else:
        return None
    side = f"{before}{after}".upper()
    return -value if "W" in side or "S" in side or "西" in side or "南" in side else value


def told_by_content(rows: list[list[str]]) -> tuple[int, ...]:
    """Return the columns that hold longitudes and latitudes of China, whatever they are called.

    Parameters
    ----------
    rows
        Text of the cells, all rows of one length.

    Returns
    -------
    tuple of int
        (east, north), (both,) or none; none as well where several columns would do.
    """
    columns = [[plain(t) for t in column if t.strip()] for column in zip(*rows, strict=True)]
    both = [k for k, texts in enumerate(columns) if _mostly([_in_china(*point_of(t)) for t in texts])]
    east = [k for k, texts in enumerate(columns) if _mostly([_fine(t) and 73 <= float(t) <= 136 for t in texts])]
    north = [k for k, texts in enumerate(columns) if _mostly([_fine(t) and 3 <= float(t) <= 54 for t in texts])]
    if len(east) == len(north) == 1:
        return east[0], north[0]
    return (both[0],) if len(both) == 1 else ()


def _fine(text: str) -> bool:
    """Tell whether a number has the decimals of a coordinate."""
    return re.fullmatch(r"\d{1,3}\.\d{3,}", text) is not None


def _in_china(x: Any, y: Any) -> bool:
    return isinstance(x, float) and 73 <= x <= 136 and 3 <= y <= 54


def _mostly(told: list[bool]) -> bool:
    return bool(told) and sum(told) >= 0.9 * len(told)


def point_of(text: str) -> tuple[Any, Any]:
    """Return the numbers in one field: WKT, or a pair with latitude first unless only the other order makes sense.

    Parameters
    ----------
    text
        Text of the field.
    """
    text = plain(text)
    if not text:
        return _EMPTY
    if found := _WKT.fullmatch(text):
        return float(found[1]), float(found[2])
    if not (found := _PAIR.fullmatch(text)):
        return _NO_NUMBER
    a, b = float(found[1]), float(found[2])
    return (a, b) if abs(a) > 90 or (73 <= a <= 90 and 3 <= b <= 54) else (b, a)
