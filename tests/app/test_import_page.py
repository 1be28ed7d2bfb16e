"""The page of imports: a trial says what would happen, only a confirmation writes, a stop leaves all as it was."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from streamlit.testing.v1 import AppTest

import gridgis as gg
from app_pages import access, importdesk
from app_pages.desk import the_desk
from app_pages.matchdesk import Upload
from app_pages.words import WORDS
from gridgis import bringing
from gridgis.errors import RefusedError
from gridgis.io.asking import Options
from tests.app.conftest import A
from tests.app.test_pages import run, text_of
from tests.drawn import at

PAGE = "import_page.py"


def places(*names: str, where: tuple[tuple[float, float], ...] = ((1.5, 1.5), (4.5, 0.5))) -> bytes:
    """Return a GeoJSON of places; a place beyond the last spot lies far outside the county."""
    spots = [shapely.Point(*at(*w)) for w in where] + [shapely.Point(600_000, 2_000_000)] * (len(names) - len(where))
    frame = gpd.GeoDataFrame({"名称": names, "说法": ["甲类"] * len(names)}, geometry=spots[: len(names)], crs=4548)
    return frame.to_crs(4326).to_json().encode()


def upload(app: AppTest, name: str, data: bytes) -> AppTest:
    app.file_uploader[0].upload(name, data, "application/octet-stream")
    app.run()
    assert not app.exception, app.exception
    return app


def finish(app: AppTest) -> AppTest:
    app.button(key="import_confirm").click().run()
    assert not app.exception, app.exception
    job = app.session_state["import_job"]
    if job is not None:
        job.wait(60)
        app.run()
    assert not app.exception, app.exception
    return app


def names_in(county: Path, table: str = "places") -> list[str]:
    with gg.open_county(county) as opened:
        return sorted(pd.DataFrame(opened.table(table))["name"])


def test_every_kind_has_its_words() -> None:
    for kind in bringing.KINDS:
        assert f"import_kind_{kind}" in WORDS
        assert f"import_about_{kind}" in WORDS
        assert importdesk.fields_of(kind) or kind == "raster"


def test_trial_then_confirm(small_county: Path) -> None:
    before = small_county.read_bytes()
    app = upload(run(PAGE, import_kind="places"), "p.geojson", places("<b>{{7*7}}</b>", "药店"))
    assert "2 行：可导入 2" in text_of(app)
    assert "EPSG:4326" in text_of(app)
    assert small_county.read_bytes() == before, "a trial writes nothing"
    app = finish(app)
    assert "已导入“p.geojson”（场所）：2 行，跳过 0 行" in text_of(app)
    assert names_in(small_county) == ["<b>{{7*7}}</b>", "药店"]
    assert app.session_state["import_upload"] is None
    report = json.loads(importdesk.report_json(app.session_state["import_result"][2], "p.geojson"))
    assert report["file"] == "p.geojson"
    assert report["applied"]


def test_rejected_rows_are_left_out_only_when_ticked(small_county: Path) -> None:
    app = upload(run(PAGE, import_kind="places"), "p.geojson", places("药店", "学校", "外地"))
    assert "不合格 1" in text_of(app)
    assert app.button(key="import_confirm").disabled
    app.checkbox(key="import_skip").check().run()
    app = finish(app)
    assert "2 行，跳过 1 行" in text_of(app)
    assert names_in(small_county) == ["学校", "药店"]
    workbook = importdesk.report_xlsx(app.session_state["import_result"][2], "zh", ("甲", "乙", ("行", "果", "因")))
    assert pd.read_excel(io.BytesIO(workbook))["行"].tolist() == [3]


def test_a_field_named_by_hand_changes_the_trial(small_county: Path) -> None:
    app = upload(run(PAGE, import_kind="places"), "p.geojson", places("药店", "学校"))
    app.selectbox(key="import_field_name").select("说法").run()
    assert not app.exception
    finish(app)
    assert names_in(small_county) == ["甲类", "甲类"]


@pytest.mark.usefixtures("small_county")
@pytest.mark.parametrize(("name", "data"), [
    ("x.zip", b"PK\x03\x04 no zip"), ("<img src=x>.gpkg", b"\0" * 64), ("empty.geojson", b""),
])  # fmt: skip
@pytest.mark.parametrize("kind", ["grids", "buildings", "staff"])
def test_a_file_that_cannot_be_read_is_one_sentence(kind: str, name: str, data: bytes) -> None:
    app = upload(run(PAGE, import_kind=kind), name, data)
    text = text_of(app)
    assert sum('role="alert"' in str(h.proto.body) for h in app.get("html")) == 1
    assert "<img src=x" not in text
    assert "upload." not in text, "our own name of the file is nobody's business"
    assert "Traceback" not in text


def test_a_stop_leaves_the_county_as_it_was(small_county: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = small_county.read_bytes()
    app = upload(run(PAGE, import_kind="places"), "p.geojson", places("药店", "学校"))
    real: Callable[..., Any] = bringing.bring
    held, reached = Event(), Event()

    def stopped_midway(*args: Any, progress: Any = None, **more: Any) -> Any:
        def tell(share: float, words: str) -> None:
            if share >= 0.5:
                reached.set()
                held.wait(30)
                app.session_state["import_job"].stop()
            progress(share, words)

        return real(*args, progress=tell if more.get("apply") else progress, **more)

    monkeypatch.setattr(bringing, "bring", stopped_midway)
    job = importdesk.begin(the_desk(), app.session_state["import_upload"], Options("places"))
    app.session_state["import_job"] = job
    assert reached.wait(30)
    assert the_desk().plan.cells is not None
    assert not job.over, "nobody else waits for an import"
    held.set()
    job.wait(60)
    app.run()
    assert job.stopped
    assert "已取消导入，县区未改动" in text_of(app)
    assert small_county.read_bytes() == before
    assert app.button(key="import_confirm"), "the file is still there to be tried again"


def test_a_register_goes_the_same_way(small_county: Path) -> None:
    data = f"网格编码,网格名称\n{A},新名\n999,无\n".encode()
    app = upload(run(PAGE, import_kind="register"), "r.csv", data)
    assert "不合格 1" in text_of(app)
    app.checkbox(key="import_skip").check().run()
    app = finish(app)
    assert "地图页点“撤销”" in text_of(app)
    with gg.open_county(small_county) as county:
        assert county.plan.grids[A].name == "新名"
        assert "r.csv" in str(county.log().iloc[-1].to_dict())


@pytest.mark.usefixtures("small_county")
def test_who_may_only_look_is_not_offered_the_page_and_cannot_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app_pages.access.role", lambda: "viewer")
    run()
    assert not access.offered("import")
    with pytest.raises(RefusedError):
        importdesk.begin(the_desk(), Upload.of("p.geojson", b""), Options("places"))
