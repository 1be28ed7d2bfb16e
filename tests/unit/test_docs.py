"""The documents: every page, command, table, rule and public name is there, links lead somewhere, nothing comes from a network."""

from __future__ import annotations

import re
from pathlib import Path

import docs_pages
import pytest
import typer
from mkdocs.commands.build import build
from mkdocs.config import load_config
from numpydoc.validate import validate

import gridgis as gg
from app_pages.shell import PAGES
from app_pages.words import word
from gridgis.checks import rule_list
from gridgis.cli.app import app
from gridgis.schema import TABLES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
WRITTEN = {path.name: path.read_text(encoding="utf-8") for path in [*DOCS.glob("*.md"), ROOT / "README.md"]}
GUIDE = WRITTEN["guide.md"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the documents as a site; a link that leads nowhere stops the building."""
    out = tmp_path_factory.mktemp("site")
    config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(out), strict=True)
    config.plugins.on_startup(command="build", dirty=False)
    build(config)
    return out


def test_the_site_asks_nothing_of_a_network(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 8
    taken = re.compile(r"""<(?:script|img|iframe|link)\b[^>]*?\b(?:src|href)=["']?((?:https?:)?//[^"'\s>]+)""")
    found = {(page.name, address) for page in pages for address in taken.findall(page.read_text(encoding="utf-8"))}
    found |= {
        (sheet.name, address)
        for sheet in site.rglob("*.css")
        for address in re.findall(r"""(?:url\(|@import\s+)["']?((?:https?:)?//[^"')\s]+)""", sheet.read_text(encoding="utf-8"))
    }
    assert found == set()


def test_pages_made_from_the_program_hold_all_of_it(site: Path) -> None:
    tables, rules = ((site / f"{name}.html").read_text(encoding="utf-8") for name in ("data_dictionary", "rules"))
    assert [t for t in (*TABLES, "edits", "code_ledger", "publications") if f"<code>{t}</code>" not in tables] == []
    assert [c.zh for columns in TABLES.values() for c in columns if c.zh not in tables] == []
    assert [r["rule"] for r in rule_list() if f"<code>{r['rule']}</code>" not in rules] == []


def test_every_written_page_is_in_the_navigation() -> None:
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    listed = set(re.findall(r"[\w-]+\.md", nav))
    assert {path.name for path in DOCS.glob("*.md")} <= listed
    assert set(docs_pages.PAGES) <= listed


@pytest.mark.parametrize("key", [key for key, _, _ in PAGES])
def test_every_page_of_the_app_is_in_the_planners_guide(key: str) -> None:
    section = GUIDE.partition(f"\n### {word(key, 'zh')}\n")[2].partition("\n#")[0]
    assert len(section.strip()) > 30


@pytest.mark.parametrize("name", sorted(typer.main.get_command(app).commands))  # type: ignore[attr-defined]
def test_every_command_is_told_of_by_hand(name: str) -> None:
    told = re.compile(rf"`(?:gridgis )?{re.escape(name)}(?![\w-])")
    assert any(told.search(text) for text in WRITTEN.values())


def test_every_picture_is_kept_and_taken_by_a_browser_test() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "browser").glob("test_*.py"))
    taken = {name.replace("{lang}", "zh") for name in re.findall(r'"(\d\d_[\w{}]+)"', tests)}
    shown = docs_pages.pictures(GUIDE)
    assert len(shown) >= 8
    assert set(shown) <= taken
    assert {f"{name}.png" for name in shown} == {path.name for path in (DOCS / "shots").iterdir()}


@pytest.mark.parametrize("name", gg.__all__)
def test_every_public_name_is_documented(name: str) -> None:
    thing = getattr(gg, name)
    wanted = {"GL08", "SS01", "SS03", "PR02", "PR07"} | (set() if isinstance(thing, type) else {"PR01"})
    # A function may have the name of the module it comes from, which the validator would take instead.
    found = validate(f"{thing.__module__}.{thing.__qualname__}")["errors"]
    assert [words for code, words in found if code in wanted] == []
