"""Edits a county without end until it is killed, and says after each edit which version was saved.

Started once, it makes a fresh process for every ``go`` on standard input: imports are paid only once.
"""

from __future__ import annotations

import os
import random
import sys

import gridgis as gg
from gridgis.errors import GridgisError
from tests.drawn import line


def edit_without_end(path: str, seed: int) -> None:
    """Split, merge, undo and redo at random; print each version as it is acknowledged."""
    r = random.Random(seed)
    with gg.open_county(path) as county:
        while True:
            try:
                done = one_edit(county, r)
            except GridgisError:
                continue
            os.write(1, f"saved {done.version}\n".encode())


def one_edit(county: gg.County, r: random.Random) -> gg.Edit:
    """Carry out one random edit and return it."""
    kind = r.choice(("split", "split", "merge", "undo", "redo"))
    if kind in ("undo", "redo"):
        done: gg.Edit = getattr(county, kind)()
        return done
    units = county.plan.codes("unit")
    if kind == "merge" and len(units) > 2:
        return county.apply(gg.merge(county.plan, r.sample(units, 2)))
    column = r.uniform(0.1, 5.9)
    return county.apply(gg.split(county.plan, r.choice(units), line((column, -1), (column + r.uniform(-1, 1), 9))))


def main() -> None:
    """Fork for every line that asks for it, until standard input ends."""
    path = sys.argv[1]
    os.write(1, b"ready\n")
    for seed, _ in enumerate(sys.stdin):
        child = os.fork()
        if child == 0:
            try:
                os.write(1, f"child {os.getpid()}\n".encode())
                edit_without_end(path, seed)
            finally:
                os._exit(1)
        os.waitpid(child, 0)
        os.write(1, b"dead\n")


if __name__ == "__main__":
    main()
