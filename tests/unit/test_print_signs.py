"""Signboards: what they say can be read back from the PDF, nothing overlaps, nothing is cut, the QR code decodes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pypdfium2
import pypdfium2.raw as pdfium
import pytest
import shapely
import zxingcpp
from PIL import Image

import gridgis as gg
from gridgis.cli.printing import copied
from gridgis.errors import InputError
from gridgis.print import batch, typeset
from gridgis.print.boards import board, board_map, content, studio_of
from gridgis.print.labels import boxes_of
from gridgis.print.settings import Settings, settings_from, settings_of
from gridgis.print.typeset import TEMPLATES, Press
from tests.crew import A, B, C, crewed
from tests.drawn import EAST, NORTH
from tests.telling import Tell, assert_refused

DEFAULTS = (TEMPLATES / "board.toml").read_text(encoding="utf-8")


def busy_tables(seed: int = 3) -> dict[str, pd.DataFrame]:
    """Return places that crowd each other, and streets, over the drawn county."""
    rng = np.random.default_rng(seed)
    n = 160
    xy = np.column_stack([EAST + rng.uniform(0, 600, n), NORTH - rng.uniform(0, 400, n)])
    kinds = rng.choice(["school", "shop", "station", "hospital", "camera"], n)
    names = [f"{'很长的' * int(rng.integers(0, 4))}第{k}号场所" for k in range(n)]
    places = pd.DataFrame({"id": [f"p{k}" for k in range(n)], "kind": kinds, "name": names, "x": xy[:, 0], "y": xy[:, 1]})
    lines = [shapely.LineString([(EAST, NORTH - 30 * k), (EAST + 600, NORTH - 55 * k)]) for k in range(8)]
    roads = pd.DataFrame({"id": [f"r{k}" for k in range(8)], "name": [f"第{k}大道" for k in range(8)], "class": "street",
                          "x": EAST, "y": NORTH})  # fmt: skip
    return {"places": places.assign(geometry=shapely.points(xy)), "roads": roads.assign(geometry=lines)}


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = crewed(tmp_path_factory.mktemp("busy") / "county.gpkg")
    with gg.open_county(path) as county:
        for name, frame in busy_tables().items():
            county.store.replace_table(name, frame)
    return path


def studio(path: Path, lang: str = "zh", settings: Settings | None = None, templates: Path | None = None) -> Any:
    with gg.open_county(path) as county:
        return studio_of(county, settings or settings_of(county), lang, templates)


def text_of(pdf: bytes) -> str:
    page = pypdfium2.PdfDocument(pdf)[0].get_textpage()
    return page.get_text_bounded().replace("\r", "").replace("\n", "").replace(" ", "")


def test_a_board_says_what_it_must_and_its_code_can_be_scanned(busy: Path) -> None:
    pdf = board(studio(busy), A)[0]
    said = text_of(pdf)
    for words in (A, "网格公示牌", "第1网格", "林一", "110", "12345", "示意", "1:", "四至", "网格概况"):
        assert words in said, words
    image = pypdfium2.PdfDocument(pdf)[0].render(scale=1.2).to_pil()
    assert [code.text for code in zxingcpp.read_barcodes(image)] == [A]


def test_every_letter_is_embedded_and_on_the_page(busy: Path) -> None:
    page = pypdfium2.PdfDocument(board(studio(busy), B)[0])[0]
    width, height = page.get_size()
    assert (round(width / 72 * 25.4), round(height / 72 * 25.4)) == (420, 297)
    fonts = [o for o in page.get_objects(max_depth=8) if o.type == pdfium.FPDF_PAGEOBJ_TEXT]
    assert fonts
    assert all(pdfium.FPDFFont_GetIsEmbedded(pdfium.FPDFTextObj_GetFont(o.raw)) == 1 for o in fonts)
    letters = page.get_textpage()
    boxes = np.array([letters.get_charbox(k) for k in range(letters.count_chars())])
    seen = boxes[(boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])]
    assert seen[:, :2].min() >= 0
    assert seen[:, 2].max() <= width
    assert seen[:, 3].max() <= height


@pytest.mark.parametrize("code", [A, B, C])
def test_names_on_the_plan_never_overlap_nor_leave_it(busy: Path, code: str) -> None:
    drawn = board_map(studio(busy), code)
    assert len(drawn.names) > 10
    owner, boxes = [], []
    for k, (text, size, spot) in enumerate(drawn.names):
        for box in boxes_of(text, size, spot):
            owner.append(k)
            boxes.append(shapely.box(*box))
    assert shapely.total_bounds(boxes).min() >= 0
    assert shapely.within(boxes, shapely.box(0, 0, drawn.frame.width, drawn.frame.height)).all()
    a, b = shapely.STRtree(boxes).query(boxes, predicate="overlaps")
    assert all(owner[i] == owner[j] for i, j in zip(a, b, strict=True))
    assert "camera" not in drawn.shown


def test_long_names_shrink_and_are_not_cut(busy: Path, tmp_path: Path) -> None:
    path = tmp_path / "long.gpkg"
    path.write_bytes(busy.read_bytes())
    long = "特别长的网格名称" * 9
    with gg.open_county(path) as county:
        staff = pd.DataFrame(county.table("staff"))
        staff.loc[staff["id"] == "s1", "name"] = "欧阳" * 60
        county.store.replace_table("staff", staff)
        made = studio_of(county, settings_of(county))
    data, pictures = content(made, A)
    data["name"] = long
    said = text_of(Press("board").set(data, pictures)[0])
    assert long in said
    assert "欧阳" * 60 in said


def test_english_boards_leave_no_chinese_but_names(busy: Path) -> None:
    data, _ = content(studio(busy, "en"), A)
    words = [*data["words"].values(), *data["legend"], *(k for k, _ in data["facts"]), *(k for k, _ in data["hotlines"]),
             *data["foot"], data["title"], data["level"], *(r for d in data["duties"] for r in d)]  # fmt: skip
    assert not [w for w in words if any("\u4e00" <= c <= "\u9fff" for c in w)]


def test_settings_change_paper_address_and_lines(busy: Path) -> None:
    text = DEFAULTS.replace('"A3"            #', '"A4"  #').replace('qr = "{code}"', 'qr = "https://wg.example.cn/g/{code}"')
    text = text.replace('map_number = ""', 'map_number = "闽S〔2026〕01号"')
    pdf = board(studio(busy, settings=settings_from(text, "x.toml")), A)[0]
    page = pypdfium2.PdfDocument(pdf)[0]
    assert [round(v / 72 * 25.4) for v in page.get_size()] == [297, 210]
    assert "闽S〔2026〕01号" in text_of(pdf)
    assert [c.text for c in zxingcpp.read_barcodes(page.render(scale=2).to_pil())] == [f"https://wg.example.cn/g/{A}"]


@pytest.mark.parametrize(("text", "word"), [("paper = 'B9'", "paper"), ("a = ", "TOML"), ("colour = 1", "colour")])
def test_faulty_settings_are_told_in_a_sentence(text: str, word: str) -> None:
    with pytest.raises(InputError, match=word):
        settings_from(text, "x.toml")


def test_templates_can_be_changed_and_faults_are_told(busy: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    copied(folder)
    mine = (folder / "board.typ").read_text(encoding="utf-8")
    (folder / "board.typ").write_text(mine.replace("w.hotlines", '"我县热线"'), encoding="utf-8")
    assert "我县热线" in text_of(board(studio(busy, templates=folder), A)[0])
    with pytest.raises(InputError, match=r"board\.typ"):
        copied(folder)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "board.typ").write_text("#let x = (", encoding="utf-8")
    with pytest.raises(InputError, match="模板"):
        board(studio(busy, templates=tmp_path / "bad"), A)


def test_without_fonts_a_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRIDGIS_FONTS", str(tmp_path))
    with pytest.raises(InputError, match="make install"):
        typeset.require_fonts()


def test_a_second_run_makes_only_what_is_missing(busy: Path, tmp_path: Path) -> None:
    order = batch.Order(str(busy), tmp_path / "out", DEFAULTS, ("pdf", "png"), 40)
    assert batch.boards(order, [A, B, C], 1).made == 3
    (tmp_path / "out" / f"{B}.pdf").unlink()
    again = batch.boards(order, [A, B, C], 1)
    assert (again.made, again.kept) == (1, 2)
    assert again.contact is not None
    assert len(pypdfium2.PdfDocument(again.contact)) == 1
    assert Image.open(io.BytesIO((tmp_path / "out" / f"{A}.png").read_bytes())).size == (661, 468)
    other = batch.Order(str(busy), tmp_path / "out", DEFAULTS.replace("网格公示牌", "公示栏"), ("pdf", "png"), 40)
    assert batch.boards(other, [A], 1).made == 1
    assert batch.boards(other, [A, B], 1).made == 1, "what was made from other settings is made again"
    assert not list((tmp_path / "out").rglob("*.part"))


def test_signs_on_the_command_line(busy: Path, tmp_path: Path, tell: Tell) -> None:
    path = tmp_path / "c.gpkg"
    path.write_bytes(busy.read_bytes())
    (tmp_path / "s.toml").write_text(DEFAULTS.replace("12345", "0595-23520000"), encoding="utf-8")
    done = tell("signs", path, "--level", "unit", "--code", A, "--out", tmp_path / "o", "--settings", tmp_path / "s.toml", "--keep")
    assert done.code == 0, done.err
    assert [p.name for p in (tmp_path / "o").glob("*.pdf")] == [f"{A}.pdf"]
    with gg.open_county(path) as county:
        assert settings_of(county).hotlines[-1].number == "0595-23520000"
    assert_refused(tell("signs", path, "--out", tmp_path / "o"), 2, "--level")
    assert tell("signs", path, "--code", "999", "--out", tmp_path / "o").code == 2
    (tmp_path / "s.toml").write_text("paper = 3", encoding="utf-8")
    assert_refused(tell("signs", path, "--code", A, "--out", tmp_path / "o", "--settings", tmp_path / "s.toml"), 2, "paper")
