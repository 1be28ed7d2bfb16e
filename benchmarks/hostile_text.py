"""Script and template code in every place that shows what people wrote: a real browser, a real app, what came of it.

    python benchmarks/hostile_text.py                  the matrix of places and payloads
    python benchmarks/hostile_text.py --strings 20000  and random strings as names of grids, read off the map

A county is made whose names, categories, notes, people, drafts, reasons, addresses and scheme are payloads; every page
is opened in Chromium and every frame read. A cell is wrong when a payload ran (in the browser or on the server), made a
request, broke the page, or does not stand there as it was typed. Ends with ``executed: 0`` and its kin; exit code 1
if one is not 0.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools"), str(ROOT / "benchmarks")]

import browsers  # noqa: E402
import pandas as pd  # noqa: E402
import shapely  # noqa: E402
from damaged_register import codes_of, make_county  # noqa: E402
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402
from playwright.sync_api import Error as PlaywrightError  # noqa: E402

import gridgis as gg  # noqa: E402
from gridgis.branches import start_branch  # noqa: E402
from tests.browser.conftest import Desk, running_app  # noqa: E402
from tests.drawn import at, code_of, drawn_county  # noqa: E402
from tests.looped import RULES  # noqa: E402

# Grids wide enough for a label of sixty letters.
DRAWING = "\n".join("".join(c * 4 for c in row) for row in ("ABCDEF", "GHIJKL") for _ in range(4))
HIT = "top.gridgisHit=1"
CANARY = "http://127.0.0.1:9/canary.png"
FILE = "ran-on-the-server"
PAYLOADS = (
    f'<img src=x onerror="{HIT}">',
    f"<script>{HIT}</script>",
    f"</script><script>{HIT}</script>",
    f'</textarea></title></style><svg onload="{HIT}">',
    f'"><iframe srcdoc="<script>{HIT}</script>"></iframe>',
    f"' onmouseover='{HIT}' autofocus onfocus='{HIT}' x='",
    f"${{{HIT}}} `+({HIT})+`",
    "{{7*7}}{{ cycler.__init__.__globals__.os.system('touch " + FILE + "') }}",
    "{% for x in [] %}{% raw %}{{ config }} {# #}",
    f"[a](javascript:{HIT}) ![b]({CANARY}) **c** _d_ ~~e~~ `f`",
    f"\\u003cimg src=x onerror={HIT}\\u003e \\x3cb\\x3e &lt;b&gt; %3Cb%3E",
    f"javascript:{HIT} #read(\"/etc/passwd\") =1+1 $\\href{{javascript:{HIT}}}{{x}}$ <!-- <?php -->",
)  # fmt: skip
ALL = " ".join(PAYLOADS)

# Every text of the page and its frames as people see it: no scripts, no styles, but fields and titles.
READ = """() => { const out = [];
  for (const n of document.querySelectorAll('input, textarea')) out.push(n.value);
  for (const n of document.querySelectorAll('[title], [aria-label], [placeholder]'))
    out.push(n.title || '', n.getAttribute('aria-label') || '', n.getAttribute('placeholder') || '');
  const copy = (document.body || document.documentElement).cloneNode(true);
  for (const n of copy.querySelectorAll('script, style, noscript')) n.remove();
  out.push(copy.textContent); return out.join('\\n'); }"""
Visit = tuple[Callable[[Desk], None], dict[str, tuple[str, ...]]]
Found = tuple[str, dict[str, Any]]


def county(path: Path, payloads: Iterable[str] = PAYLOADS) -> Path:
    """Write a county whose every text is a payload."""
    texts = list(payloads)
    codes = [str(code_of(c)) for c in "ABCDEFGHIJKL"]
    spots = [at(4 * (k % 6) + 2, 4 * (k // 6) + 2) for k in range(12)]
    ids = [f"n{k}" for k in range(12)]
    shapes = [shapely.Point(p) for p in spots]
    place = {"x": [p[0] for p in spots], "y": [p[1] for p in spots]}
    moment = {"at": ["2026-11-01 08:00:00"] * 12, "status": ["reported"] * 12}
    tables = {
        "places": pd.DataFrame({"id": ids, "kind": "school", "name": texts, "address": [f"号 {t}" for t in texts], **place, "geometry": shapes}),
        "incidents": pd.DataFrame({"id": ids, "category": texts, "note": [f"说明 {t}" for t in texts], "address": texts,
                                   "source": texts, **moment, **place, "geometry": shapes}),
    }  # fmt: skip
    drawn_county(path, DRAWING, more=tables)
    with gg.open_county(path) as c:
        people = {"id": ids, "name": texts, "phone": "19900000001", "role": "unit_head", "x": None, "y": None, "source": texts}
        c.store.replace_table("staff", pd.DataFrame(people))
        c.store.replace_table("organisations", pd.DataFrame({"id": [f"o{k}" for k in ids], "kind": "party_group", "name": texts, "phone": texts}))
        rows = {"id": ids, "role": "unit_head", "code": codes, "staff": ids, "since": "2026-01-01", "note": texts}
        c.store.replace_table("postings", pd.DataFrame(rows))
        c.apply(gg.recode(c.plan, codes[11], codes[11][:-3] + "099"), by=ALL, reason=ALL)
        for k, text in enumerate(texts):
            start_branch(c, f"draft {k}", by=text, note=text)
    _spoil(path, texts, codes)
    return path


def _spoil(path: Path, texts: list[str], codes: list[str]) -> None:
    """Write names that no door of ours would have let in, as a file from elsewhere may hold them."""
    level = '  { key = "%s", zh = %s, en = %s, digits = 3 },'
    names = [_toml(" ".join(texts[k::3])) for k in range(3)]
    levels = "\n".join(level % (key, n, n) for key, n in zip(("township", "community", "unit"), names, strict=True))
    roles = f'roles = [ {{ key = "unit_head", zh = {_toml(ALL)}, en = {_toml(ALL)}, level = "unit" }} ]'
    scheme = f'name = "hostile"\nzh = {_toml(ALL)}\nen = {_toml(ALL)}\nlevels = [\n{levels}\n]\n{roles}\n{RULES.split("[access]")[0]}'
    with sqlite3.connect(path) as raw:
        raw.executemany("UPDATE grids SET name = ? WHERE code = ?", [(t, c) for c, t in zip(codes[:11], texts, strict=False)])
        raw.execute("UPDATE grids SET name = ? WHERE code = ?", (texts[11], codes[11][:-3] + "099"))
        raw.executemany("UPDATE branches SET name = ? WHERE name = ?", [(t, f"draft {k}") for k, t in enumerate(texts)])
        rows = {"scheme_toml": scheme, "name": ALL, "illustrative": "false", "as_of": "2026-11-02"}
        raw.executemany("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", rows.items())
    raw.close()


def _toml(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# -- the places -----------------------------------------------------------------------------------------------


def _open(path: str, ready: str = "") -> Callable[[Desk], None]:
    def go(desk: Desk) -> None:
        desk.page.goto(f"{desk.address}/{path}")
        if ready:
            desk.page.locator(ready).first.wait_for(state="attached")
        rest(desk)

    return go


def rest(desk: Desk) -> None:
    """Wait until the app rests."""
    desk.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def keep(page: Any, texts: Iterable[str]) -> None:
    """Write texts that were on the page a moment ago below it, to be read with the rest."""
    page.evaluate("t => { const n = document.createElement('pre'); n.textContent = t; document.body.appendChild(n); }", "\n".join(texts))


def _hover(desk: Desk) -> None:
    desk.open()
    said = []
    for code in desk.codes():
        x, y = desk.point(desk.inside(code))
        desk.page.mouse.move(x, y, steps=3)
        desk.map.locator(".grid-tip b").wait_for()
        said.append(desk.map.locator(".grid-tip").inner_text())
    keep(desk.page, said)


def _panel(desk: Desk) -> None:
    desk.open()
    said = []
    for code in desk.codes():
        desk.click(desk.inside(code))
        desk.page.locator(".st-key-panel .gg-code", has_text=code).wait_for()
        said.append(desk.page.locator(".st-key-panel").inner_text())
    keep(desk.page, said)


def _labels(desk: Desk) -> None:
    desk.open()
    desk.page.locator(".st-key-labels").click()
    desk.page.get_by_role("option", name="名称").click()
    rest(desk)
    said = []
    for code in desk.codes():
        desk.js("p => GridGIS.map.setView(p, 19, {animate: false})", desk.inside(code))
        said += desk.map.locator(".label").all_inner_texts()
    keep(desk.page, said)


def _typed(desk: Desk) -> None:
    desk.open()
    for text in PAYLOADS:
        box = desk.page.locator(".st-key-search input")
        box.fill(text[:40])
        box.press("Enter")
        rest(desk)
    box.fill(ALL)


def _upload(desk: Desk, name: str, data: bytes) -> None:
    desk.page.locator("input[type=file]").first.set_input_files({"name": name, "mimeType": "text/csv", "buffer": data})
    rest(desk)


def _column(desk: Desk) -> None:
    _open("register", "input[type=file]")(desk)
    # The page offers to leave out one column, the first: that with the Markdown in it.
    head = ",".join('"' + t.replace('"', '""') + '"' for t in (PAYLOADS[9], *PAYLOADS))
    id_card = ",".join(["35052619900101001X"] * (len(PAYLOADS) + 1))
    _upload(desk, "列.csv", f"网格编码,{head}\r\n{code_of('A')},{id_card}\r\n".encode())
    desk.page.locator("h4", has_text="列.csv").first.wait_for()
    rest(desk)


def _file_name(desk: Desk) -> None:
    _open("import", "input[type=file]")(desk)
    for k, text in enumerate(PAYLOADS):
        _upload(desk, f"{text.replace('/', '∕')}.csv", f"code,lon,lat\r\n{k},118.0,25.48\r\n".encode())


def _address(desk: Desk) -> None:
    for text in PAYLOADS:
        desk.page.goto(f"{desk.address}/?lang={quote(text, safe='')}&x={quote(text, safe='')}#{quote(text)}")
        rest(desk)
        for road in ("where?lang=", "report?lang=", "where/find?q=", "layer/", "frame/", "where/"):
            desk.page.goto(f"{desk.address}/{road}{quote(text, safe='')}")


def _found(desk: Desk) -> None:
    desk.page.goto(f"{desk.address}/where?lang=zh")
    said = []
    for text in PAYLOADS:
        box = desk.page.locator("input").first
        box.fill(text[:24])
        desk.page.wait_for_timeout(700)
        said.append(desk.page.evaluate(READ))
    keep(desk.page, said)


def _cases(desk: Desk) -> None:
    _open("handling", ".gg-table tbody tr")(desk)
    said = []
    rows = desk.page.locator(".gg-table tbody tr")
    for k in range(rows.count()):
        rows.nth(k).click()
        rest(desk)
        said.append(desk.page.evaluate(READ))
    keep(desk.page, said)


def _plain(path: str) -> Callable[[Desk], None]:
    return lambda desk: desk.page.goto(f"{desk.address}/{path}", wait_until="networkidle")


EACH, WHOLE = PAYLOADS, (ALL,)
THIRDS = tuple(" ".join(PAYLOADS[k::3]) for k in range(3))
VISITS: tuple[Visit, ...] = (
    (_hover, {"name of a grid: tooltip on the map": EACH}),
    (_labels, {"name of a grid: label on the map": EACH}),
    (_panel, {"name of a grid: panel": EACH, "author and reason of an edit: history": WHOLE}),
    (_open("export", ".gg-table tbody tr"), {"name of a grid: table": EACH, "levels of the scheme: switch": THIRDS}),
    (_open("incidents", "iframe.gridgis-map"), {"name of the county: head": WHOLE, "categories of incidents: filter": EACH}),
    (_plain("report"), {"name of the county: page for residents": WHOLE}),
    (_cases, {"words, address and source of an incident": EACH, "names and roles of people": (*EACH, *WHOLE)}),
    (_open("drafts", "h4"), {"drafts: name, author, note": EACH}),
    (_found, {"places and addresses: search of the public map": EACH, "name of the county: public map": WHOLE}),
    (_column, {"title of an uploaded column": EACH[9:10]}),
    (_file_name, {"name of an uploaded file": ()}),
    (_typed, {"words typed into a search": WHOLE}),
    (_address, {"address of the page": ()}),
)  # fmt: skip
"""How to get somewhere, and what must stand there by place; an empty tuple where the page need not repeat it."""


@contextmanager
def opened(browser: Browser, address: str) -> Iterator[tuple[Desk, dict[str, list[str]]]]:
    """Open a page that notes what is asked for elsewhere and what breaks."""
    context = browser.new_context(locale="zh-CN", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    told: dict[str, list[str]] = {"requests": [], "ran": [], "killed": []}
    ours = (address, "data:", "blob:", "about:")
    page.on("request", lambda r: None if r.url.startswith(ours) else told["requests"].append(r.url))
    page.on("dialog", lambda d: (told["ran"].append(d.message), d.dismiss()))
    page.on("pageerror", lambda e: told["killed"].append(str(e)))
    try:
        yield Desk(page, address), told
    finally:
        context.close()


def look(page: Page) -> tuple[str, bool]:
    """Return every text of the page and its frames, and whether a payload ran in one of them."""
    texts, ran = [], False
    for frame in page.frames:
        ran = ran or bool(frame.evaluate("() => Boolean(window.gridgisHit || window.top.gridgisHit)"))
        texts.append(frame.evaluate(READ))
    return " ".join(" ".join(texts).split()), ran


def visit(browser: Browser, address: str, going: Visit) -> list[Found]:
    """Go somewhere and return what was wrong at each place there."""
    go, places = going
    with opened(browser, address) as (desk, told):
        text, ran = "", False
        try:
            go(desk)
            # What a payload sets going may take a moment to run.
            desk.page.wait_for_timeout(300)
            text, ran = look(desk.page)
        except PlaywrightError as error:
            told["killed"].append(str(error))
        told["ran"] += ["the browser"] * ran + ["the server"] * (ROOT / FILE).exists()
        return [(name, told | {"missing": [w for w in wanted if " ".join(w.split()) not in text]}) for name, wanted in places.items()]


def matrix(browser: Browser, folder: Path, visits: Iterable[Visit] = VISITS) -> list[Found]:
    """Run the app on the hostile county and return what every place did with the payloads."""
    path = county(folder / "hostile.gpkg")
    with running_app(path, folder / "app.log") as address:
        found = [one for going in visits for one in visit(browser, address, going)]
    logged = (folder / "app.log").read_text("utf-8", "replace")
    return [*found, ("log of the server", {"killed": ["traceback"] * ("Traceback" in logged)})]


# -- random strings -------------------------------------------------------------------------------------------

_RANGES = ((0x20, 0x7E), (0x20, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E), (0xA0, 0x24F), (0x300, 0x36F), (0x590, 0x6FF),
           (0x2000, 0x206F), (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0x1F300, 0x1F64F), (0x20000, 0x2A6DF))  # fmt: skip
# What the map would show of every grid that the mouse meets, made as it makes it.
TOLD = """() => Object.fromEntries([...GridGIS.grids.byCode].map(([code, l]) => {
  const made = l.getTooltip()._content(l); document.body.appendChild(made);
  const text = made.querySelector('b').textContent; made.remove(); return [code, text]; }))"""


def strings(rng: random.Random, n: int) -> list[str]:
    """Return random texts, most of them of the letters that languages of the web give a meaning."""
    return ["".join(chr(rng.randint(*rng.choice(_RANGES))) for _ in range(rng.randint(1, 60))).strip() or "x" for _ in range(n)]


def as_typed(browser: Browser, folder: Path, n: int, seed: int) -> tuple[int, int, list[str]]:
    """Show random strings as names of grids; return how many were shown, how many otherwise than typed, and errors."""
    rng, grids = random.Random(seed), 4000
    codes = codes_of(grids)
    make_county(folder / "many.gpkg", codes)
    shown = wrong = 0
    errors: list[str] = []
    for _ in range(-(-n // (grids // 2))):
        names = dict(zip(codes[: grids // 2], strings(rng, grids // 2), strict=True))
        with sqlite3.connect(folder / "many.gpkg") as raw:
            raw.executemany("UPDATE grids SET name = ? WHERE code = ?", [(t, c) for c, t in names.items()])
        raw.close()
        with running_app(folder / "many.gpkg", folder / "app.log") as address, opened(browser, address) as (desk, told):
            desk.open()
            seen = desk.js(TOLD)
            errors += told["killed"] + told["requests"] + ["ran"] * look(desk.page)[1]
        # Grids of 15 digits are those whose names were set; where the level shown has others, they do not count.
        shown += len(seen.keys() & names.keys())
        wrong += sum(seen[c] != names[c] for c in seen.keys() & names.keys())
    return shown, wrong, errors


def main() -> int:
    """Print the matrix, and the strings where asked for."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--strings", type=int, default=0)
    ask.add_argument("--seed", type=int, default=1)
    asked = ask.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(browsers.find(sys.executable)), args=["--no-sandbox"])
        found = matrix(browser, Path(folder))
        shown, wrong, errors = as_typed(browser, Path(folder), asked.strings, asked.seed) if asked.strings else (0, 0, [])
        browser.close()
    names = ("ran", "requests", "killed", "missing")
    print(f"{'place':<48}" + "".join(f"{name:>10}" for name in names))
    for place, told in found:
        print(f"{place:<48}" + "".join(f"{len(told.get(name, ())):>10}" for name in names))
    places = len(found) - 1
    print(f"{places} places x {len(PAYLOADS)} payloads = {places * len(PAYLOADS)}")
    if asked.strings:
        print(f"random strings: {shown}, not as typed: {wrong}, errors: {len(errors)}")
    sums = [sum(len(told.get(name, ())) for _, told in found) for name in names]
    print(f"executed: {sums[0]}\nrequests elsewhere: {sums[1]}\npages killed: {sums[2]}\nnot as typed: {sums[3] + wrong + len(errors)}")
    for place, told in found:
        for name in names:
            for one in list(told.get(name, ()))[:3]:
                print(f"{place}: {name}: {one[:300]}", file=sys.stderr)
    return 1 if any(sums) or wrong or errors or (asked.strings and shown < asked.strings) else 0


if __name__ == "__main__":
    sys.exit(main())
