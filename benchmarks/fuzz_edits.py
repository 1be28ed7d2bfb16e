"""Random edits of all kinds on a county, every invariant checked after every edit.

    python benchmarks/fuzz_edits.py --edits 10000 --seed 1 --county county.gpkg

The county file is copied first and stays as it is. The checker shares nothing with the kernel: it
reads the copy with `sqlite3`, keeps its own picture of cells, codes and totals, and judges with
shapely and plain Python. Every verb of `gridgis.edits` is among the kinds; where the county has no land without a
grid, some is cleared before a new grid is drawn. Ends with ``violations: N``; exit code 1 if N > 0.
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
import tomllib
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import gridgis as gg
from benchmarks.planner import Planner
from gridgis.errors import GridgisError
from gridgis.verify import verify

OFTEN = {
    "split": 20, "merge": 26, "transfer": 16, "paint": 12, "reshape": 20, "vertex": 12, "recode": 4, "convert": 2, "draw": 8,
    "undo": 5, "redo": 1,
}  # fmt: skip
KINDS, WEIGHTS = tuple(OFTEN), tuple(OFTEN.values())


def geometry(blob: bytes) -> shapely.Geometry:
    """Decode a GeoPackage blob by the standard, not by our store."""
    envelope = (0, 32, 48, 48, 64)[(blob[3] >> 1) & 7]
    return shapely.from_wkb(blob[8 + envelope :])


class Watch:
    """An independent picture of the county, compared with the file after every edit."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        self.widths = self._widths()
        county = self.db.execute("SELECT geometry FROM boundaries WHERE level = 'county'").fetchone()
        self.outline = geometry(county[0])
        self.points = self._points()
        self.cells: dict[int, tuple[str | None, shapely.Polygon, tuple[int, ...]]] = {}
        self.edges: Counter[tuple[int, int, int, int]] = Counter()
        self.ever: set[str] = set()
        self.live: set[str] = set()
        self.fid = 0
        self.hashes: dict[int, str] = {}
        self.version = 0
        self._load()
        self.totals = np.sum([f for _, _, f in self.cells.values()], axis=0)
        self.area = sum(p.area for _, p, _ in self.cells.values())
        xy = self.points[:, :2]
        self.tree = shapely.STRtree(shapely.points(xy))
        within = self.tree.query(self.outline, predicate="contains")
        near = self.tree.query(self.outline.boundary, predicate="dwithin", distance=0.003)
        sides = (np.setdiff1d(within, near), np.union1d(within, near))
        self.inside = [self.points[rows][:, 2:].sum(axis=0) for rows in sides]

    def _widths(self) -> list[int]:
        text = self.db.execute("SELECT value FROM meta WHERE key = 'scheme_toml'").fetchone()[0]
        data = tomllib.loads(text)
        out = [data.get("county_digits", 6)]
        for level in data["levels"]:
            out.append(out[-1] + level["digits"])
        return out

    def _points(self) -> np.ndarray:
        rows = []
        for k, table in enumerate(("buildings", "places", "roads", "incidents")):
            columns = "households, persons" if table == "buildings" else "0, 0"
            for x, y, h, p in self.db.execute(f"SELECT x, y, {columns} FROM {table} WHERE x IS NOT NULL"):
                rows.append((x, y, h or 0, p or 0, *(int(k == j) for j in range(4))))
        return np.array(rows, dtype=float).reshape(-1, 8)

    def _load(self) -> None:
        for i, code, blob, *figures in self.db.execute(
            "SELECT id, code, geometry, households, persons, buildings, places, roads, incidents FROM cells"
            " WHERE removed_in IS NULL"
        ):
            self._add(i, code, geometry(blob), tuple(figures))
        self.live = {c for (c,) in self.db.execute("SELECT code FROM grids WHERE removed_in IS NULL")}
        self.ever = {c for (c,) in self.db.execute("SELECT code FROM code_ledger")}
        (self.version,) = self.db.execute("SELECT max(version) FROM edits").fetchone()

    def _keys(self, polygon: shapely.Polygon) -> list[tuple[int, int, int, int]]:
        """Directed edges in millimetres, interior on the right whatever the file's ring order."""
        out = []
        for ring, hole in ((polygon.exterior, False), *((r, True) for r in polygon.interiors)):
            xy = np.round(np.array(ring.coords) * 1000).astype(np.int64)
            if shapely.is_ccw(ring) != hole:
                xy = xy[::-1]
            out += list(map(tuple, np.hstack([xy[:-1], xy[1:]]).tolist()))
        return out

    def _add(self, i: int, code: str | None, polygon: shapely.Polygon, figures: tuple[int, ...]) -> None:
        self.cells[i] = (code, polygon, figures)
        self.edges.update(self._keys(polygon))

    def _drop(self, i: int) -> tuple[str | None, shapely.Polygon, tuple[int, ...]]:
        row = self.cells.pop(i)
        for key in self._keys(row[1]):
            self.edges[key] -= 1
            if not self.edges[key]:
                del self.edges[key]
        return row

    def judge(self, *, undone: bool) -> list[str]:
        """Read what the newest edit did and return every invariant it breaks."""
        version, kind, hash_ = self.db.execute("SELECT version, kind, hash FROM edits ORDER BY version DESC").fetchone()
        bad: list[str] = []
        if version != self.version + 1:
            bad.append(f"version jumped from {self.version} to {version}")
        gone = [i for (i,) in self.db.execute("SELECT id FROM cells WHERE removed_in = ?", (version,))]
        came = self.db.execute(
            "SELECT id, code, geometry, households, persons, buildings, places, roads, incidents FROM cells"
            " WHERE added_in = ?", (version,)
        ).fetchall()  # fmt: skip
        old = [self._drop(i) for i in gone]
        for i, code, blob, *figures in came:
            self._add(i, code, geometry(blob), tuple(figures))
        new = [self.cells[row[0]] for row in came]
        bad += self._shapes(old, new)
        bad += self._figures(old, new)
        bad += self._codes(version, undone)
        bad += self._hashes(version, hash_, kind)
        self.version = version
        return bad

    def _shapes(self, old: list, new: list) -> list[str]:
        bad = []
        for _, polygon, _ in new:
            xy = shapely.get_coordinates(polygon)
            if not polygon.is_valid or polygon.is_empty or polygon.geom_type != "Polygon":
                bad.append("invalid cell")
            if not (np.round(xy, 3) == xy).all():
                bad.append("off the 1 mm lattice")
        # One edge, one cell on each side: every directed edge once, and its twin once, but on the outline.
        around = shapely.union_all([p for _, p, _ in (*old, *new)]) if new else None
        touched = {k for _, p, _ in new for k in self._keys(p)}
        touched |= {(c, d, a, b) for a, b, c, d in {k for _, p, _ in old for k in self._keys(p)}}
        border = self.outline.boundary
        for key in touched:
            twin = (key[2], key[3], key[0], key[1])
            if self.edges[key] > 1 or self.edges[twin] > 1:
                bad.append("two cells on one side of an edge")
            if (self.edges[key] > 0) != (self.edges[twin] > 0):
                ends = shapely.points(np.array([key[:2], key[2:]]) / 1000)
                if not (shapely.distance(ends, border) <= 0.002).all():
                    bad.append("an edge without a neighbour inside the county")
            for k in (key, twin):
                if self.edges[k] == 0:
                    del self.edges[k]
        if around is not None:
            before = sum(p.area for _, p, _ in old)
            after = sum(p.area for _, p, _ in new)
            if abs(before - after) > 0.002 * around.length + 1e-6:
                bad.append(f"area changed by {after - before:.3f} m2")
            union = shapely.union_all([p for _, p, _ in new])
            if (
                shapely.symmetric_difference(union, shapely.union_all([p for _, p, _ in old])).area
                > 0.002 * around.length + 1e-6
            ):
                bad.append("the new cells do not fill the place of the old")
            if union.area < after - 1e-3:
                bad.append("new cells overlap")
        return bad

    def _figures(self, old: list, new: list) -> list[str]:
        bad = []
        if not (np.sum([f for *_, f in old], axis=0) == np.sum([f for *_, f in new], axis=0)).all():
            bad.append("a figure is not conserved")
        for _, polygon, figures in new:
            inside = self.tree.query(polygon, predicate="contains")
            near = self.tree.query(polygon.boundary, predicate="dwithin", distance=0.003)
            sure = self.points[np.setdiff1d(inside, near)][:, 2:].sum(axis=0)
            most = self.points[np.union1d(inside, near)][:, 2:].sum(axis=0)
            if (np.array(figures) < sure).any() or (np.array(figures) > most).any():
                bad.append("the figures of a cell do not match the points in it")
        return bad

    def _codes(self, version: int, undone: bool) -> list[str]:
        bad = []
        voided = [c for (c,) in self.db.execute("SELECT code FROM grids WHERE removed_in = ?", (version,))]
        added = [c for (c,) in self.db.execute("SELECT code FROM grids WHERE added_in = ?", (version,))]
        created = set(added) - set(voided)
        if not undone:
            bad += [f"code {c} was reused" for c in created & self.ever]
        self.live = (self.live - set(voided)) | set(added)
        for c in created:
            if len(c) not in self.widths or not c.isdigit():
                bad.append(f"malformed code {c}")
        ledger = {c for (c,) in self.db.execute("SELECT code FROM code_ledger WHERE allotted_in = ?", (version,))}
        self.ever |= ledger
        bad += [f"code {c} is not in the ledger" for c in created - self.ever]
        rows = {c for (c,) in self.db.execute("SELECT code FROM grids WHERE removed_in IS NULL")}
        if (
            rows != self.live
            or len(rows) != self.db.execute("SELECT count(*) FROM grids WHERE removed_in IS NULL").fetchone()[0]
        ):
            bad.append("live grids are not one per code")
        leaves = {c for c, _, _ in self.cells.values() if c is not None}
        held = {c[:w] for c in leaves for w in self.widths[1:] if w <= len(c)}
        bad += [f"grid {c} has no cell or no row" for c in held ^ self.live]
        return bad

    def _hashes(self, version: int, hash_: str, kind: str) -> list[str]:
        self.hashes[version] = hash_
        row = self.db.execute("SELECT undoes FROM edits WHERE version = ?", (version,)).fetchone()
        if kind == "undo" and self.hashes.get(row[0] - 1) not in (None, hash_):
            return ["undo did not restore the hash"]
        if kind == "redo" and self.hashes.get(row[0]) not in (None, hash_):
            return ["redo did not restore the hash"]
        return []

    def whole(self) -> list[str]:
        """Return what is wrong with the county as a whole."""
        polygons = np.array([p for _, p, _ in self.cells.values()], dtype=object)
        bad = []
        if not shapely.coverage_is_valid(polygons):
            bad.append("the cells are not a valid coverage")
        union = shapely.coverage_union_all(polygons)
        if shapely.symmetric_difference(union, self.outline).area > 0.002 * self.outline.length:
            bad.append("the union of the cells is not the outline")
        totals = np.sum([f for _, _, f in self.cells.values()], axis=0)
        if not (totals == self.totals).all():
            bad.append(f"totals changed from {self.totals} to {totals}")
        least, most = self.inside
        if (totals < least).any() or (totals > most).any():
            bad.append(f"totals {totals} are not those of the elements inside the county, {most}")
        return bad


def main() -> int:
    """Run the edits and print the table."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--edits", type=int, default=1000)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--file", "--county", dest="file", type=Path, required=True)
    given = ask.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "county.gpkg"
        shutil.copy(given.file, copy)
        return run(copy, given.edits, given.seed)


def clear(planner: Planner) -> bool:
    """Take some grids out of a county that is drawn to the last corner; tell whether it was."""
    full = not len(planner.free())
    if full:
        planner.county.apply(planner.cleared(), by="fuzz", reason="cleared")
    return full


def run(path: Path, edits: int, seed: int) -> int:
    """Run random edits on a county file and return the exit code."""
    county = gg.open_county(path)
    watch = Watch(path)
    problems = [f"at the start: {w}" for w in watch.whole()]
    planner = Planner(county, seed)
    times: defaultdict[str, list[float]] = defaultdict(list)
    refused: Counter[str] = Counter()
    done = tried = 0
    last = ""
    while done < edits and tried < 20 * edits:
        tried += 1
        # Redo makes sense only right after undo.
        again = last == "undo" and planner.random.random() < 0.5
        kind = "redo" if again else planner.random.choices(KINDS, WEIGHTS)[0]
        if kind == "draw" and clear(planner):
            problems += [f"after {done}, land cleared: {w}" for w in watch.judge(undone=False)]
        before = (county.version, county.plan.hash)
        started = time.perf_counter()
        try:
            if kind in ("undo", "redo"):
                getattr(county, kind)(by="fuzz")
            else:
                edit = planner.edit(kind)
                county.apply(edit, by="fuzz", reason="random")
        except GridgisError:
            refused[kind] += 1
            if (county.version, county.plan.hash) != before:
                problems.append(f"a refused {kind} changed the county")
            continue
        times[kind].append(time.perf_counter() - started)
        done, last = done + 1, kind
        problems += [f"edit {done} ({kind}): {w}" for w in watch.judge(undone=kind in ("undo", "redo"))]
        if done % max(1, edits // 20) == 0:
            problems += [f"after {done}: {w}" for w in watch.whole()]
            print(f"  {done} edits, {len(watch.cells)} cells, {len(watch.live)} grids, {len(problems)} violations",
                  file=sys.stderr, flush=True)  # fmt: skip
    problems += [en for _, en in verify(county)]
    county.close()
    report(times, refused, problems)
    return 1 if problems else 0


def report(times: dict[str, list[float]], refused: Counter[str], problems: list[str]) -> None:
    """Print counts, median and 95th percentile per kind, and the violations."""
    print("| kind | done | refused | median ms | p95 ms |")
    print("|---|---:|---:|---:|---:|")
    for kind in KINDS:
        ms = sorted(1000 * t for t in times.get(kind, []))
        mid = f"{statistics.median(ms):.1f}" if ms else "-"
        high = f"{ms[int(0.95 * (len(ms) - 1))]:.1f}" if ms else "-"
        print(f"| {kind} | {len(ms)} | {refused[kind]} | {mid} | {high} |")
    for problem in problems[:20]:
        print(problem)
    print(f"violations: {len(problems)}")


if __name__ == "__main__":
    sys.exit(main())
