"""Three synthetic nets whose true common net is known: recovered, and households conserved exactly.

::

    python benchmarks/fuse_nets.py [COUNTY] [--seeds 5]

Each net is the truth with its own slips: one gives cells on boundaries to the grid next door, one merges
neighbours, one does some of both and splits others. No two nets slip at the same cell, as departments that
draw on their own do.
"""

from __future__ import annotations

import argparse
import random
import sys
import time

import numpy as np

from gridgis import topology
from gridgis.county import open_county
from gridgis.plan import Plan
from gridgis.propose.fusing import Fusion, Net, fuse

SHARE = 0.08
NAMES = ("police", "civil_affairs", "city_management")


def slips(plan: Plan, level: str, seed: int) -> tuple[list[Net], np.ndarray]:
    """Return three nets with slips, and the true grid of each cell."""
    rng = random.Random(seed)
    width = plan.scheme.width(level)
    true = np.array([c[:width] for c in plan.rows.code], dtype=object)
    pairs = [(int(a), int(b)) for a, b in topology.shared_length(plan.rows.geometry)]
    near: dict[int, list[int]] = {}
    for a, b in pairs:
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    spent: set[str] = set()
    nets = [true.copy() for _ in NAMES]
    edge = [k for k in range(len(true)) if any(true[u] != true[k] for u in near.get(k, []))]
    rng.shuffle(edge)
    for n, k in enumerate(edge[: int(SHARE * len(edge)) * 3]):
        to = rng.choice(sorted({true[u] for u in near[k]} - {true[k]}))
        # A slip takes no more than one net at a grid, and never the whole grid.
        if true[k] in spent or to in spent or (true == true[k]).sum() < 4:
            continue
        spent |= {true[k], to}
        if n % 3 == 1:
            nets[1][true == true[k]] = to
        else:
            nets[n % 3][k] = to
    out = []
    for name, codes in zip(NAMES, nets, strict=True):
        kinds = sorted(set(codes.tolist()))
        shapes = np.empty(len(kinds), dtype=object)
        shapes[:] = [topology.dissolve(plan.rows.geometry[codes == c]) for c in kinds]
        out.append(Net(name, np.array([f"{name[0].upper()}{c}" for c in kinds], dtype=object), shapes))
    return out, true


def same_parts(found: Fusion, true: np.ndarray) -> int:
    """Return how many true grids came back cell for cell."""
    parts = {frozenset(np.flatnonzero(found.labels == k).tolist()) for k in np.unique(found.labels)}
    return sum(frozenset(np.flatnonzero(true[found.rows] == c).tolist()) in parts for c in set(true.tolist()))


def main() -> int:
    """Run the seeds and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("county", nargs="?", default="county.gpkg")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--level", default="unit")
    asked = parser.parse_args()
    wrong = 0
    with open_county(asked.county) as county:
        plan = county.plan
        totals = plan.rows.figures[:, :3].sum(axis=0).tolist()
        for seed in range(1, asked.seeds + 1):
            nets, true = slips(plan, asked.level, seed)
            t = time.perf_counter()
            found = fuse(plan, nets, asked.level)
            seconds = time.perf_counter() - t
            back, whole = same_parts(found, true), len(set(true.tolist()))
            sums = found.crosswalk.groupby("net")[["households", "persons", "buildings"]].sum().to_numpy().tolist()
            exact = all(s == totals for s in sums)
            agree = ", ".join(f"{v:.1%}" for v in found.agreement["people_agree"])
            print(
                f"seed {seed}: {back} of {whole} true grids recovered cell for cell, {len(found.common)} proposed; crosswalk "
                f"{'conserves' if exact else 'LOSES'} households ({int(sums[0][0]):,} of {totals[0]:,} in each net); agreement "
                f"{agree}; {len(found.conflicts)} conflicts with {int(found.conflicts['households'].sum()):,} households; "
                f"{seconds:.1f} s", flush=True,
            )  # fmt: skip
            wrong += back < whole or len(found.common) != whole or not exact
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
