"""The functions of one machine on many: spread by Dask over the row groups of Parquet files, or over blocks of the plan.

Every part is worked out alone and written whole under its own name, so a worker that dies costs only the parts
it held, which others do again. Dask's futures suffice: nothing here needs a distributed table.
"""

from __future__ import annotations

import json
import pickle
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gridgis.county import County
from gridgis.datums import check_datum
from gridgis.errors import InputError
from gridgis.overlays.hotspots import neighbours
from gridgis.piecing import Handed, Looked
from gridgis.plan import Plan
from gridgis.scaling import Counted, Located, Locator, Part, Placed, level_locator

PLAN = "_plan.pickle"
FROM_FILES = ("locate", "counts", "elements", "hotspots")
"""What is worked out from Parquet files; the others, from the plan alone."""
_RETRIES = 3

Progress = Callable[[float, str], None]


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
    """What is to be done.

    Attributes
    ----------
    points
        A Parquet file, or a folder of them; nothing for ``check`` and ``export``.
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
    what
        ``locate``, ``counts``, ``elements``, ``hotspots``, ``check`` or ``export``.
    level
        Of counts, hot spots and exports; the finest by default.
    time, step
        Column of the time, and the steps to count by: ``day``, ``week``, ``month``, or nothing.
    """

    points: Path | None
    out: Path
    lon: str = "lon"
    lat: str = "lat"
    scheduler: str = ""
    workers: int = 2
    memory: str = "2GB"
    what: str = "locate"
    level: str = ""
    time: str = "at"
    step: str = ""
    progress: Progress | None = field(default=None, compare=False)


def compute(plan: Plan, work: Work, datum: str = "wgs84", county: County | None = None) -> dict[str, Any]:
    """Do a piece of work on a Dask cluster; return what there is to say of it.

    Parameters
    ----------
    plan
        The plan.
    work
        What to do, where to put it, and on what.
    datum
        Datum of points in degrees; of an export that which it gets.
    county
        For ``check``, whose exceptions hide findings; for ``export``, what the layer is called.

    Returns
    -------
    dict
        `what`, `rows`, `located`, `parts`, `version`, `datum`, `plan_hash` and what belongs to the piece of work.

    Raises
    ------
    InputError
        The input cannot be read, or the folder holds parts already; nothing is left behind.
    """
    task, parts = _piece(plan, work, datum, county)
    work.out.mkdir(parents=True, exist_ok=True)
    if list(work.out.glob("part-*.parquet")):
        raise InputError(
            f"“{work.out}”中已有 part-*.parquet：请换一个空文件夹。",
            f"'{work.out}' holds part-*.parquet already: choose an empty folder.",
        )
    try:
        with _cluster(work) as client:
            run = partial(_spread, client, work)
            more: dict[str, Any] = task.whole(run(task, parts), work.out, run)
    except BaseException:
        for file in work.out.glob("part-*.parquet"):
            file.unlink(missing_ok=True)
        raise
    finally:
        (work.out / PLAN).unlink(missing_ok=True)
    told = {"what": work.what, "rows": sum(p.rows for p in parts), "parts": len(list(work.out.glob("part-*.parquet"))),
            "version": plan.version, "datum": datum, "plan_hash": plan.hash} | more  # fmt: skip
    (work.out / "_manifest.json").write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return told


def _piece(plan: Plan, work: Work, datum: str, county: County | None) -> tuple[Any, list[Part]]:
    """Return what is to be done, and its parts."""
    if work.what in FROM_FILES and work.points is None:
        raise InputError(
            f"“{work.what}”需要输入：请给出 Parquet 文件或文件夹。", f"'{work.what}' needs input: name a Parquet file or a folder."
        )
    plain = replace(plan, elements=None, ground=None)
    place = (work.lon, work.lat)
    if work.what == "locate":
        return Located(locator_of(plan, datum), place), _parts(work, place)
    if work.what == "elements":
        return Placed(locator_of(plan, datum), place, plan=plain), _parts(work, ("geometry",))
    if work.what in ("counts", "hotspots"):
        level = work.level or plan.scheme.level_keys[-1]
        columns = (*place, work.time) if work.step else place
        codes = plan.tiling(level)
        spots = (codes, neighbours(plan, codes)) if work.what == "hotspots" else None
        check_datum(datum)
        return Counted(level_locator(plan, level, datum), columns, work.step, spots), _parts(work, columns)
    if work.what == "check":
        looked = Looked(plain, county=county)
        return looked, looked.parts()
    codes = plan.codes(work.level) if work.level else [c for c in plan.leaf_codes if c in plan.grids]
    said = {"name": f"grids_{work.level or 'leaf'}", "title": county.meta.get("name", "") if county else ""}
    handed = Handed(plain, codes, datum, said)
    return handed, handed.parts()


def _parts(work: Work, columns: tuple[str, ...]) -> list[Part]:
    """Return the row groups of the points, in order.

    Raises
    ------
    InputError
        There are no such files, one is no Parquet, or lacks a column.
    """
    assert work.points is not None
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
        lost = [c for c in columns if c not in names]
        if lost:
            raise InputError(
                f"“{file.name}”没有列“{lost[0]}”：现有 {'、'.join(names[:8])}；可用 --lon、--lat、--time 指明。",
                f"'{file.name}' has no column '{lost[0]}': it has {', '.join(names[:8])}; name it with --lon, --lat, --time.",
            )
        out += [Part(len(out) + k, str(file.resolve()), k, size) for k, size in enumerate(sizes)]
    if not out:
        raise InputError(f"“{work.points}”中没有数据行。", f"'{work.points}' holds no rows.")
    return out


def _spread(client: Any, work: Work, task: Any, parts: list[Part]) -> list[Any]:
    """Have every part done by some worker; return the answers in the order of the parts."""
    from distributed import as_completed

    held = work.out / PLAN
    held.write_bytes(pickle.dumps(task))
    done, rows = 0, sum(p.rows for p in parts) or 1
    found: dict[int, Any] = {}
    path, out = str(held.resolve()), str(work.out.resolve())
    calls = {client.submit(do_part, path, part, out, retries=_RETRIES, pure=False): part for part in parts}
    for call in as_completed(list(calls)):  # type: ignore[no-untyped-call]
        found[calls[call].number] = call.result()
        done += calls[call].rows
        call.release()
        if work.progress:
            work.progress(done / rows, f"{done:,} / {rows:,}")
    return [found[part.number] for part in parts]


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
def _held(path: str, _stamp: int) -> Any:
    """Return the piece of work in a file; kept, since a worker does many parts of it."""
    return pickle.loads(Path(path).read_bytes())


def do_part(held: str, part: Part, out: str) -> Any:
    """Do one part; what it writes gets its name when it is whole.

    Parameters
    ----------
    held
        File with the piece of work, written by the caller into the folder that all workers share.
    part
        The part.
    out
        Folder of the parts.
    """
    task = _held(held, Path(held).stat().st_mtime_ns)
    target = _target(Path(out), part.number)
    draft = target.with_name(f"_{target.name}.draft")
    try:
        found = task.part(part, draft)
        if draft.exists():
            draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return found


def _target(out: Path, number: int) -> Path:
    return out / f"part-{number:06d}.parquet"
