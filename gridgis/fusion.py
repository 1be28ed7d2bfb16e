"""Nets of other departments: read from files, from the county or from its own plan; the outcome written to one file."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pyogrio
import shapely

from gridgis.cleaning.repair import valid_polygons
from gridgis.county import County
from gridgis.errors import InputError
from gridgis.outgoing.placing import drafting, refuse_county
from gridgis.planning import read_polygons
from gridgis.propose.fusing import Fusion, Net

_CODES = ("code", "统一编码", "编码", "网格编码", "grid_code", "id", "name", "名称")


def read_net(county: County, text: str, code_field: str = "") -> Net:
    """Return a net by a file (``NAME=FILE`` gives it a name), by its name in the county, or a level of the plan.

    Parameters
    ----------
    county
        The county.
    text
        What names the net.
    code_field
        Column of codes; recognised by default.

    Raises
    ------
    InputError
        There is no such file, net or level, or it holds no polygon.
    """
    name, equals, file = text.partition("=")
    path = Path(file if equals else text)
    if path.exists():
        polygons, frame = read_polygons(county, path, None)
        column = code_field or next((c for c in _CODES if c in frame.columns), "")
        if column not in frame.columns:
            raise InputError(
                f"“{path}”没有编码列“{column}”：现有 {'、'.join(map(str, frame.columns))}，请用 --code-field 指定。",
                f"'{path}' has no column of codes '{column}': there are {', '.join(map(str, frame.columns))}; name one with "
                "--code-field.",
            )
        codes = np.array([str(v).strip() for v in frame[column]], dtype=object)
        return Net(name if equals else path.stem, codes, valid_polygons(polygons)[0])
    if text in county.scheme.level_keys:
        plan = county.plan
        found = plan.codes(text)
        shapes = np.empty(len(found), dtype=object)
        shapes[:] = [plan.grid_geometry(c) for c in found]
        return Net(text, np.array(found, dtype=object), shapes)
    kept = county.table("nets")
    mine = kept[(kept["net"] == text) & (shapely.get_dimensions(np.asarray(kept.geometry.values, dtype=object)) == 2)]
    if not len(mine):
        known = "、".join([*sorted(set(kept["net"].dropna())), *county.scheme.level_keys])
        raise InputError(
            f"没有文件、网或层级“{text}”：县区内有 {known}。",
            f"There is no file, net or level '{text}': the county has {known.replace('、', ', ')}.",
        )
    return Net(text, mine["code"].astype(str).to_numpy(dtype=object), np.asarray(mine.geometry.values, dtype=object))


def write_fusion(found: Fusion, out: Path) -> None:
    """Write common net, conflicts and old grids as layers, and the crosswalks as tables of one GeoPackage.

    Raises
    ------
    InputError
        The file is a county, or cannot be written.
    """
    if out.suffix.lower() != ".gpkg":
        raise InputError(f"“{out}”应以 .gpkg 结尾。", f"'{out}' must end in .gpkg.")
    refuse_county(out)
    layers = {"common": found.common, "conflicts": found.conflicts, "old_grids": found.went, "crosswalk": found.crosswalk,
              "between": found.between, "agreement": found.agreement}  # fmt: skip
    with drafting(out) as folder, warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning)
        path = folder / out.name
        for name, frame in layers.items():
            shaped = {"geometry_type": "MultiPolygon", "promote_to_multi": True} if "geometry" in frame else {}
            pyogrio.write_dataframe(frame, path, layer=name, driver="GPKG", append=path.exists(), VERSION="1.3", **shaped)
