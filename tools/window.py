"""A port for the app, and a window of the browser on it."""

from __future__ import annotations

import os
import socket
import sys
import time
import webbrowser


def free_port() -> int | None:
    """Return the first free port from Streamlit's usual one upwards, None where all are taken."""
    for port in range(8501, 8600):
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)):
                return port
    return None


def open_window(port: int) -> None:
    """Open the app in a window of the browser as soon as it answers, where there is a screen."""
    if os.name != "nt" and sys.platform != "darwin" and not os.environ.keys() & {"DISPLAY", "WAYLAND_DISPLAY"}:
        return
    for _ in range(240):
        with socket.socket() as trial:
            if not trial.connect_ex(("127.0.0.1", port)):
                webbrowser.open(f"http://127.0.0.1:{port}")
                return
        time.sleep(0.5)
