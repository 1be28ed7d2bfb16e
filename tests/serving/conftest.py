"""The service as tests ask it: for those inside, and for the public."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from gridgis.serving.service import service
from gridgis.serving.source import Role, Source
from tests.served import build


@pytest.fixture(scope="session")
def served_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("served") / "county.gpkg")


@pytest.fixture
def path(served_template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(served_template, tmp_path))


@pytest.fixture
def client(path: Path) -> Iterator[TestClient]:
    with TestClient(service(Source(str(path), Role()))) as client:
        yield client


@pytest.fixture
def public(path: Path) -> Iterator[TestClient]:
    with TestClient(service(Source(str(path), Role("public", 3)))) as client:
        yield client
