"""Shapefile: names of ten ASCII bytes with a dictionary beside them, GBK or UTF-8 with a .cpg that says which."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyogrio

from gridgis.errors import InputError
from gridgis.outgoing.layer import Field, Layer
from gridgis.outgoing.tables import write_rows

NAME_BYTES, TEXT_BYTES = 10, 254
ENCODINGS = ("utf-8", "gbk")


def short_names(fields: Iterable[Field]) -> dict[str, str]:
    """Return for each column a name of at most ten ASCII bytes, none of them twice."""
    out: dict[str, str] = {}
    for k, field in enumerate(fields):
        plain = re.sub(r"[^A-Za-z0-9_]", "", field.name) if field.name.isascii() else ""
        name = plain[:NAME_BYTES] if plain[:1].isalpha() else ""
        if not name or name.lower() in {n.lower() for n in out.values()}:
            name = f"field{k:03d}"
        out[field.name] = name
    return out


def write_shapefile(layer: Layer, path: Path) -> dict[str, int]:
    """Write a shapefile with its .cpg and dictionary; return how many texts had to be cut, by column.

    Raises
    ------
    InputError
        A text has characters that GBK lacks.
    """
    names = short_names(layer.fields)
    frame = layer.features()
    cut = {}
    for field in layer.fields:
        if field.kind == "text":
            fitted = [
                _fitted(v, layer.encoding, field, code)
                for v, code in zip(frame[field.name], frame[layer.key], strict=True)
            ]
            changed = sum(a != b for a, b in zip(fitted, frame[field.name], strict=True) if b is not None)
            frame[field.name] = pd.Series(fitted, dtype=object)
            if changed:
                cut[field.name] = changed
    frame = frame.rename(columns=names)
    with warnings.catch_warnings():
        # No CRS for GCJ-02 and BD-09 is on purpose.
        warnings.filterwarnings("ignore", message=".*crs.*", category=UserWarning)
        pyogrio.write_dataframe(frame, path, driver="ESRI Shapefile", encoding=layer.encoding)
    path.with_suffix(".cpg").write_text("GBK" if layer.encoding == "gbk" else "UTF-8", encoding="ascii")
    write_rows(dictionary(layer.fields), path.with_name(f"{path.stem}.fields.csv"))
    return cut


def dictionary(fields: tuple[Field, ...]) -> pd.DataFrame:
    """Return the data dictionary: short name, name, type, Chinese and English words, unit."""
    names = short_names(fields)
    rows = [(names[f.name], f.name, f.kind, f.zh, f.en, f.unit) for f in fields]
    return pd.DataFrame(rows, columns=["field", "column", "type", "中文", "english", "unit"])


def _fitted(value: str | None, encoding: str, field: Field, code: str) -> str | None:
    """Return a text that fits a shapefile's column, cut between two characters if it must be."""
    if value is None:
        return None
    try:
        data = value.encode(encoding)
    except UnicodeEncodeError as error:
        letter = value[error.start]
        raise InputError(
            f"{code} 的“{field.zh}”含有 GBK 没有的字“{letter}”：请改用 --encoding utf-8。",
            f"'{field.en}' of {code} has the character '{letter}', which GBK lacks: use --encoding utf-8.",
        ) from error
    return data[:TEXT_BYTES].decode(encoding, "ignore") if len(data) > TEXT_BYTES else value
