"""Published figures on real layers: people per municipality, blocks to precincts as by maup, stations in quarters.

Command: ``python benchmarks/incident_figures.py --data ../shared/data``; the tests need the layers and skip without them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import incident_figures


@pytest.mark.parametrize("part", [incident_figures.sao_miguel, incident_figures.providence, incident_figures.paris])
def test_figures_are_the_published_ones(part: object, shared_data: Path, tmp_path: Path) -> None:
    if part is incident_figures.providence:
        pytest.importorskip("maup", reason="maup, the peer of this figure, has no release that fits this Python")
    lines = list(part(shared_data, tmp_path))  # type: ignore[operator]
    assert [text for good, text in lines if not good] == []
    assert len(lines) >= 2
