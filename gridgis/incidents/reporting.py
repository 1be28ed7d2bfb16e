"""One incident comes in: it finds its cell, and is kept with its photo and its first step, or not at all."""

from __future__ import annotations

import base64
import datetime as dt
import io
import re
import secrets
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from PIL import Image, ImageOps, UnidentifiedImageError
from pyproj import Transformer

from gridgis.county import County
from gridgis.datums import check_datum, shift
from gridgis.errors import InputError, RefusedError
from gridgis.locate import locate_levels
from gridgis.schema import FIGURES, MM
from gridgis.scheme import Scheme

LONGEST = {"id": 64, "category": 100, "note": 2000, "address": 200, "source": 100, "by": 200}
"""Characters that each text may have."""
RESIDENT = "居民上报 resident"
"""Source of what residents report on the public page; nothing else about them is kept."""
PHOTO_BYTES = 5_000_000
PHOTO_PIXELS = 40_000_000
PHOTO_SIDE = 1600
_FORMATS = ("JPEG", "PNG", "WEBP")
# An address and a file must be able to hold it; dots alone would mean another folder.
_ID = re.compile(r"(?!\.+$)[\w.:@+-]+")
_AHEAD = dt.timedelta(days=1)


class KnownError(RefusedError):
    """A report with this identifier was received before."""


@dataclass(frozen=True)
class Report:
    """An incident as it is told.

    Attributes
    ----------
    lon, lat
        Degrees of `datum`.
    at
        When it happened, ISO 8601; empty for now.
    id
        The sender's identifier, by which a second try is noticed; empty for a new one.
    photo
        A JPEG, PNG or WebP file; what it says of its camera and place is not kept.
    source
        Who tells: a system or a channel, no person.
    by
        Who enters it, where that is not the source.
    """

    lon: float
    lat: float
    category: str
    note: str = ""
    address: str = ""
    at: str = ""
    datum: str = "wgs84"
    id: str = ""
    source: str = ""
    by: str = ""
    photo: bytes = b""


def report(county: County, told: Report) -> dict[str, Any]:
    """Keep an incident and return what became of it.

    Parameters
    ----------
    county
        The county.
    told
        The report.

    Returns
    -------
    dict
        `id`, `at`, `code` of the leaf grid (None where no grid is drawn yet) and `codes` by level.

    Raises
    ------
    InputError
        Something in it cannot be used.
    RefusedError
        The place is outside the county.
    KnownError
        There is an incident with this identifier.
    """
    _require_sound(told)
    received = dt.datetime.now()
    at, xy, photo = _happened(told.at, received), _place(county, told), _shrunk(told.photo) if told.photo else b""
    number = told.id or f"R{received:%Y%m%d%H%M%S}-{secrets.token_hex(4)}"
    due = due_at(county.scheme, told.category.strip(), at)
    try:
        with county.store.alone():
            tables = _rows(told, number, free_step(county, number, 1), (at, received.isoformat(" ", "seconds")), xy, photo)
            tables["incidents"]["due_at"] = due
            plan = county.plan
            cell = int(plan.owners(xy[None])[0])
            if cell < 0:
                raise RefusedError(
                    f"位置（{told.lon:.6f}, {told.lat:.6f}）不在本县区内：请核对坐标和坐标基准。",
                    f"The place ({told.lon:.6f}, {told.lat:.6f}) is outside the county: check coordinates and datum.",
                )
            tables["incident_steps"]["code"] = plan.rows.code[cell]
            for name, frame in tables.items():
                if county.store.put_rows(name, frame) and name == "incidents":
                    raise KnownError(
                        f"编号“{number}”的事件已经收到过，未重复登记。",
                        f"An incident '{number}' was received before and is not registered twice.",
                    )
            figures = plan.rows.figures[cell].copy()
            figures[FIGURES.index("incidents")] += 1
            county.store.set_figures([int(plan.rows.id[cell])], figures[None])
    except BaseException:
        county.forget()
        raise
    codes = locate_levels(plan, xy[None]).iloc[0]
    return {
        "id": number, "at": at, "code": plan.rows.code[cell],
        "codes": {level: code for level, code in codes.items() if code}, "photo": bool(photo),
    }  # fmt: skip


def due_at(scheme: Scheme, category: str, at: str, limit: str = "") -> str | None:
    """Return until when an incident must be closed, by its kind of matter or a limit that is named; None for no limit."""
    hours = scheme.hours_for(category, limit)
    begun = pd.to_datetime(at, errors="coerce")
    if hours is None or pd.isna(begun):
        return None
    return (begun + pd.Timedelta(hours=hours)).isoformat(" ", "seconds")


def free_step(county: County, number: str, n: int) -> str:
    """Return the identifier of the nth step of an incident, or of the next one that no step has, of whatever incident."""
    while len(county.store.some("incident_steps", {"id": f"{number}-{n}"}, ("id",), 1)):
        n += 1
    return f"{number}-{n}"


def require_text(name: str, text: str, most: int) -> None:
    """Refuse a text that is too long, or holds what cannot be kept or shown.

    Raises
    ------
    InputError
        It is such a text.
    """
    # Half of a pair of UTF-16 is no character, though JSON can say it.
    if len(text) > most or any((ord(c) < 32 and c not in "\n\t") or "\ud800" <= c <= "\udfff" for c in text):
        raise InputError(
            f"“{name}”太长或含控制字符：最多 {most} 个字。",
            f"'{name}' is too long or holds control characters: {most} characters at most.",
        )


def require_id(text: str) -> None:
    """Refuse an identifier that could not stand in an address.

    Raises
    ------
    InputError
        It is such an identifier.
    """
    if text and not _ID.fullmatch(text):
        raise InputError(
            f"编号“{text[:64]}”不可用：只能用文字、数字和 . _ : @ + -。",
            f"The id '{text[:64]}' cannot be used: letters, digits and . _ : @ + - only.",
        )


def _require_sound(told: Report) -> None:
    for name, most in LONGEST.items():
        require_text(name, getattr(told, name), most)
    require_id(told.id)
    if not told.category.strip():
        raise InputError("缺少类别 category。", "The category is missing.")


def moment(text: str) -> str:
    """Return a moment as incidents keep it, in the time of the place; now for nothing.

    Raises
    ------
    InputError
        It is no moment.
    """
    if not text:
        return dt.datetime.now().isoformat(" ", "seconds")
    try:
        told = dt.datetime.fromisoformat(text)
        # Incidents are kept in the time of the place, without a zone.
        return (told.astimezone().replace(tzinfo=None) if told.tzinfo else told).isoformat(" ", "seconds")
    except (ValueError, OverflowError) as error:
        raise InputError(
            f"时间“{text[:40]}”不是 ISO 8601：请写成 2026-11-22T15:30:00。",
            f"The time '{text[:40]}' is not ISO 8601: write 2026-11-22T15:30:00.",
        ) from error


def _happened(text: str, now: dt.datetime) -> str:
    """Return when an incident happened; a day ahead is some clock's fault, more would never fall due."""
    at = moment(text) if text else now.isoformat(" ", "seconds")
    if at > (now + _AHEAD).isoformat(" ", "seconds"):
        raise InputError(f"时间 {at} 还没有到：请核对。", f"The time {at} is still to come: check it.")
    return at


def _place(county: County, told: Report) -> Any:
    check_datum(told.datum)
    if not (abs(told.lon) <= 180 and abs(told.lat) <= 90):
        raise InputError("经纬度不在范围内。", "Longitude or latitude is out of range.")
    lon, lat = shift(told.lon, told.lat, told.datum, "cgcs2000")
    x, y = Transformer.from_crs(4490, county.crs, always_xy=True).transform(float(lon), float(lat))
    return np.round(np.array([x, y]) * MM) / MM


def _shrunk(photo: bytes) -> bytes:
    """Return a photo as a plain JPEG of moderate size, without what it says of its camera and place.

    Raises
    ------
    InputError
        It is too large, or no picture.
    """
    if len(photo) > PHOTO_BYTES:
        raise InputError(
            f"照片超过 {PHOTO_BYTES:,} 字节：请缩小后再上报。",
            f"The photo exceeds {PHOTO_BYTES:,} bytes: make it smaller.",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(photo), formats=_FORMATS) as picture:
                if picture.width * picture.height > PHOTO_PIXELS:
                    raise Image.DecompressionBombError
                picture.draft("RGB", (PHOTO_SIDE, PHOTO_SIDE))
                upright = _on_white(ImageOps.exif_transpose(picture))
                upright.thumbnail((PHOTO_SIDE, PHOTO_SIDE))
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
        OSError,
        ValueError,
        SyntaxError,
    ) as error:
        raise InputError(
            f"照片无法读取：请用不超过 {PHOTO_PIXELS // 1_000_000} 百万像素的 JPEG、PNG 或 WebP。",
            f"The photo cannot be read: use a JPEG, PNG or WebP of {PHOTO_PIXELS // 1_000_000} megapixels at most.",
        ) from error
    out = io.BytesIO()
    upright.save(out, "JPEG", quality=85)
    return out.getvalue()


def _on_white(picture: Image.Image) -> Image.Image:
    """Return a picture without holes, as it was seen: what is clear in it stands on white."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    clear = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")


def _rows(
    told: Report, number: str, step_id: str, when: tuple[str, str], xy: Any, photo: bytes
) -> dict[str, pd.DataFrame]:
    """Return the rows that keep a report, by table."""
    at, received = when
    incident = pd.DataFrame({
        "id": [number], "at": [at], "category": [told.category.strip()], "status": ["reported"],
        "address": [told.address], "note": [told.note], "photo": [step_id if photo else None],
        "source": [told.source], "as_of": [received[:10]], "x": [xy[0]], "y": [xy[1]], "geometry": [shapely.Point(xy)],
    })  # fmt: skip
    step = pd.DataFrame({
        "id": [step_id], "incident": [number], "at": [received], "action": ["submit"], "by": [told.by or told.source],
    })  # fmt: skip
    rows = {"incidents": incident, "incident_steps": step}
    if photo:
        rows["photos"] = pd.DataFrame({
            "id": [step_id], "incident": [number], "media": ["image/jpeg"],
            "data": [base64.b64encode(photo).decode("ascii")], "at": [received],
        })  # fmt: skip
    return rows
