"""Incidents walked through the whole loop over HTTP, with `gridgis serve` as a process of its own on a copy of a county.

    python benchmarks/incident_loop.py --county county.gpkg

Each is reported with a photo, inside a grid or on the border of two, and goes submit, forward, handle, feedback, evaluate. Said
of each is whether its grid is that of /locate, its people those of `gridgis who`, its limit that of its kind of matter; one long
past its limit must be flagged, a second try known, broken requests answered in one sentence. The last word is `verify`.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import shapely
from PIL import Image
from pyproj import Transformer

import gridgis as gg

TOKEN = "loop"
Line = tuple[bool, str]
WALK: tuple[dict[str, Any], ...] = (
    {"action": "valid"}, {"action": "forward"}, {"action": "handle"}, {"action": "feedback", "note": "已修好"},
    {"action": "evaluate", "score": 5},
)  # fmt: skip
BROKEN: tuple[dict[str, Any], ...] = (
    {"lon": 0}, {"lon": 10**400}, {"lon": "x"}, {"note": "\ud800"}, {"note": "长" * 5000}, {"at": "2099-01-01"}, {"at": "yesterday"},
    {"id": "../x"}, {"category": ""}, {"photo": "x"}, {"colour": "red"}, {"datum": "moon"},
)  # fmt: skip


class Service:
    """A county served by a process of its own.

    Parameters
    ----------
    address
        Where it listens.
    """

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, road: str, body: bytes | None = None, media: str = "application/json") -> tuple[int, Any]:
        """Return status and answer."""
        head = {"Authorization": f"Bearer {TOKEN}", "Content-Type": media}
        try:
            with urllib.request.urlopen(urllib.request.Request(self.address + road, body, head), timeout=120) as answer:
                data, status = answer.read(), answer.status
        except urllib.error.HTTPError as error:
            data, status = error.read(), error.code
        return status, json.loads(data) if data[:1] in (b"{", b"[") else data

    def send(self, road: str, fields: dict[str, Any]) -> tuple[int, Any]:
        """Post fields as JSON."""
        return self.ask(road, json.dumps(fields).encode())


@contextmanager
def served(county: Path) -> Iterator[Service]:
    """Serve a county while the caller asks."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gridgis", "serve", str(county), "--port", str(port), "--incidents", TOKEN]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    service = Service(f"http://127.0.0.1:{port}")
    try:
        for _ in range(600):
            try:
                service.ask("/conformance")
                break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit("the service did not start") from None
                time.sleep(0.2)
        yield service
    finally:
        process.terminate()
        process.wait(60)


def places(county: gg.County) -> list[tuple[str, float, float]]:
    """Return three places with their kind: in a grid, in the largest one, and on a border that two grids share."""
    frame = county.grids(county.scheme.level_keys[-1])
    shapes = frame.geometry
    first, largest = shapes.iloc[0], shapes.iloc[int(shapes.area.to_numpy().argmax())]
    near = next(g for g in shapes.iloc[1:] if shapely.length(shapely.intersection(first, g)) > 1)
    border = shapely.line_interpolate_point(shapely.line_merge(shapely.intersection(first, near)), 0.5, normalized=True)
    border = border if border.geom_type == "Point" else shapely.point_on_surface(shapely.intersection(first, near))
    to_degrees = Transformer.from_crs(county.crs, 4490, always_xy=True)
    told = {"inside": first.representative_point(), "in the largest": largest.representative_point(), "on a border": border}
    return [(kind, *to_degrees.transform(p.x, p.y)) for kind, p in told.items()]


def photo() -> bytes:
    """Return a picture as a telephone takes it."""
    out = io.BytesIO()
    Image.new("RGB", (1200, 900), "#8899aa").save(out, "JPEG")
    return out.getvalue()


def form(fields: dict[str, str], picture: bytes) -> tuple[bytes, str]:
    """Return a form with a file, and its media type."""
    parts = [f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items()]
    head = b'--b\r\nContent-Disposition: form-data; name="photo"; filename="p.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    return b"".join([*parts, head, picture, b"\r\n--b--\r\n"]), "multipart/form-data; boundary=b"


def walked(service: Service, county: Path, kind: str, lon: float, lat: float, category: str) -> Iterator[Line]:
    """Take one incident the whole way."""
    fields = {"lon": repr(lon), "lat": repr(lat), "category": category, "datum": "cgcs2000"}
    status, kept = service.ask("/incidents", *form(fields, photo()))
    number = kept["id"]
    yield status == 201, f"  {kind}: reported as {number} with a photo, grid {kept['code']}"
    located = service.ask(f"/locate?lon={lon!r}&lat={lat!r}&datum=cgcs2000")[1]
    _, told = service.ask(f"/incidents/{number}")
    yield kept["code"] in json.dumps(located) and told["code"] == kept["code"], "    the same grid by /locate and in the ledger"
    command = [sys.executable, "-m", "gridgis", "who", str(county), told["code"], "--json"]
    who = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    theirs, mine = ({(h["role"], h["name"]) for link in chain for h in link["holders"]} for chain in (who["chain"], told["chain"]))
    yield mine == theirs, f"    {len(mine)} people and bodies at {len(told['chain'])} levels, those of `gridgis who`"
    hours = (pd.Timestamp(told["due_at"]) - pd.Timestamp(told["at"])).total_seconds() / 3600
    yield hours > 0, f"    limit {hours:g} h, matter {told['matter'] and told['matter']['en']}"
    image = service.ask(f"/incidents/{number}/photo")[1]
    with Image.open(io.BytesIO(image)) as picture:
        yield picture.size == (1200, 900), f"    photo {picture.format} {picture.width} x {picture.height}"
    way = "grid" if told["matter"] is None or told["matter"]["admitted"] else "dispatched"
    states = []
    for step in WALK:
        status, answer = service.send(f"/incidents/{number}/steps", step | ({"handled_in": way} if step["action"] == "handle" else {}))
        states.append(f"{step['action']} -> {answer.get('status')}" if status == 201 else f"{step['action']} {status}")
    done = service.ask(f"/incidents/{number}")[1]
    yield (done["status"], done["handled_in"], len(done["steps"])) == ("closed", way, 6), f"    {'; '.join(states)}"


def refusals(service: Service, lon: float, lat: float, category: str) -> Iterator[Line]:
    """Send what must be flagged, known again or refused."""
    good = {"lon": lon, "lat": lat, "category": category, "datum": "cgcs2000"}
    old = (pd.Timestamp.now() - pd.Timedelta(days=90)).isoformat(" ", "seconds")
    service.send("/incidents", good | {"id": "LATE", "at": old})
    late = [r["id"] for r in service.ask("/incidents?view=overdue&limit=1000")[1]["incidents"]]
    yield "LATE" in late and service.ask("/incidents/LATE")[1]["overdue"], "  of 90 days ago: flagged as past its limit"
    again = service.send("/incidents", good | {"id": "LATE"})[0]
    yield again == 409, f"  the same report again: {again}"
    answers = [service.send("/incidents", good | more)[0] for more in BROKEN]
    answers.append(service.ask("/incidents", b"[" * 50_000)[0])
    answers.append(service.ask("/incidents", b"x" * 9_000_000)[0])
    yield all(400 <= a < 500 for a in answers), f"  {len(answers)} broken requests: {sorted(set(answers))}"


def figures(county: Path, folder: Path) -> Iterator[Line]:
    """Walk through everything on a copy of a county."""
    copy = folder / "county.gpkg"
    shutil.copyfile(county, copy)
    with gg.open_county(copy) as opened:
        spots, before = places(opened), len(opened.store.some("incidents", {}, ("id",)))
        categories = [m.categories[0] for m in opened.scheme.access.matters if m.categories] or ["公用设施/路灯故障"]
    with served(copy) as service:
        for k, (kind, lon, lat) in enumerate(spots):
            yield from walked(service, copy, kind, lon, lat, categories[-k * 3 % len(categories)])
        yield from refusals(service, *spots[0][1:], categories[0])
    with gg.open_county(copy) as opened:
        after = len(opened.store.some("incidents", {}, ("id",)))
    yield after == before + len(spots) + 1, f"  {after - before} incidents more than before, none of the refused"
    proof = subprocess.run([sys.executable, "-m", "gridgis", "verify", str(copy)], capture_output=True, text=True, check=False)
    yield proof.returncode == 0, f"  gridgis verify: exit {proof.returncode}"


def main() -> int:
    """Print every line; 1 where one is not so."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--county", type=Path, required=True)
    given, wrong = parser.parse_args(), 0
    with tempfile.TemporaryDirectory() as folder:
        for good, text in figures(given.county, Path(folder)):
            wrong += not good
            print(text if good else f"{text}   <-- not so", flush=True)
    print(f"differences: {wrong}")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
