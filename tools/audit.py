"""Known faults of the pinned packages, asked of pip-audit's service where that answers.

    python tools/audit.py requirements.txt requirements-dev.txt

Ends with exit code 1 where a package has a known fault that `ACCEPTED` does not name. Where the service does not answer,
or knows nothing of the packages, that is said in one line and is no failure: checks must run without a network too.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ACCEPTED: dict[str, str] = {}
"""Faults that do not concern us: identifier to the reason, with its date."""
WAIT_S = 120


def ask(file: Path) -> list[dict[str, Any]] | None:
    """Return what the service knows of every package that a file pins; None where it does not answer."""
    command = [sys.executable, "-m", "pip_audit", "-r", str(file), "--no-deps", "--disable-pip", "-f", "json", "--timeout", "5",
               "--progress-spinner", "off"]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return None
    return found


def told(file: str, found: list[dict[str, Any]] | None) -> tuple[int, str]:
    """Return the exit code and the words for what was found of a file."""
    audited = [p for p in found or () if "skip_reason" not in p]
    if not audited:
        return 0, (
            f"{file}：漏洞查询服务没有回答或不认识这些包，依赖未能核查（不联网时如此）；联网后请再运行一次。"
            f" | {file}: the service of known faults did not answer or knows none of these, so dependencies were NOT audited;"
            " run this again with a network."
        )
    faults = [f"{p['name']} {p['version']} {v['id']}" for p in audited for v in p["vulns"] if v["id"] not in ACCEPTED]
    rest = len(found or ()) - len(audited)
    left = f"，{rest} 个包查不到 | {rest} packages are unknown to it" if rest else ""
    if faults:
        return 1, f"{file}：{len(faults)} 个已知漏洞{left}：| known faults:\n" + "\n".join(f"   {f}" for f in faults)
    return 0, f"{file}：{len(audited)} 个包没有已知漏洞{left} | no known fault in {len(audited)} packages"


def main(files: list[str]) -> int:
    """Audit files of pinned packages and print one line each."""
    worst = 0
    for name in files:
        code, words = told(name, ask(Path(name)))
        print(f"-- {words}", flush=True)
        worst = max(worst, code)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
