"""Four districts of Beijing as delivered: overlapping pairs and gaps that our check counts, beside coverage_is_valid.

    python benchmarks/raw_layers.py ../shared/data

Exit code 1 unless Pinggu is clean, Daxing has 10 overlapping pairs and 7 gaps, Haidian 3 and 4, and Miyun one gap of 45 m2
that `shapely.coverage_is_valid` alone does not see.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from types import MappingProxyType

import numpy as np
import shapely
from repair_layers import LAYERS, read, repair

WANTED = MappingProxyType({"pinggu": (0, 0), "daxing": (10, 7), "haidian": (3, 4), "miyun": (0, 1)})


def main() -> int:
    """Print a line a district."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    print(f"{'district':10}{'grids':>6}{'overlaps':>10}{'gaps':>6}{'gap m2':>10}  coverage_is_valid alone, with a gap width of 10 m")
    bad = 0
    for name, wanted in WANTED.items():
        layer = LAYERS[name]
        found = repair(folder, layer)[1].findings
        counts = found.get("overlap", 0), found.get("gap", 0)
        polygons = np.asarray(read(folder, layer).geometry.values, dtype=object)
        union = shapely.union_all(polygons)
        area = sum(shapely.Polygon(r).area for p in shapely.get_parts(union) for r in p.interiors)
        alone, wide = (bool(shapely.coverage_is_valid(polygons, gap_width=w)) for w in (0.0, 10.0))
        right = counts == wanted and (name != "miyun" or (alone and round(area) == 45))
        bad += not right
        print(f"{name:10}{len(polygons):6}{counts[0]:10}{counts[1]:6}{area:10.1f}  {alone}, {wide}{'' if right else '  NOT AS EXPECTED'}")
    print(f"not as expected: {bad}")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
