"""Least-change repair beside the exact optimum (HiGHS), on small cases: households moved, and seconds.

::

    python benchmarks/least_change.py [--cases 50] [--seed 1]
"""

from __future__ import annotations

import argparse
import random
import sys
import time

import numpy as np
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import coo_matrix

from gridgis.propose.graph import Graph
from gridgis.propose.least import least_change

LOW, HIGH = 300, 500
CLOSE = 0.10


def case(seed: int) -> Graph:
    """Return a small neighbourhood: 12 to 20 blocks in 3 or 4 grids, one of them out of band."""
    rng = random.Random(seed)
    while True:
        wide, tall = rng.choice([(4, 3), (4, 4), (5, 4), (6, 3)])
        grids = rng.choice([3, 4]) if wide * tall >= 16 else 3
        n = wide * tall
        near: list[dict[int, float]] = [{} for _ in range(n)]
        for v in range(n):
            for u in (v + 1 if (v + 1) % wide else -1, v + wide):
                if 0 <= u < n and rng.random() < 0.93:
                    near[v][u] = near[u][v] = 100.0
        weight = [rng.randint(10, 2 * 400 * grids // n) for _ in range(n)]
        home = _grown(near, grids, rng)
        graph = Graph(weight, near, LOW, HIGH, [0] * n, home, weight)
        sums = [sum(w for w, h in zip(weight, home, strict=True) if h == k) for k in range(grids)]
        whole = all(graph.joined([v for v in range(n) if home[v] == k]) for k in range(grids))
        if whole and graph.joined(range(n)) and any(graph.misfit(s) for s in sums) and exact(graph) is not None:
            return graph


def _grown(near: list[dict[int, float]], grids: int, rng: random.Random) -> list[int]:
    """Return grids grown from random blocks."""
    n = len(near)
    home = [-1] * n
    for k, v in enumerate(rng.sample(range(n), grids)):
        home[v] = k
    for _ in range(20 * n):
        v = rng.randrange(n)
        if home[v] >= 0:
            free = [u for u in near[v] if home[u] < 0]
            if free:
                home[rng.choice(free)] = home[v]
    return [max(h, 0) for h in home]


def exact(graph: Graph, spare: int = 1) -> int | None:
    """Return the fewest households that any division in the band moves: contiguous by a flow from one root each.

    Parameters
    ----------
    graph
        The blocks.
    spare
        How many new grids may come.
    """
    n, grids = len(graph), max(graph.home) + 1
    labels = grids + spare
    arcs = [(v, u) for v in range(n) for u in graph.near[v]]
    x, r, y = 0, n * labels, 2 * n * labels
    f = y + labels
    size = f + len(arcs) * labels
    rows: list[tuple[list[int], list[float], float, float]] = []
    for v in range(n):
        rows.append(([x + v * labels + k for k in range(labels)], [1.0] * labels, 1, 1))
    for k in range(labels):
        mine = [x + v * labels + k for v in range(n)]
        rows.append(([*mine, y + k], [*map(float, graph.weight), -float(graph.low)], 0, np.inf))
        rows.append(([*mine, y + k], [*map(float, graph.weight), -float(graph.high)], -np.inf, 0))
        rows.append(([*[r + v * labels + k for v in range(n)], y + k], [1.0] * n + [-1.0], 0, 0))
        for v in range(n):
            into = [f + a * labels + k for a, (_, u) in enumerate(arcs) if u == v]
            out = [f + a * labels + k for a, (u, _) in enumerate(arcs) if u == v]
            # What a block of the grid takes out of the flow is one; only the root may put in.
            rows.append(([*into, *out, x + v * labels + k, r + v * labels + k],
                         [1.0] * len(into) + [-1.0] * len(out) + [-1.0, float(n)], 0, np.inf))  # fmt: skip
            rows.append(([*into, x + v * labels + k], [1.0] * len(into) + [-float(n)], -np.inf, 0))
            rows.append(([r + v * labels + k, x + v * labels + k], [1.0, -1.0], -np.inf, 0))
    at = np.repeat(np.arange(len(rows)), [len(c) for c, *_ in rows])
    matrix = coo_matrix(
        (np.concatenate([w for _, w, *_ in rows]), (at, np.concatenate([c for c, *_ in rows]))), (len(rows), size)
    )
    cost = np.zeros(size)
    for v in range(n):
        for k in range(labels):
            cost[x + v * labels + k] = graph.people[v] * (k != graph.home[v])
    whole = np.zeros(size)
    whole[:f] = 1
    done = milp(cost, integrality=whole, bounds=(0, np.where(whole > 0, 1, n)),
                constraints=LinearConstraint(matrix.tocsr(), [r[2] for r in rows], [r[3] for r in rows]),
                options={"time_limit": 120})  # fmt: skip
    return None if done.status != 0 else round(float(done.fun))


def main() -> int:
    """Run the cases and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    ours_s = exact_s = 0.0
    ratios, unmet = [], 0
    for k in range(asked.cases):
        graph = case(asked.seed * 1000 + k)
        t = time.perf_counter()
        best = exact(graph)
        exact_s += time.perf_counter() - t
        t = time.perf_counter()
        found = least_change(graph, seed=1)
        ours_s += time.perf_counter() - t
        assert best is not None
        joined = all(graph.joined(p) for p in found.parts.values())
        unmet += bool(found.misfit()) or not joined
        ratios.append(found.moved() / best if best else 1.0)
        out = "" if not found.misfit() else "  NOT IN BAND"
        print(f"case {k:2d}: {len(graph):2d} blocks, optimum {best:4d} households, ours {found.moved():4d}{out}", flush=True)
    close = sum(q <= 1 + CLOSE for q in ratios)
    print(f"within 10 % of the optimum: {close} of {len(ratios)}; equal to it: {sum(q <= 1 for q in ratios)}; "
          f"all together {np.mean(ratios) - 1:+.1%}, worst {max(ratios) - 1:+.1%}")  # fmt: skip
    print(f"not in band or not in one piece: {unmet}")
    print(f"seconds: ours {ours_s:.1f}, exact {exact_s:.1f}")
    return int(close < len(ratios) or unmet > 0)


if __name__ == "__main__":
    sys.exit(main())
