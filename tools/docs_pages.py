"""Pages of the documents that are made from the program, so that they cannot lag behind it; mkdocs runs this as a hook.

The data dictionary comes from `gridgis.schema` and the tables of the store, the commands from the command line, the
rules from the list of checks. Run as a script, it takes over the pictures that the browser tests took last.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SHOTS = ROOT / "tests" / "browser" / "shots"
KINDS = {"text": "文本", "int": "整数", "real": "小数", "geometry": "几何"}
WIDE = 1080
_UNALIKE = 0.004


def data_dictionary() -> str:
    """Return the page of all tables and columns."""
    from gridgis.schema import SCHEMA_VERSION, TABLE_ALIASES, TABLES
    from gridgis.store.tables import metadata

    out = [
        "# 数据字典",
        f"由程序的 `gridgis/schema.py` 生成（结构版本 {SCHEMA_VERSION}）。县区文件是 GeoPackage，PostGIS 里同名同列。"
        "坐标为县区所在的 CGCS2000 3 度带，单位米，取整到毫米；编码一律是文本。",
        "`removed_in` 为空的是现状；任何旧版本都是一个条件：`added_in <= N and (removed_in is null or removed_in > N)`。",
    ]
    for name, columns in TABLES.items():
        rows = [f"| `{c.name}` | {KINDS[c.kind]} | {c.zh} |" for c in columns]
        out += [f"## {TABLE_ALIASES[name]} `{name}`", "\n".join(["| 列 | 类型 | 含义 |", "|---|---|---|", *rows])]
    out.append("## 历史、草稿与发布")
    out.append("程序自己维护，不要手工改动；已发布的版本由数据库拒绝修改和删除。")
    rest = [table for name, table in metadata(4548).tables.items() if name not in TABLES]
    rows = [f"| `{t.name}` | {'、'.join(f'`{c.name}`' for c in t.columns)} |" for t in rest]
    out.append("\n".join(["| 表 | 列 |", "|---|---|", *rows]))
    return "\n\n".join(out) + "\n"


def commands() -> str:
    """Return the page of all commands with their options."""
    import typer

    from gridgis.cli.app import app

    out = [
        "# 命令",
        "`gridgis 命令 --help` 给出同样的说明；`COUNTY` 是 `county.gpkg` 或 `postgresql://…`。"
        "退出码：0 完成，1 有问题或被拒绝，2 用法或输入有误（县区不变）。",
    ]
    group: Any = typer.main.get_command(app)
    for name in sorted(group.commands):
        command = group.commands[name]
        rows = []
        for p in command.params:
            shown = "、".join(f"`{o}`" for o in p.opts) if p.opts[0].startswith("-") else f"`{p.metavar or p.name.upper()}`"
            rows.append(f"| {shown} | {_cell(getattr(p, 'help', None) or '')} |")
        words = (command.help or "").strip().replace("\n", " ")
        out += [f"## gridgis {name}", words, "\n".join(["| 参数 | 说明 |", "|---|---|", *rows])]
    return "\n\n".join(out) + "\n"


def rules() -> str:
    """Return the page of all rules of the check."""
    from gridgis.checks import rule_list

    severity = {"error": "错误", "warning": "提醒"}
    rows = [f"| `{r['rule']}` | {severity[r['severity']]} | {r['zh']} | {r['en']} |" for r in rule_list()]
    return "\n\n".join([
        "# 检查规则",
        "`gridgis check COUNTY` 与应用的“检查”页运行同一批规则；`--rule` 只运行一条。错误应当改正；提醒可以附原因和期限接受。",
        "\n".join(["| 规则 | 级别 | 名称 | English |", "|---|---|---|---|", *rows]),
    ]) + "\n"  # fmt: skip


def _cell(text: str) -> str:
    return text.strip().replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


PAGES = {"data_dictionary.md": data_dictionary, "commands.md": commands, "rules.md": rules}


def pictures(text: str) -> list[str]:
    """Return the names of the pictures that a page shows."""
    return re.findall(r"\]\(shots/([\w-]+)\.png\)", text)


def refresh(guide: Path = ROOT / "docs" / "guide.md", shots: Path = SHOTS) -> list[str]:
    """Take over the pictures that the browser tests took, where they show something else; return their names."""
    from PIL import Image, ImageChops

    done = []
    for name in pictures(guide.read_text(encoding="utf-8")):
        taken, kept = shots / f"{name}.png", guide.parent / "shots" / f"{name}.png"
        if not taken.is_file():
            continue
        picture = Image.open(taken).convert("RGB")
        picture.thumbnail((WIDE, WIDE), Image.Resampling.LANCZOS)
        if kept.is_file():
            old = Image.open(kept).convert("RGB")
            if old.size == picture.size:
                changed = ImageChops.difference(old, picture).convert("L").point(lambda v: 255 if v > 48 else 0)
                if changed.histogram()[255] < _UNALIKE * picture.width * picture.height:
                    continue
        kept.parent.mkdir(exist_ok=True)
        picture.quantize(128, dither=Image.Dither.NONE).save(kept, optimize=True)
        done.append(name)
    return done


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are made from the program."""
    from mkdocs.structure.files import File

    for name, made in PAGES.items():
        files.append(File.generated(config, name, content=made()))
    return files


if __name__ == "__main__":
    for renewed in refresh():
        print(f"-- 截图已更新：{renewed} | picture renewed: {renewed}")
