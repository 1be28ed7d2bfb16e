"""The `gridgis` command: all commands together, and how errors reach people."""

from __future__ import annotations

import os
import sys
from typing import Any

import typer

from gridgis.cli import (
    accept,
    analyse,
    branching,
    cells,
    compute,
    edit,
    emergency,
    export,
    fitting,
    fix,
    found,
    fusing,
    handling,
    history,
    incidents,
    keep,
    loads,
    matches,
    people,
    placing,
    printing,
    proposing,
    publish,
    read,
    redraw,
    registers,
    regrouping,
    scheme,
    serve,
)
from gridgis.errors import GridgisError
from gridgis.interrupt import CANCELLED, cancelled, language, ready

app = typer.Typer(
    name="gridgis", no_args_is_help=True, add_completion=False, rich_markup_mode=None,
    pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]},
    help="绘制与管理县域网格：无缝、不重叠、一格一码。\n\nDraw and keep the grids of a county: no gap, no overlap, one code each.",
)  # fmt: skip

_UsageError: type[Any] = typer.BadParameter.__mro__[2]
"""What all usage errors derive from; typer keeps its own copy of click and does not export the class."""

for module in (
    found,
    edit,
    branching,
    publish,
    read,
    export,
    history,
    analyse,
    cells,
    compute,
    accept,
    fix,
    scheme,
    people,
    matches,
    keep,
    placing,
    redraw,
    registers,
    handling,
    printing,
    emergency,
    serve,
    proposing,
    fitting,
    fusing,
    regrouping,
    incidents,
    loads,
):
    module.register(app)


def main() -> None:
    """Run the command line; people get one plain sentence, never a traceback."""
    ready()
    lang = language(sys.argv)
    try:
        code = app(standalone_mode=False)
        if code == CANCELLED:
            # Typer answers an interrupt itself, without a word.
            raise KeyboardInterrupt
    except _UsageError as error:
        print(error.format_message(), file=sys.stderr)
        sys.exit(2)
    except GridgisError as error:
        print(error.words(lang), file=sys.stderr)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        print(cancelled(), file=sys.stderr)
        sys.exit(CANCELLED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if isinstance(error, OSError) and error.filename is not None:
            print(_refused_by_system(error, lang), file=sys.stderr)
            sys.exit(2)
        if os.environ.get("GRIDGIS_DEBUG"):
            raise
        zh = f"程序内部错误（{type(error).__name__}: {error}）。县区未改动；设置 GRIDGIS_DEBUG=1 再运行可得到详细信息，请反馈给维护者。"
        en = f"Internal error ({type(error).__name__}: {error}). Run again with GRIDGIS_DEBUG=1 for details and report it."
        print(en if lang == "en" else zh, file=sys.stderr)
        sys.exit(3)
    sys.exit(code if isinstance(code, int) else 0)


def _refused_by_system(error: OSError, lang: str) -> str:
    """Return what the system says of a path that was given: a name too long, a folder that may not be entered."""
    name = str(error.filename)[:80]
    return f"'{name}' cannot be used: {error.strerror}." if lang == "en" else f"“{name}”不能使用：{error.strerror}。"
