"""A demo county made in a process of its own, so that it can be stopped at once: ``python -m app_pages.demochild OUT SCHEME``.

Each line on standard output is a JSON list: a share and what is being done, or what is wrong in Chinese and English.
"""

from __future__ import annotations

import json
import sys

from gridgis.demo.saving import found_demo
from gridgis.errors import GridgisError


def say(first: float | str, second: str) -> None:
    """Write a line to whoever listens."""
    sys.stdout.write(json.dumps([first, second]) + "\n")
    sys.stdout.flush()


def main(out: str, scheme: str) -> int:
    """Make the county; return 0 when it is there."""
    try:
        found_demo(out, scheme=scheme, progress=say)
    except GridgisError as error:
        say(error.zh, error.en)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
