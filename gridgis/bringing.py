"""The one door for files from outside: whatever they hold, one call, one account.

The command line and the page for imports both come through here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gridgis import gathering, intake, registers
from gridgis.county import County
from gridgis.errors import GridgisError, InputError
from gridgis.io.asking import Intake, Options
from gridgis.population import populating, rastering

__all__ = ["ENDINGS", "KINDS", "REGISTERS", "account_of", "bring"]

REGISTERS = ("register", "staff", "organisations", "postings", "visits")
"""Kinds of import that are tables without a map."""

KINDS = ("grids", "boundaries", *gathering.TABLES, "population", "raster", *REGISTERS)
"""Every kind of import."""

ENDINGS = (
    "zip", "gpkg", "geojson", "json", "fgb", "kml", "kmz", "parquet", "geoparquet", "pbf", "geojsonl", "geojsons", "jsonl",
    "ndjson", "csv", "tsv", "txt", "xlsx", "xlsm", "tif", "tiff",
)  # fmt: skip
"""Endings of files that can be handed over alone; a shapefile comes as a zip."""


def bring(
    county: County, path: str | Path, options: Options, *, apply: bool = True, signed: tuple[str, str] = ("", ""),
    progress: Callable[[float, str], None] | None = None,
) -> Intake:  # fmt: skip
    """Import a file of any kind; on a dry run only say what would happen.

    Parameters
    ----------
    county
        The county; it changes only when `apply` is true and nothing stands in the way.
    path
        The file.
    options
        What it holds (`as_`) and how to read it.
    apply
        False for a dry run.
    signed
        Author and reason.
    progress
        Called with a share from 0 to 1 and what is being done; an exception raised there cancels the import.

    Returns
    -------
    Intake
        The account.

    Raises
    ------
    InputError
        The file cannot be read, or rows cannot enter.
    RefusedError
        Faults are too large to mend; nothing was changed.
    """
    _refuse_itself(county, Path(path))
    if options.as_ in REGISTERS:
        found = registers.bring_in(county, path, _of_register(options), apply=apply, signed=signed)
        return Intake(found.report, found.words, found.edit, found.refusal)
    if options.as_ in gathering.TABLES:
        return gathering.bring_in(county, path, options, apply=apply, progress=progress)
    if options.as_ == "raster":
        return rastering.bring_in(county, path, options, apply=apply, progress=progress)
    if options.as_ == "population" and Path(path).suffix.lower() in rastering.SUFFIXES:
        return rastering.bring_people(county, path, options, apply=apply, progress=progress)
    if options.as_ == "population":
        return populating.bring_in(county, path, options, apply=apply, progress=progress)
    return intake.bring_in(county, path, options, apply=apply, signed=signed, progress=progress)


def _refuse_itself(county: County, path: Path) -> None:
    """Refuse the county's own file: reading it as a file drops the locks on it, and it would add nothing."""
    own = county.store.path
    if own is not None and path.exists() and path.samefile(own):
        raise InputError(
            f"“{path.name}”就是本县区文件：请选择要导入的数据文件，或用 gridgis export 导出后再导入。",
            f"'{path.name}' is this county itself: choose the file to import, or export from it first.",
        )


def account_of(error: GridgisError, path: str | Path, options: Options) -> dict[str, Any]:
    """Return the report of an import that failed: as far as it got, and why."""
    if options.as_ in REGISTERS:
        return registers.account_of(error, path, options=_of_register(options))
    return intake.account_of(error, path)


def _of_register(o: Options) -> registers.Options:
    return registers.Options(o.as_, o.fields, o.drop, o.encoding, o.layer, o.role, o.strict)
