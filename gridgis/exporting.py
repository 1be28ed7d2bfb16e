"""Handing grids on: one level, one datum, one file, and a manifest that says what it is."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from gridgis.county import County, figure_frame, grid_frame
from gridgis.datums import check_datum
from gridgis.disclosing import GROUPS, PUBLIC_COLUMNS, masks
from gridgis.errors import InputError
from gridgis.outgoing.formats import Format, format_of, losses_of
from gridgis.outgoing.layer import Layer, crs_words, make_elements, make_layer
from gridgis.outgoing.placing import checksums, drafting, packed, refuse_county
from gridgis.outgoing.shapefile import ENCODINGS, dictionary, short_names
from gridgis.outgoing.tables import write_rows
from gridgis.outgoing.vector import write_geopackage
from gridgis.plan import Plan
from gridgis.schema import TABLE_ALIASES, TABLES
from gridgis.statistics import sources

ELEMENTS = ("buildings", "places", "roads", "water", "incidents", "boundaries", "cells")
ROLES = ("internal", "public")
FIGURES_OUT = ("households", "persons", "buildings", "places", "roads", "incidents", "area_m2")


@dataclass(frozen=True)
class Wish:
    """What is to leave, and how.

    Attributes
    ----------
    level
        Level; None for the grids that carry the cells, ``all`` for every level (GeoPackage only).
    datum
        None for what the format goes with: GCJ-02 for AMap, BD-09 for Baidu, else CGCS2000.
    version
        The plan as it was at a version; None for now.
    simplify
        Tolerance in metres, by coverage.
    role
        ``internal``, or ``public``: columns of an allow-list only, small numbers hidden.
    k
        For the public, numbers below k are hidden and with them what would give them away.
    layer
        ``grids``, or a table of the e-map (internal only).
    """

    format: str = "auto"
    level: str | None = None
    datum: str | None = None
    version: int | None = None
    simplify: float | None = None
    encoding: str = "utf-8"
    role: str = "internal"
    k: int = 10
    layer: str = "grids"


Frames = Sequence[tuple[str | None, gpd.GeoDataFrame]]


def export(county: County, path: str | Path, wish: Wish | None = None, given: Frames | None = None) -> dict[str, Any]:
    """Write the grids of a level to a file, and ``FILE.manifest.json`` beside it; return the manifest.

    Parameters
    ----------
    county
        The county.
    path
        The file; its extension is the format unless the wish names one.
    wish
        What is to leave; everything as it stands by default.
    given
        What `frames` has said of the same plan and wish, where it was asked before.

    Raises
    ------
    InputError
        The format, datum, level or encoding is not known, the file cannot be written, or the rounded grids
        would no longer be a coverage.
    SchemeError
        There is no such level.
    """
    path, wish = Path(path), wish or Wish()
    chosen = format_of(path, wish.format)
    refuse_county(path)
    datum = _datum(chosen, wish.datum)
    if wish.encoding not in ENCODINGS:
        raise InputError(
            f"编码“{wish.encoding}”不可用：请用 utf-8 或 gbk。",
            f"The encoding '{wish.encoding}' is not offered: use utf-8 or gbk.",
        )
    plan = county.plan if wish.version is None else county.plan_at(wish.version)
    layers = (
        [_elements(county, wish, chosen, datum)]
        if wish.layer != "grids"
        else [
            layer_of(county, plan, frame, replace(wish, level=level, datum=datum))
            for level, frame in given or frames(county, plan, wish, chosen)
        ]
    )
    with drafting(path) as folder:
        try:
            cut = _write(chosen, layers, folder / path.name)
        except RuntimeError as error:
            raise InputError(
                f"“{path.name}”无法写成 {chosen.zh}（{error}）：请改用 .gpkg 或 .geojson。",
                f"'{path.name}' cannot be written as {chosen.en} ({error}): use .gpkg or .geojson.",
            ) from error
        files = checksums(list(folder.iterdir()))
        manifest = _manifest(county, plan, wish, chosen, layers) | {"files": files}
        if cut:
            manifest["texts_cut"] = cut
        text = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
        (folder / f"{path.name}.manifest.json").write_text(text, encoding="utf-8")
    return manifest


def _datum(chosen: Format, datum: str | None) -> str:
    if datum is not None:
        check_datum(datum)
    if chosen.datum and datum not in (None, chosen.datum):
        raise InputError(
            f"{chosen.zh}只用 {chosen.datum} 坐标：请去掉 --datum {datum}。",
            f"{chosen.en} are in {chosen.datum}: leave out --datum {datum}.",
        )
    return chosen.datum or datum or "cgcs2000"


def _levels(county: County, wish: Wish, chosen: Format) -> list[str | None]:
    if wish.level != "all":
        return [wish.level]
    if chosen.key != "gpkg":
        raise InputError(
            "只有 GeoPackage 能在一个文件里放全部层级：请改用 .gpkg，或用 --level 指定一个层级。",
            "Only a GeoPackage holds all levels in one file: use .gpkg, or name one with --level.",
        )
    return list(county.scheme.level_keys)


def frames(county: County, plan: Plan, wish: Wish, chosen: Format) -> list[tuple[str | None, gpd.GeoDataFrame]]:
    """Return level and grids of each layer that would leave, with what the role may see of them."""
    if wish.role not in ROLES or not 0 <= wish.k <= 1000:
        raise InputError(
            f"--role {wish.role} --k {wish.k} 不可用：角色为 internal 或 public，k 为 0 至 1000。",
            f"--role {wish.role} --k {wish.k} is not offered: the role is internal or public, k is 0 to 1000.",
        )
    levels = _levels(county, wish, chosen)
    for level in levels:
        if level is not None:
            county.scheme.level(level)
    hidden = masks(county, plan, wish.k) if wish.role == "public" else None
    out = []
    for level in levels:
        frame = out_frame(plan, plan.leaf_codes if level is None else plan.codes(level))
        out.append((level, frame if hidden is None else public_frame(frame, hidden)))
    return out


def _elements(county: County, wish: Wish, chosen: Format, datum: str) -> Layer:
    """Return a table of the e-map as a layer."""
    if wish.layer not in ELEMENTS:
        raise InputError(
            f"没有图层“{wish.layer}”：可用的有 grids、{'、'.join(ELEMENTS)}。",
            f"There is no layer '{wish.layer}': there are grids, {', '.join(ELEMENTS)}.",
        )
    if wish.role != "internal" or wish.simplify or wish.level or wish.version or chosen.datum:
        raise InputError(
            f"图层“{wish.layer}”只供内部使用，且不能与 --level、--as-of、--simplify 或坐标串格式同用。",
            f"The layer '{wish.layer}' is internal, and does not go with --level, --as-of, --simplify or paths for web maps.",
        )
    frame = county.table(wish.layer)
    if wish.layer == "cells":
        frame = frame[frame["removed_in"].isna()]
    meta = {"county": county.code, "name": county.meta.get("name", ""), "scheme": county.scheme.name,
            "version": county.version, "layer": wish.layer, "illustrative": county.illustrative}  # fmt: skip
    return make_elements(frame, TABLES[wish.layer], epsg=county.crs, datum=datum, name=wish.layer,
                         title=f"{meta['name']} {TABLE_ALIASES[wish.layer]}".strip(), encoding=wish.encoding, meta=meta)  # fmt: skip


def public_frame(frame: gpd.GeoDataFrame, hidden: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return what everybody may see of grids: the columns of the allow-list, hidden numbers missing and named."""
    out = frame[[c for c in PUBLIC_COLUMNS if c in frame.columns]]
    mine = hidden.reindex(frame.index).fillna(True).astype(bool)
    for column in mine.columns:
        out = out.assign(**{column: out[column].astype("Int64").mask(mine[column])})
    named = [",".join(c for c in mine.columns if row[c]) for row in mine.to_dict("records")]
    return gpd.GeoDataFrame(out.assign(suppressed=named), geometry=frame.geometry)


def layer_of(county: County, plan: Plan, frame: gpd.GeoDataFrame, wish: Wish) -> Layer:
    """Return grids as a layer in the datum of the wish."""
    level = wish.level
    meta = {
        "county": county.code, "name": county.meta.get("name", ""), "scheme": county.scheme.name, "version": plan.version,
        "level": level or "leaf", "illustrative": county.illustrative,
    }  # fmt: skip
    title = "最细层级网格" if level is None else county.scheme.level(level).zh
    return make_layer(
        frame, epsg=county.crs, datum=wish.datum or "cgcs2000", simplify=wish.simplify, name=f"grids_{level or 'leaf'}",
        title=f"{meta['name']} {title} 版本 {plan.version}".strip(), encoding=wish.encoding, meta=meta,
    )  # fmt: skip


def out_frame(plan: Plan, codes: list[str]) -> gpd.GeoDataFrame:
    """Return grids as they leave: what the plan and the register say of them, their figures, their outlines."""
    grids, figures = grid_frame(plan, codes), figure_frame(plan, codes)
    counts = figures[list(FIGURES_OUT)].astype({c: "int64" for c in FIGURES_OUT if c != "area_m2"})
    own = grids.drop(columns="geometry")
    # A register may have columns of its own with these names; ours are counted.
    joined = own.drop(columns=[c for c in counts.columns if c in own.columns]).join(counts)
    return gpd.GeoDataFrame(joined, geometry=grids.geometry)


def _write(chosen: Format, layers: list[Layer], target: Path) -> Any:
    if chosen.key == "gpkg":
        write_geopackage(layers, target)
        return None
    if chosen.key == "shp" and target.suffix.lower() == ".zip":
        inner = target.parent / "zip"
        inner.mkdir()
        cut = chosen.write(layers[0], inner / f"{target.stem}.shp")
        packed(list(inner.iterdir()), target)
        for member in inner.iterdir():
            member.unlink()
        inner.rmdir()
        write_rows(dictionary(layers[0].fields), target.with_name(f"{target.stem}.fields.csv"))
        return cut
    return chosen.write(layers[0], target)


def _manifest(county: County, plan: Plan, wish: Wish, chosen: Format, layers: list[Layer]) -> dict[str, Any]:
    edit = county.store.edit(plan.version)
    names = short_names(layers[0].fields) if chosen.key == "shp" else {}
    schema = [
        {"column": f.name, "type": f.kind, "zh": f.zh, "en": f.en, "unit": f.unit}
        | ({"field": names[f.name]} if names else {})
        for f in layers[0].fields
    ]
    return {
        "county": county.code, "name": county.meta.get("name", ""), "scheme": county.scheme.name,
        "layer": wish.layer,
        "level": None if wish.layer != "grids" else wish.level or "leaf", "version": plan.version, "date": edit.at, "plan_hash": plan.hash,
        "written_at": dt.datetime.now(dt.UTC).astimezone().isoformat(timespec="seconds"),
        "format": chosen.key, "datum": layers[0].datum, "crs": crs_words(layers[0].datum), "encoding": _encoding(chosen, wish),
        "illustrative": county.illustrative, "role": wish.role,
        "k": wish.k if wish.role == "public" else None, "simplify_m": wish.simplify,
        "counts": {layer.name: len(layer.frame) for layer in layers},
        "suppressed": {layer.name: _withheld(layer) for layer in layers} if wish.role == "public" else None,
        "schema": schema, "sources": sources(county), "losses": losses_of(chosen, layers[0].datum),
    }  # fmt: skip


def _withheld(layer: Layer) -> dict[str, int]:
    """Return how many numbers of each figure a layer withholds."""
    names = layer.frame["suppressed"]
    return {c: int(sum(c in text.split(",") for text in names)) for g in GROUPS for c in g}


def _encoding(chosen: Format, wish: Wish) -> str:
    return wish.encoding if chosen.key == "shp" else "utf-8"


def export_grids(county: County, path: str | Path, **wish: Any) -> dict[str, Any]:
    """Write the grids of a level to a file as `export` does; the options are the fields of `Wish`.

    Parameters
    ----------
    county
        The county.
    path
        The file; its extension is the format.
    **wish
        For example ``level="unit", datum="gcj02", role="public"``.

    Returns
    -------
    dict
        The manifest that is written beside the file.

    Raises
    ------
    InputError
        The format is not known, or the file cannot be written.
    """
    return export(county, path, Wish(**wish))
