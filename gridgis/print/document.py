"""Documents of blocks: headings, tables, facts, pictures, places to sign; what a form, a report and a call list are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gridgis.errors import InputError
from gridgis.print.typeset import press


@dataclass
class Document:
    """A document while it is put together.

    Attributes
    ----------
    lang
        ``zh`` or ``en``.
    title, subtitle
        At the head.
    foot
        Lines at the foot of each page.
    landscape
        The page lies on its long side.
    """

    lang: str
    title: str
    subtitle: str = ""
    foot: list[str] = field(default_factory=list)
    landscape: bool = False
    blocks: list[dict[str, Any]] = field(default_factory=list)
    pictures: dict[str, str] = field(default_factory=dict)

    def heading(self, zh: str, en: str) -> None:
        """Begin a part."""
        self.blocks.append({"kind": "heading", "text": en if self.lang == "en" else zh})

    def text(self, zh: str, en: str) -> None:
        """Add a paragraph."""
        self.blocks.append({"kind": "text", "text": en if self.lang == "en" else zh})

    def facts(self, rows: Sequence[Sequence[str]], columns: int = 1) -> None:
        """Add (name, value) pairs, in so many columns."""
        full = [list(r) for r in rows] + [["", ""]] * (-len(rows) % columns)
        self.blocks.append({"kind": "facts", "rows": full, "columns": columns})

    def table(self, head: Sequence[str], rows: Sequence[Sequence[Any]], **layout: Any) -> None:
        """Add a table; `layout`: widths, right (columns of figures), size."""
        shown = [["" if v is None else v if isinstance(v, str) else f"{v:,}" for v in row] for row in rows]
        self.blocks.append({"kind": "table", "head": list(head), "rows": shown} | layout)

    def show(self, pictures: Sequence[tuple[str, str]], *, frame: bool = True) -> None:
        """Add SVG pictures with captions, side by side."""
        keys = [f"picture{len(self.pictures) + k}" for k in range(len(pictures))]
        self.pictures |= dict(zip(keys, (svg for svg, _ in pictures), strict=True))
        self.blocks.append({"kind": "pictures", "keys": keys, "captions": [c for _, c in pictures], "frame": frame})

    def sign(self, labels: Sequence[str], date: str) -> None:
        """Add places to sign."""
        self.blocks.append({"kind": "sign", "labels": list(labels), "date": date})

    def new_page(self) -> None:
        """Go on with a new page."""
        self.blocks.append({"kind": "break"})

    def pdf(self, templates: Path | None = None) -> bytes:
        """Return the document as PDF."""
        data = {"lang": self.lang, "title": self.title, "subtitle": self.subtitle, "foot": self.foot,
                "landscape": self.landscape, "blocks": self.blocks}  # fmt: skip
        return press("document", templates).set(data, self.pictures)[0]


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file.

    Raises
    ------
    InputError
        It cannot be written.
    """
    try:
        path.write_bytes(data)
    except OSError as error:
        raise InputError(
            f"无法写入“{path}”：{error.strerror}。", f"'{path}' cannot be written: {error.strerror}."
        ) from error
