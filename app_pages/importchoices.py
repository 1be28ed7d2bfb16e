"""What was chosen for an import: the file, what it holds, how it is read, what is decided; nothing is shown here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from app_pages import importdesk
from app_pages.desk import Desk
from app_pages.matchdesk import Upload
from app_pages.state import attempt, tell
from gridgis.io.asking import Intake, Options

CHOICES = ("import_datum", "import_mode", "import_limit", "import_encoding", "import_crs", "import_layer", "import_drop",
           "import_skip")  # fmt: skip
KEPT = ("import_field_", "import_decide_", "import_reason_")


def away() -> None:
    """Forget file, trial and result; the widget is made anew, which is the only way to empty it."""
    state = st.session_state
    state.import_upload = None
    state.import_turn += 1
    changed_kind()


def changed_kind() -> None:
    """Begin the trial anew, with guesses of its own, when the file is another or said to be something else."""
    state = st.session_state
    state.import_trial = state.import_result = state.import_spot = None
    for key in [k for k in state if str(k) in CHOICES or str(k).startswith(KEPT)]:
        del state[key]


def changed_file() -> None:
    """Take the file that was chosen; a file that was taken away takes its trial along."""
    state = st.session_state
    given = state[f"import_file_{state.import_turn}"]
    tell()
    changed_kind()
    state.import_upload = None if given is None else Upload.of(given.name, given.getvalue())


def changed_datum(datum: str) -> None:
    """Answer the question of the datum."""
    st.session_state.import_datum = datum


def see(key: str, wkt: str) -> None:
    """Show a fault on the map."""
    st.session_state.import_spot = (key, wkt)


def options() -> Options:
    """Return what was asked for so far."""
    state = st.session_state
    prefix = "import_field_"
    named = {str(k)[len(prefix) :]: v for k, v in state.items() if str(k).startswith(prefix) and v}
    if state.import_kind == "raster" and state.import_upload is not None:
        named.setdefault("name", Path(state.import_upload.name).stem)
    decided = {str(k)[14:]: (str(v), str(state.get(f"import_reason_{str(k)[14:]}", "")))
               for k, v in state.items() if str(k).startswith("import_decide_") and v}  # fmt: skip
    crs = str(state.get("import_crs") or "").strip()
    return Options(
        state.import_kind, fields=named, datum=state.get("import_datum", "auto"), crs=crs or None,
        encoding=state.get("import_encoding", "auto"), layer=str(state.get("import_layer") or "").strip() or None,
        repair_below_m2=float(state.get("import_limit", 10_000)), skip_rejected=bool(state.get("import_skip")),
        drop=tuple(state.get("import_drop", ())), mode=state.get("import_mode", "add"), decisions=decided,
    )  # fmt: skip


def begin(desk: Desk, upload: Upload) -> None:
    """Start the import."""
    job = attempt(lambda: importdesk.begin(desk, upload, options()))
    if job is not None:
        tell()
        st.session_state.import_job = job


def settled() -> tuple[str, Any] | None:
    """Take note of an import that has ended; return how it ended, when it did."""
    state = st.session_state
    job, upload = state.import_job, state.import_upload
    if job is None or not job.over:
        return None
    state.import_job = state.import_trial = None
    if job.stopped:
        return "stopped", None
    if job.problem is not None:
        zh, en = importdesk.spoken((job.problem.zh, job.problem.en), upload)
        return "problem", type(job.problem)(zh, en)
    done: Intake = job.found
    kind = state.import_kind
    away()
    state.import_result = (upload.name, kind, done.report, done.edit is not None)
    return "done", None
