"""Points to grids on many machines: the functions of one machine, spread by Dask over the row groups of Parquet files.

Every part is worked out alone and written whole under its own name, so a worker that dies costs only the parts
it held, which others do again. Dask's futures suffice: nothing here needs a distributed table.
"""

from __future__ import annotations

import json
import pickle
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyproj import Transformer

from gridgis.cells import Cells
from gridgis.datums import check_datum, shift
from gridgis.errors import InputError
from gridgis.ground import Ground
from gridgis.plan import Plan

PLAN = "_plan.pickle"
_AT_ONCE = 250_000
"""Points of a part that are held in memory at once."""
_RETRIES = 3

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Locator:
    """What puts points into the grids of one plan, small enough to be sent to every worker.

    Attributes
    ----------
    rows
        The cells.
    levels
        The code of each cell's grid at every level, one column per level key, and nothing at the end.
    epsg
        The county's CRS.
    datum
        Datum of the points.
    """

    rows: Cells
    levels: pd.DataFrame
    epsg: int
    datum: str

    @cached_property
    def ground(self) -> Ground:
        """The raster of the cells; made once in each process."""
        return Ground(self.rows)

    def codes(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> dict[str, pa.Array]:
        """Return the code of each point at every level; missing outside, where no grid is, and without a place."""
        xy = np.full((len(lon), 2), np.nan)
        usable = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
        east, north = shift(lon[usable], lat[usable], self.datum, "cgcs2000")
        xy[usable] = np.column_stack(Transformer.from_crs(4490, self.epsg, always_xy=True).transform(east, north))
        xy[~np.isfinite(xy)] = np.nan
        owner = self.ground.owners(xy)
        return {str(level): _coded(column.to_numpy(dtype=object), owner) for level, column in self.levels.items()}


def _coded(table: NDArray[np.object_], owner: NDArray[np.int32]) -> pa.Array:
    number, known = pd.factorize(table, use_na_sentinel=True)
    at = number[owner]
    numbers = pa.array(at, mask=at < 0, type=pa.int32())
    return pa.DictionaryArray.from_arrays(numbers, pa.array(list(known), type=pa.string())).cast(pa.string())


def locator_of(plan: Plan, datum: str = "wgs84") -> Locator:
    """Return what locates points on a plan.

    Raises
    ------
    InputError
        The datum is not known.
    """
    check_datum(datum)
    levels = {}
    for level in plan.scheme.levels:
        width = plan.scheme.width(level.key)
        heads = [None if c is None or len(c) < width else c[:width] for c in plan.rows.code]
        levels[level.key] = [*(head if head in plan.grids else None for head in heads), None]
    return Locator(plan.rows, pd.DataFrame(levels, dtype=object), plan.epsg, datum)


@dataclass(frozen=True)
class Work:
    """Points to be located.

    Attributes
    ----------
    points
        A Parquet file, or a folder of them.
    out
        Folder for ``part-*.parquet``; what else is put there begins with ``_``.
    lon, lat
        Columns of the coordinates, degrees.
    scheduler
        Address of a Dask scheduler; a cluster on this machine where it is empty.
    workers
        Processes of that cluster.
    memory
        What each of them may use, such as ``2GB``; beyond it Dask ends and replaces it.
    """

    points: Path
    out: Path
    lon: str = "lon"
    lat: str = "lat"
    scheduler: str = ""
    workers: int = 2
    memory: str = "2GB"
    progress: Progress | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Part:
    """One row group of one file."""

    number: int
    source: str
    group: int
    rows: int


def compute(plan: Plan, work: Work, datum: str = "wgs84") -> dict[str, Any]:
    """Locate the points of Parquet files on a Dask cluster, in their order; return counts.

    Parameters
    ----------
    plan
        The plan.
    work
        What to locate, where to put it, and on what.
    datum
        Datum of the points.

    Returns
    -------
    dict
        `rows`, `located`, `parts`, `version`.

    Raises
    ------
    InputError
        The points cannot be read, or the folder holds parts already; nothing is left behind.
    """
    parts = _parts(work)
    work.out.mkdir(parents=True, exist_ok=True)
    if list(work.out.glob("part-*.parquet")):
        raise InputError(
            f"“{work.out}”中已有 part-*.parquet：请换一个空文件夹。",
            f"'{work.out}' holds part-*.parquet already: choose an empty folder.",
        )
    held = work.out / PLAN
    held.write_bytes(pickle.dumps(locator_of(plan, datum)))
    try:
        located = _spread(parts, work, held)
    except BaseException:
        for part in parts:
            _target(work.out, part.number).unlink(missing_ok=True)
        raise
    finally:
        held.unlink(missing_ok=True)
    told = {"rows": sum(p.rows for p in parts), "located": located, "parts": len(parts), "version": plan.version,
            "datum": datum, "plan_hash": plan.hash}  # fmt: skip
    (work.out / "_manifest.json").write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return told


def _parts(work: Work) -> list[Part]:
    """Return the row groups of the points, in order.

    Raises
    ------
    InputError
        There are no such files, one is no Parquet, or lacks a column.
    """
    files = sorted(work.points.glob("*.parquet")) if work.points.is_dir() else [work.points]
    out: list[Part] = []
    for file in files:
        try:
            with pq.ParquetFile(file) as parquet:
                names, groups = parquet.schema_arrow.names, parquet.metadata.num_row_groups
                sizes = [parquet.metadata.row_group(k).num_rows for k in range(groups)]
        except (OSError, pa.ArrowInvalid) as error:
            raise InputError(
                f"“{file}”不是可读的 Parquet 文件：请检查路径和内容。",
                f"'{file}' is no readable Parquet file: check its path and content.",
            ) from error
        lost = [c for c in (work.lon, work.lat) if c not in names]
        if lost:
            raise InputError(
                f"“{file.name}”没有列“{lost[0]}”：现有 {'、'.join(names[:8])}；可用 --lon、--lat 指明。",
                f"'{file.name}' has no column '{lost[0]}': it has {', '.join(names[:8])}; name it with --lon and --lat.",
            )
        out += [Part(len(out) + k, str(file.resolve()), k, size) for k, size in enumerate(sizes)]
    if not out:
        raise InputError(f"“{work.points}”中没有数据行。", f"'{work.points}' holds no rows.")
    return out


def _spread(parts: list[Part], work: Work, held: Path) -> int:
    """Have every part done by some worker; return how many points are in a grid."""
    from distributed import as_completed

    done = located = 0
    rows = sum(p.rows for p in parts) or 1
    out = str(work.out.resolve())
    with _cluster(work) as client:
        calls = {
            client.submit(locate_part, str(held.resolve()), part, out, (work.lon, work.lat), retries=_RETRIES,
                          pure=False): part
            for part in parts
        }  # fmt: skip
        for call in as_completed(list(calls)):  # type: ignore[no-untyped-call]
            located += call.result()
            done += calls[call].rows
            call.release()
            if work.progress:
                work.progress(done / rows, f"{done:,} / {rows:,}")
    return located


@contextmanager
def _cluster(work: Work) -> Iterator[Any]:
    """Give a client of the scheduler named, or of a cluster on this machine that ends with the work."""
    import dask
    from distributed import Client, LocalCluster

    if work.scheduler:
        try:
            client = Client(work.scheduler, timeout=10)  # type: ignore[no-untyped-call]
        except (OSError, ValueError) as error:
            raise InputError(
                f"无法连接调度器“{work.scheduler}”：请检查地址，例如 tcp://10.0.0.5:8786。",
                f"The scheduler '{work.scheduler}' cannot be reached: check the address, such as tcp://10.0.0.5:8786.",
            ) from error
        with client:
            yield client
        return
    with (
        tempfile.TemporaryDirectory(prefix="gridgis-") as scratch,
        # A part that took a worker down with it is given to others a few times before it counts as hopeless.
        dask.config.set({"distributed.scheduler.allowed-failures": _RETRIES, "distributed.admin.tick.limit": "1h"}),
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=work.workers, threads_per_worker=1, memory_limit=work.memory, dashboard_address=None,
            host="127.0.0.1", local_directory=scratch, silence_logs=50,
        ) as cluster,
        Client(cluster) as client,  # type: ignore[no-untyped-call]
    ):  # fmt: skip
        yield client


@lru_cache(maxsize=2)
def _held(path: str, _stamp: int) -> Locator:
    """Return the locator in a file; kept, since a worker does many parts."""
    locator: Locator = pickle.loads(Path(path).read_bytes())
    return locator


def locate_part(held: str, part: Part, out: str, columns: tuple[str, str]) -> int:
    """Write one part with the codes of its points; return how many are in a grid.

    Parameters
    ----------
    held
        File with the `Locator`, written by the caller into the folder that all workers share.
    part
        The row group.
    out
        Folder of the parts.
    columns
        Names of longitude and latitude.
    """
    locator = _held(held, Path(held).stat().st_mtime_ns)
    target = _target(Path(out), part.number)
    draft = target.with_name(f"_{target.name}.draft")
    located, writer = 0, None
    with pq.ParquetFile(part.source) as parquet:
        for batch in parquet.iter_batches(_AT_ONCE, row_groups=[part.group]):
            lon, lat = (batch.column(c).cast(pa.float64()).to_numpy(zero_copy_only=False) for c in columns)
            table = pa.Table.from_batches([batch])
            for level, codes in locator.codes(lon, lat).items():
                name = level if level not in batch.schema.names else f"{level}_gridgis"
                table = table.append_column(name, codes)
            leaf = [table.column(table.num_columns - k - 1) for k in range(len(locator.levels.columns))]
            located += int(np.any([~np.asarray(c.is_null()) for c in leaf], axis=0).sum())
            writer = writer or pq.ParquetWriter(draft, table.schema, compression="zstd")
            writer.write_table(table)
    if writer is not None:
        writer.close()
        draft.replace(target)
    return located


def _target(out: Path, number: int) -> Path:
    return out / f"part-{number:06d}.parquet"
