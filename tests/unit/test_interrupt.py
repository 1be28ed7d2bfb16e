"""Ctrl+C at any moment of a command: one plain line, exit 130."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest


def heard() -> None:
    """Let Ctrl+C be heard, though the tests themselves may run in the background, where it is not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


posix = pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl+C to the whole console")


@posix
@pytest.mark.parametrize(("loaded", "lang", "said"), [
    ("gridgis.interrupt", "zh", "已取消，未作任何改动。"),
    ("numpy", "en", "Cancelled; nothing was changed."),
    ("typer", "zh", "已取消，未作任何改动。"),
])  # fmt: skip
def test_interrupt_while_libraries_load_is_one_line(loaded: str, lang: str, said: str) -> None:
    # Python tells of every module that it has loaded: no clock is needed to be in the midst of it.
    command = [sys.executable, "-X", "importtime", "-m", "gridgis", "scheme", "list", "--lang", lang]
    pipes = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True, preexec_fn=heard) as process:
        assert process.stderr is not None
        told = []
        for line in process.stderr:
            told.append(line)
            if line.startswith("import time:") and line.rsplit("|", 1)[-1].strip() == loaded:
                process.send_signal(signal.SIGINT)
                break
        told += list(process.stderr)
    rest = [line.strip() for line in told if not line.startswith("import time:")]
    assert process.returncode == 130, told[-5:]
    assert rest == [said]


@posix
def test_import_elsewhere_leaves_interrupts_alone() -> None:
    code = "import signal, gridgis; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, preexec_fn=heard)
    assert done.stdout == "True\n"
