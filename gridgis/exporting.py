"""Handing grids on: one level, one datum, one file, and a manifest that says what it is."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd

from gridgis.county import County, figure_frame, grid_frame
from gridgis.datums import check_datum
from gridgis.errors import InputError
from gridgis.outgoing.formats import Format, format_of, losses_of
from gridgis.outgoing.layer import Layer, crs_words, make_layer
from gridgis.outgoing.placing import checksums, drafting, packed
from gridgis.outgoing.shapefile import ENCODINGS, dictionary, short_names
from gridgis.outgoing.tables import write_rows
from gridgis.outgoing.vector import write_geopackage
from gridgis.plan import Plan
from gridgis.statistics import sources

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
    """

    format: str = "auto"
    level: str | None = None
    datum: str | None = None
    version: int | None = None
    simplify: float | None = None
    encoding: str = "utf-8"


def export(county: County, path: str | Path, wish: Wish | None = None) -> dict[str, Any]:
    """Write the grids of a level to a file, and ``FILE.manifest.json`` beside it; return the manifest.

    Parameters
    ----------
    county
        The county.
    path
        The file; its extension is the format unless the wish names one.
    wish
        What is to leave; everything as it stands by default.

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
    datum = _datum(chosen, wish.datum)
    if wish.encoding not in ENCODINGS:
        raise InputError(
            f"编码“{wish.encoding}”不可用：请用 utf-8 或 gbk。",
            f"The encoding '{wish.encoding}' is not offered: use utf-8 or gbk.",
        )
    plan = county.plan if wish.version is None else county.plan_at(wish.version)
    layers = [_layer(county, plan, wish, level, datum) for level in _levels(county, wish, chosen)]
    with drafting(path) as folder:
        cut = _write(chosen, layers, folder / path.name)
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


def _layer(county: County, plan: Plan, wish: Wish, level: str | None, datum: str) -> Layer:
    words = None if level is None else county.scheme.level(level)
    codes = plan.leaf_codes if level is None else plan.codes(level)
    frame = out_frame(plan, codes)
    meta = {
        "county": county.code, "name": county.meta.get("name", ""), "scheme": county.scheme.name, "version": plan.version,
        "level": level or "leaf", "illustrative": county.illustrative,
    }  # fmt: skip
    title = f"{county.meta.get('name', '')} {words.zh if words else '最细层级网格'} 版本 {plan.version}".strip()
    return make_layer(frame, epsg=county.crs, datum=datum, simplify=wish.simplify, name=f"grids_{level or 'leaf'}",
                      title=title, encoding=wish.encoding, meta=meta)  # fmt: skip


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
        "level": wish.level or "leaf", "version": plan.version, "date": edit.at, "plan_hash": plan.hash,
        "written_at": dt.datetime.now(dt.UTC).astimezone().isoformat(timespec="seconds"),
        "format": chosen.key, "datum": layers[0].datum, "crs": crs_words(layers[0].datum), "encoding": _encoding(chosen, wish),
        "illustrative": county.illustrative, "role": "internal", "simplify_m": wish.simplify,
        "counts": {layer.name: len(layer.frame) for layer in layers},
        "schema": schema, "sources": sources(county), "losses": losses_of(chosen, layers[0].datum),
    }  # fmt: skip


def _encoding(chosen: Format, wish: Wish) -> str:
    return wish.encoding if chosen.key == "shp" else "utf-8"


def export_grids(
    county: County, path: Path, *, level: str | None = None, datum: str = "cgcs2000", version: int | None = None
) -> int:
    """Write the grids of a level to a file in the format of its name; return how many."""
    return int(sum(export(county, path, Wish(level=level, datum=datum, version=version))["counts"].values()))
