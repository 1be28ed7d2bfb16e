"""Ctrl+C while the libraries of the command still load: one plain line, not Python's traceback.

Imported before all others by `gridgis`; in a notebook or a program of one's own it does nothing.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

CANCELLED = 130
"""Exit code of a command that Ctrl+C has ended."""
# While the package loads, ``python -m gridgis`` is called "-m"; the command has its own name.
_COMMANDS = ("-m", "gridgis")


def language(arguments: Sequence[str]) -> str:
    """Return the language asked for, even where the arguments are too wrong to be parsed."""
    for k, word in enumerate(arguments):
        if word == "--lang" and k + 1 < len(arguments):
            return arguments[k + 1]
        if word.startswith("--lang="):
            return word.removeprefix("--lang=")
    return os.environ.get("GRIDGIS_LANG", "zh")


def cancelled() -> str:
    """Return what is said when Ctrl+C has ended a command."""
    return "Cancelled; nothing was changed." if language(sys.argv) == "en" else "已取消，未作任何改动。"


def ready() -> None:
    """Leave Ctrl+C to the command from now on."""
    if signal.getsignal(signal.SIGINT) is _stop:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _stop(*_signal: Any) -> NoReturn:
    # Nothing is open yet, and an exception would pass through whatever library is loading just now.
    os.write(2, f"{cancelled()}\n".encode())
    os._exit(CANCELLED)


def _is_command() -> bool:
    # A program started with Ctrl+C ignored, as those in the background are, keeps it ignored.
    here = threading.current_thread() is threading.main_thread()
    return here and Path(sys.argv[0]).stem in _COMMANDS and signal.getsignal(signal.SIGINT) is signal.default_int_handler


if _is_command():
    signal.signal(signal.SIGINT, _stop)
