"""What the tests of one module at a time may use besides: the command line, called inside the test."""

from __future__ import annotations

import pytest

from tests.telling import Tell, teller


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tell:
    return teller(monkeypatch, capsys)
