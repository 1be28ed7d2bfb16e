"""Under attack, in a real browser: names that would run, foreign sites, two people at one app."""

from __future__ import annotations

import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.browser.conftest import ROOT, Desk, running_app

sys.path.insert(0, str(ROOT / "benchmarks"))
import hostile_text as hostile

# The others are long, and visited by `benchmarks/hostile_text.py`.
SAMPLE = ("name of a grid: table", "title of an uploaded column", "name of the county: page for residents")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of an app on a county whose every text is hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    with running_app(hostile.county(folder / "hostile.gpkg"), folder / "app.log") as address:
        yield address
    assert "Traceback" not in (folder / "app.log").read_text("utf-8", "replace")
    assert not (ROOT / hostile.FILE).exists()


@pytest.mark.parametrize("going", [v for v in hostile.VISITS if set(v[1]) & set(SAMPLE)], ids=lambda v: next(iter(v[1])))
def test_hostile_text_shows_as_typed_and_runs_nowhere(browser: Any, app: str, going: hostile.Visit) -> None:
    for place, told in hostile.visit(browser, app, going):
        assert told == {"requests": [], "ran": [], "killed": [], "missing": []}, place


def test_two_people_at_one_app_share_the_county_and_nothing_else(browser: Any, app: str, desk: Desk) -> None:
    with hostile.opened(browser, app) as (other, _):
        desk.open()
        other.open("?lang=en")
        name = desk.page.get_by_label("经办人")
        name.fill("张三")
        name.press("Tab")
        code = desk.codes()[0]
        desk.click(desk.inside(code))
        expect(desk.page.locator(".st-key-panel .gg-code")).to_have_text(code)
        hostile.rest(other)
        assert other.page.locator(".st-key-panel .gg-code").count() == 0
        expect(other.page.locator(".st-key-author input")).to_have_value("")
        assert "张三" not in other.page.locator("body").inner_text()
        # Nor is the language of one that of the other.
        expect(other.page.get_by_label("Author")).to_have_count(1)
        expect(desk.page.get_by_label("经办人")).to_have_count(1)


def _status(address: str, **more: Any) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(address, **more), timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_the_app_lets_no_foreign_site_in(app: str) -> None:
    port = app.rsplit(":", 1)[1]
    stream = f"ws://127.0.0.1:{port}/_stcore/stream"
    with connect(stream, origin=app):
        pass
    # Another site; and the same one after it has given this machine a name of its own.
    for origin, host in (("http://evil.example", f"127.0.0.1:{port}"), (f"http://evil.example:{port}", f"evil.example:{port}")):
        with pytest.raises(InvalidStatus), connect(stream, origin=origin, additional_headers={"Host": host}) as open_:
            open_.recv(timeout=5)
    assert _status(f"{app}/", headers={"Host": f"evil.example:{port}"}) == 400
    upload = f"{app}/_stcore/upload_file/a/b"
    assert _status(upload, method="PUT", data=b"x", headers={"Content-Type": "application/octet-stream"}) == 403
    assert _status(f"{app}/_stcore/agent/interact", method="POST", data=b"{}") in (403, 404, 405)


def test_the_app_listens_on_this_machine_only(app: str) -> None:
    port = int(app.rsplit(":", 1)[1])
    others = {a[4][0] for a in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {"127.0.0.1"}
    for address in others:
        if not address.startswith("127."):
            with pytest.raises((ConnectionRefusedError, TimeoutError)), socket.create_connection((address, port), timeout=2):
                pass
    table = Path("/proc/net/tcp")
    if table.exists():
        rows = [line.split() for line in table.read_text().splitlines()[1:] + Path("/proc/net/tcp6").read_text().splitlines()[1:]]
        bound = {row[1].split(":")[0] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == port}
        assert bound == {"0100007F"}
