"""What can be said of a drawn file whose codes cannot be told: its rows and its faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import shapely

from gridgis.cleaning.drawing import Net
from gridgis.cleaning.repair import count_findings, valid_polygons
from gridgis.errors import GridgisError
from gridgis.io.accounts import Target
from gridgis.io.asking import Options
from gridgis.io.crs import Near
from gridgis.io.projecting import projection
from gridgis.io.reading import read_vector


def survey(path: str | Path, target: Target, options: Options, error: GridgisError) -> dict[str, Any]:
    """Return the report of an import that could not find codes: each row counts as a grid of its own.

    Parameters
    ----------
    path
        The file.
    target
        The county.
    options
        How to read it.
    error
        Why its rows cannot enter.

    Raises
    ------
    InputError
        The file cannot be read at all.
    """
    crs = options.crs or Near(target.outline, target.epsg)
    source = read_vector(path, layer=options.layer, encoding=options.encoding, crs=crs, polygons=True)
    shapes = np.asarray(source.frame.geometry.values, dtype=object)
    ground = ~shapely.is_missing(shapes) & (shapely.area(shapes) > 0)
    findings: dict[str, int] = {}
    if ground.any():
        ways = projection(source.frame.crs, target.epsg)
        polygons, invalid = valid_polygons(ways.direct(shapes[ground]))
        labels = tuple(str(row + 1) for row in np.flatnonzero(ground))
        findings = {k: n for k, n in count_findings(Net(polygons, labels), target.outline).items() if n}
        findings |= {"invalid": invalid} if invalid else {}
    facts = source.facts
    reasons = [{"row": k + 1, "reason": error.en, "reason_zh": error.zh} for k in range(len(shapes))]
    return {
        "file": Path(path).name, "as": options.as_, "rows": int(facts["rows"]), "accepted": 0, "rejected": reasons,
        "code_field": None, "name_field": None, "datum": None, "datum_seen": None,
        "evidence": [en for _, en in facts["evidence"]], "evidence_zh": [zh for zh, _ in facts["evidence"]],
        "notes": [error.en], "notes_zh": [error.zh], "encoding": facts["encoding"], "crs": facts["crs"],
        "driver": facts["driver"], "findings": findings, "spots": [], "changes": [], "applied": False,
    }  # fmt: skip
