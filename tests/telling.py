"""The command line called inside the test: what it prints, how it ends, and whether it touched the county."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import shapely
from pyproj import Transformer

from gridgis.cli import main
from tests.drawn import EPSG


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What a machine reads."""
        return json.loads(self.out)


Tell = Callable[..., Answer]


def teller(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tell:
    """Return a function that runs one command in this process."""

    def tell(*words: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["gridgis", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        assert "Traceback" not in out + err
        return Answer(code, out, err)

    return tell


def assert_refused(answer: Answer, code: int, *words: str) -> None:
    """Ask of a refusal that it is one plain sentence on standard error, and names these words."""
    assert answer.code == code, answer
    assert answer.out == ""
    sentence = answer.err.strip()
    assert sentence.endswith(("。", "."))
    assert "\n" not in sentence
    assert "Error" not in sentence
    assert 8 < len(sentence) < 400
    for word in words:
        assert word in sentence


def degrees(shape: Any) -> Any:
    """Return a shape of a drawing in longitude and latitude."""
    forward = Transformer.from_crs(EPSG, 4490, always_xy=True)
    return shapely.transform(shape, forward.transform, interleaved=False)


def geojson(path: Path, *rows: tuple[dict[str, Any], Any]) -> Path:
    """Write shapes of a drawing with their properties as GeoJSON and return the path."""
    features = [
        {"type": "Feature", "properties": p, "geometry": None if s is None else shapely.geometry.mapping(degrees(s))}
        for p, s in rows
    ]  # fmt: skip
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path
