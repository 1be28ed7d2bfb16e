"""The audit of packages says what it found, and never takes silence for a clean bill."""

from __future__ import annotations

import audit

SOUND = {"name": "numpy", "version": "2.4.0", "vulns": []}
ILL = {"name": "old", "version": "1.0", "vulns": [{"id": "CVE-2026-0001"}]}
UNKNOWN = {"name": "own", "skip_reason": "Dependency not found"}


def test_faults_fail_and_are_named() -> None:
    code, words = audit.told("r.txt", [SOUND, ILL, UNKNOWN])
    assert code == 1
    assert "old 1.0 CVE-2026-0001" in words
    assert "1 packages are unknown" in words


def test_silence_is_no_clean_bill() -> None:
    for found in (None, [], [UNKNOWN, UNKNOWN]):
        code, words = audit.told("r.txt", found)
        assert code == 0
        assert "NOT audited" in words
    assert audit.told("r.txt", [SOUND]) == (0, "r.txt：1 个包没有已知漏洞 | no known fault in 1 packages")
