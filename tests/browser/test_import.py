"""The page of imports in a real browser: a GBK shapefile from trial to map, a hostile file, both languages, a phone."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from playwright.sync_api import expect

import gridgis as gg
from gridgis.datums import shift_geometries
from tests.browser.conftest import Desk, running_app
from tests.drawn import at, code_of, drawn_county, squares

RESTING = "[data-testid=stApp][data-test-script-state=notRunning]"
DRAWING = """
AAABBB
AAABBB
ACCCCB
"""


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the county that the app has open."""
    return drawn_county(tmp_path_factory.mktemp("import") / "small.gpkg", DRAWING)


@pytest.fixture(scope="module")
def app(county: Path) -> Iterator[str]:
    """Return the address of an app on the county."""
    with running_app(county, county.with_suffix(".log")) as address:
        yield address


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return a zip of a shapefile of places whose texts are GBK and whose datum is CGCS2000."""
    spots = [shapely.Point(*at(1.5, 1.5)), shapely.Point(*at(4.5, 0.5))]
    frame = gpd.GeoDataFrame({"MC": ["龙浔药店", "<img src=x>"], "类别": ["药店", "学校"]}, geometry=spots, crs=4548)
    frame.to_crs(4490).to_file(tmp_path / "场所.shp", encoding="GBK")
    out = tmp_path / "场所.zip"
    with zipfile.ZipFile(out, "w") as packed:
        for part in sorted(tmp_path.glob("场所.*")):
            if part.suffix not in (".zip", ".cpg"):
                packed.write(part, part.name)
    return out


def choose(desk: Desk, kind: str, file: Path) -> None:
    """Say what a file is, and hand it over."""
    box = desk.page.locator(".st-key-import_kind input")
    box.click()
    desk.page.get_by_role("option", name=kind, exact=True).click()
    expect(box).to_have_value(kind)
    desk.page.locator(".st-key-import_upload input[type=file]").set_input_files(file)


@pytest.mark.parametrize(
    ("lang", "kind", "confirm"), [("zh", "场所", "确认导入 2 行"), ("en", "Places", "Import 2 rows")]
)
def test_from_a_zip_to_the_county(desk: Desk, county: Path, archive: Path, lang: str, kind: str, confirm: str) -> None:
    page = desk.page
    said: list[str] = []
    # On a page of its own address Streamlit first asks for its status one folder too deep.
    page.on(
        "console", lambda m: said.append(m.text) if m.type == "error" and "_stcore" not in m.location["url"] else None
    )
    desk.open(f"import?lang={lang}")
    desk.shot(f"90_import_empty_{lang}")
    choose(desk, kind, archive)
    facts = page.locator("[data-testid=stMain] .gg-facts")
    expect(facts).to_contain_text("GB18030")
    expect(facts).to_contain_text("4490")
    page.get_by_text("字段对应" if lang == "zh" else "Fields", exact=True).click()
    page.wait_for_timeout(600)  # a menu that is opened while the box still unfolds would close again
    field = page.locator(".st-key-import_field_name input")
    field.click()
    page.get_by_role("option", name="MC", exact=True).click()
    button = page.get_by_role("button", name=confirm)
    expect(button).to_be_enabled()
    desk.body("[data-focus^=import]")
    page.wait_for_timeout(800)
    desk.shot(f"91_import_trial_{lang}")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(800)
    desk.shot(f"92_import_phone_{lang}")
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= 390, "nothing sticks out on a phone"
    assert button.bounding_box()["y"] < page.locator("iframe.gridgis-map").bounding_box()["y"], (
        "the map comes last there"
    )
    page.set_viewport_size({"width": 1440, "height": 900})
    button.click()
    done = page.locator(".gg-clear")
    expect(done).to_contain_text("已导入" if lang == "zh" else "Imported")
    page.wait_for_timeout(500)
    desk.shot(f"93_import_done_{lang}")
    with gg.open_county(county) as opened:
        assert sorted(opened.table("places")["name"]) == ["<img src=x>", "龙浔药店"]
    assert not said, said


def test_a_hostile_file_is_one_sentence_and_changes_nothing(desk: Desk, county: Path, tmp_path: Path) -> None:
    before = county.read_bytes()
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(bad, "w") as packed:
        packed.writestr("../../out.shp", b"x")
    desk.open("import")
    choose(desk, "网格", bad)
    expect(desk.page.locator("[role=alert].gg-problem")).to_have_count(1)
    expect(desk.page.locator(".gg-problem")).to_contain_text("bad.zip")
    desk.shot("94_import_hostile_zh")
    assert county.read_bytes() == before


@pytest.fixture
def shifted(tmp_path: Path) -> Path:
    """Return the grids of the county in GCJ-02, one of them drawn over its neighbour."""
    drawn: dict[str, list[shapely.Polygon]] = {}
    for letter, box in squares(DRAWING):
        drawn.setdefault(letter, []).append(box)
    shapes = {letter: shapely.union_all(boxes) for letter, boxes in drawn.items()}
    shapes["C"] = shapely.union(shapes["C"], shapely.box(*at(1, 2), *at(3, 1.5)))
    frame = gpd.GeoDataFrame({"网格编码": [code_of(k) for k in shapes]}, geometry=list(shapes.values()), crs=4548)
    out = tmp_path / "网格.geojson"
    degrees = frame.to_crs(4326)
    degrees.set_geometry(shift_geometries(degrees.geometry.to_numpy(), "wgs84", "gcj02"), crs=4326).to_file(out)
    return out


def test_a_shifted_drawing_is_asked_about_and_its_fault_decided(desk: Desk, county: Path, shifted: Path) -> None:
    page = desk.page
    desk.open("import?lang=en")
    choose(desk, "Grids", shifted)
    ask = page.locator(".st-key-import_ask")
    expect(ask).to_contain_text("GCJ-02")
    expect(ask).to_contain_text("Read as GCJ-02")
    desk.shot("95_import_datum_en")
    # A run that still goes on would take away what is typed, and shut a list that has just opened.
    rest = page.locator(RESTING)
    rest.wait_for()
    page.get_by_role("button", name="No, take them as they are").click()
    expect(ask).to_contain_text("taken as they are")
    rest.wait_for()
    page.get_by_role("button", name="Yes, convert from GCJ-02").click()
    expect(ask).to_contain_text("and converted")
    rest.wait_for()
    limit = page.locator(".st-key-import_limit input")
    limit.fill("100")
    limit.press("Enter")
    places = page.locator("[class*=st-key-import_place_]")
    expect(places).to_have_count(1)
    confirm = page.locator(".st-key-import_confirm button")
    expect(confirm).to_be_disabled()
    rest.wait_for()
    places.get_by_role("button", name="Show").click()
    desk.body("[data-focus^='import:']")
    assert page.locator("iframe.gridgis-map").bounding_box()["y"] >= 0, "the map stays in sight beside the list"
    expect(page.get_by_text("Red is the place picked.")).to_be_visible()
    main = page.locator("[data-testid=stMain]")
    expect(main).not_to_contain_text("--")
    expect(page.get_by_text("1 are open")).to_be_visible()
    rest.wait_for()
    decision = places.locator("input").first
    decision.click()
    page.get_by_role("option").nth(1).click()
    expect(page.get_by_text("0 are open")).to_be_visible()
    rest.wait_for()
    desk.shot("96_import_review_en")
    expect(confirm).to_be_enabled()
    confirm.click()
    expect(page.locator(".gg-clear")).to_contain_text("Imported")
    with gg.open_county(county) as opened:
        assert opened.log().iloc[-1]["kind"] == "import"


@pytest.mark.parametrize(("lang", "said"), [("zh", "这个文件没有读入"), ("en", "This file was not taken")])
def test_a_file_of_no_known_kind_is_refused_in_the_language_of_the_page(
    desk: Desk, tmp_path: Path, lang: str, said: str
) -> None:
    (tmp_path / "x.exe").write_bytes(b"MZ")
    desk.open(f"import?lang={lang}")
    desk.page.locator(".st-key-import_upload input[type=file]").set_input_files(tmp_path / "x.exe")
    desk.page.locator(".st-key-import_upload [aria-invalid=true]").wait_for()
    shown = desk.page.locator(".st-key-import_upload").evaluate("e => getComputedStyle(e, '::after').content")
    assert said in shown
    desk.shot(f"97_import_unfit_{lang}")
