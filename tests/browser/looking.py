"""What is asked of every page that is photographed: nothing cut, no boxes for letters, no word of the other language."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

from tests.browser.conftest import LONG_MS, SHOTS

CHINESE = re.compile(r"[\u4e00-\u9fff]+")
LATIN = re.compile(r"[A-Za-z]{3,}")
# Names of standards, kinds of files, programs and settings are the same in both languages.
COMMON = re.compile(
    r"GRIDGIS_\w+|gridgis(?: [\w-]+)*|GIS|GeoJSON|GeoPackage|GeoParquet|FlatGeobuf|Shapefile|KML|OSM|PBF|RFC|CGCS2000|WGS84|GCJ-02"
    r"|BD-09|EPSG|PostGIS|English|Excel"
    r"|--\w+|\.mbtiles|\?lang=\w+|SVG|PNG|PDF|XLSX|CSV|TSV|GPKG|ZIP|JSON|TIFF?|[\w.-]+@[\w.]+|[\w.]+_v\d+_\w+|UTF-8|GB18030",
    re.IGNORECASE,
)
REST = "[data-testid=stApp][data-test-script-state=notRunning]"
# Streamlit's own words that ours stand over, names of libraries, and a path of the server.
WORDS = """() => { const m = document.body.cloneNode(true);
    m.querySelectorAll('[data-testid=stIconMaterial], style, script, noscript, [data-testid=stSkipToContent], .st-key-first_place, '
        + '[data-testid=stFileUploader] section, .st-key-set_card_runs').forEach(i => i.remove());
    m.style.cssText = 'position:absolute;left:-9999px'; document.body.append(m); const t = m.innerText; m.remove(); return t; }"""
# A letter that no font has is drawn as the same box as one that no alphabet has.
BOXES = """() => {
    const c = document.createElement('canvas'); c.width = c.height = 28;
    const g = c.getContext('2d', {willReadFrequently: true}); g.textBaseline = 'top';
    const drawn = (ch, family) => { g.clearRect(0, 0, 28, 28); g.font = '20px ' + family; g.fillText(ch, 2, 2);
        return g.getImageData(0, 0, 28, 28).data.join(); };
    const boxes = new Map(), seen = new Set(), missing = new Set();
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let n = walk.nextNode(); n; n = walk.nextNode()) {
        const el = n.parentElement;
        if (!el || !el.getClientRects().length || ['STYLE', 'SCRIPT', 'NOSCRIPT'].includes(el.tagName)) continue;
        const family = getComputedStyle(el).fontFamily;
        if (family.includes('Material')) continue;
        if (!boxes.has(family)) boxes.set(family, drawn('\\u0378', family));
        for (const ch of n.textContent) {
            if (ch.codePointAt(0) < 161 || /[\\s\\u200b-\\u200f\\ufe00-\\ufe0f]/.test(ch) || seen.has(family + ch)) continue;
            seen.add(family + ch);
            if (drawn(ch, family) === boxes.get(family)) missing.add(ch);
        }
    }
    return [Array.from(missing).join(''), seen.size]; }"""
WIDE = """() => { const m = document.querySelector('[data-testid=stMain]');
    return [document.documentElement.scrollWidth - window.innerWidth, m ? m.scrollWidth - m.clientWidth : 0]; }"""


def data_of(county: Path) -> str:
    """Return every text with Chinese in it that a county file holds: data, which no language changes."""
    out: list[str] = []
    with sqlite3.connect(f"file:{county}?mode=ro", uri=True) as raw:
        for (table,) in raw.execute("select table_name from gpkg_contents").fetchall():
            for column in raw.execute(f'pragma table_info("{table}")').fetchall():
                if column[2].upper() == "TEXT":
                    name = column[1]
                    query = f'select distinct "{name}" from "{table}" where "{name}" is not null and length("{name}") < 200 limit 50000'
                    out += [str(v) for (v,) in raw.execute(query) if not str(v).isascii()]
        out += [str(v) for (v,) in raw.execute("select value from meta where key = 'name'")]
    raw.close()
    return "\n".join(out)


def rest(desk: Any) -> None:
    """Wait until nothing on the page runs any more, and its map has drawn."""
    page = desk.page
    page.locator(REST).wait_for(timeout=LONG_MS)
    page.locator("[data-testid=stSkeleton], [data-testid=stSpinner]").first.wait_for(state="detached", timeout=LONG_MS)
    page.locator(f"{REST} :is(h1, h2, h3, h4, table, iframe, .gg-tip, .gg-facts)").first.wait_for(timeout=LONG_MS)
    if page.locator("iframe.gridgis-map").count():
        desk.wait_map()
    page.locator(REST).wait_for(timeout=LONG_MS)


def judge(desk: Any, name: str, lang: str, data: str) -> None:
    """Photograph a page that rests, and ask of it what is asked of every page."""
    page = desk.page
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", animations="disabled")
    assert page.locator("[data-testid=stException]").count() == 0, name
    assert max(page.evaluate(WIDE)) <= 0, f"{name} is wider than the window"
    frames = [page.main_frame, *(f.content_frame() for f in page.locator("iframe.gridgis-map").element_handles())]
    for frame in frames:
        missing, looked = frame.evaluate(BOXES)
        assert missing == "", f"{name} shows boxes for {missing}"
        assert looked or frame is not page.main_frame
    told = "\n".join(frame.evaluate(WORDS) for frame in frames)
    assert left_over(told, lang, data) == [], f"{name} holds words of the other language"


def left_over(told: str, lang: str, data: str) -> list[str]:
    """Return the words that are neither of the language nor data."""
    if lang == "zh":
        return [w for w in LATIN.findall(COMMON.sub("", told)) if w not in data]
    return [w for w in CHINESE.findall(told) if w not in data and w != "中文"]
