"""Boards for every grid of a level: how long, and read back: QR codes, letters on the page, names that overlap.

    python benchmarks/signs.py --county county.gpkg [--level responsibility] [--look 40]

Makes all boards with two processes through the command a user calls, a second time (nothing to do), and a third
after some were removed. Then ``--look`` of them, spread over the county, are rendered: the QR code must decode to
the code, every letter must lie on the page in an embedded font, and the names on the plan must not overlap.
Ends with ``faults: N``; exit code 1 unless N is 0.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
import shapely
import zxingcpp

from gridgis.county import open_county
from gridgis.print.boards import Studio, board_map, studio_of
from gridgis.print.labels import boxes_of
from gridgis.print.settings import settings_of


def make(county: str, level: str, folder: Path, words: str) -> None:
    """Run the command and print seconds on the clock and of the processor."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "gridgis", "signs", county, "--level", level, "--out", str(folder), "--lang", "en"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    clock = f"{time.perf_counter() - start:.1f} s on the clock (load {os.getloadavg()[0]:.0f})"
    print(f"{words}: {clock}, {cpu:.1f} s of processor; {done.stdout.strip().split(': /')[0]}", flush=True)


def faults_of(pdf: Path, code: str) -> list[str]:
    """Return what is wrong with a board, read back from its PDF."""
    page = pypdfium2.PdfDocument(pdf)[0]
    width, height = page.get_size()
    out = []
    read = [found.text for found in zxingcpp.read_barcodes(page.render(scale=1.2).to_pil())]
    if read != [code]:
        out.append(f"{code}: QR code reads {read}")
    letters = page.get_textpage()
    boxes = np.array([letters.get_charbox(k) for k in range(letters.count_chars())])
    seen = boxes[(boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])]
    if seen[:, :2].min() < 0 or seen[:, 2].max() > width or seen[:, 3].max() > height:
        out.append(f"{code}: letters beyond the page")
    texts = [o for o in page.get_objects(max_depth=8) if o.type == pdfium.FPDF_PAGEOBJ_TEXT]
    if not all(pdfium.FPDFFont_GetIsEmbedded(pdfium.FPDFTextObj_GetFont(o.raw)) == 1 for o in texts):
        out.append(f"{code}: a font is not embedded")
    if code not in letters.get_text_bounded():
        out.append(f"{code}: the code is not on the board")
    return out


def overlaps(studio: Studio, code: str) -> tuple[int, int, int]:
    """Return how many names stand on a plan, how many found no room, and how many pairs overlap."""
    drawn = board_map(studio, code)
    rooms = [(k, shapely.box(*b)) for k, (text, size, spot) in enumerate(drawn.names) for b in boxes_of(text, size, spot)]
    if not rooms:
        return 0, len(drawn.dropped), 0
    owner, boxes = zip(*rooms, strict=True)
    a, b = shapely.STRtree(boxes).query(boxes, predicate="overlaps")
    return len(drawn.names), len(drawn.dropped), sum(owner[i] < owner[j] for i, j in zip(a, b, strict=True))


def main() -> int:
    """Make, read back, tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--county", default="county.gpkg")
    parser.add_argument("--level", default="responsibility")
    parser.add_argument("--look", type=int, default=40)
    given = parser.parse_args()
    with open_county(given.county) as county, tempfile.TemporaryDirectory() as place:
        codes, folder = county.plan.codes(given.level), Path(place)
        studio = studio_of(county, settings_of(county))
        make(given.county, given.level, folder, f"{len(codes)} boards")
        make(given.county, given.level, folder, "again, nothing to do")
        for code in codes[::10]:
            (folder / f"{code}.pdf").unlink()
        make(given.county, given.level, folder, "again, a tenth removed")
        size = sum(p.stat().st_size for p in folder.glob("*.pdf"))
        print(f"{len(list(folder.glob('*.pdf')))} PDF files, {size / 1e6:.0f} MB")
        looked = codes[:: max(len(codes) // given.look, 1)][: given.look]
        faults = [fault for code in looked for fault in faults_of(folder / f"{code}.pdf", code)]
        sums = np.array([overlaps(studio, code) for code in looked]).sum(axis=0)
    print(f"{len(looked)} boards read back: {sums[0]} names on their plans, {sums[1]} without room, {sums[2]} pairs overlap")
    print("\n".join(faults) if faults else "every QR code decodes to its code, every letter lies on the page, every font is embedded")
    count = len(faults) + int(sums[2])
    print(f"faults: {count}")
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main())
