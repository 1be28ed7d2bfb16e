"""Sound inputs: files, and commands that take them, for `fuzz_inputs.py` to damage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shapely.geometry import box

from tests.drawn import EAST, NORTH, area, line
from tests.telling import degrees, geojson

A, B, C, D = "350526100001001", "350526100001002", "350526100001003", "350526100002004"


def files() -> dict[str, Any]:
    """Write the sound files that commands name; return the trees of those that are GeoJSON."""
    geojson(Path("line.geojson"), ({"name": "线"}, line((0, 1), (3, 1))))
    geojson(Path("area.geojson"), ({"name": "面"}, area((2, 0), (4, 0), (4, 1), (2, 1))))
    squares = [({"code": f"3505261000010{k:02d}", "name": f"第{k}网格"}, box(EAST + k * 100, NORTH - 100, EAST + k * 100 + 100, NORTH))
               for k in range(4)]  # fmt: skip
    geojson(Path("grids.geojson"), *squares)
    geojson(Path("points.geojson"), *[({"id": f"p{k}", "name": f"学校{k}", "kind": "school"}, s.centroid) for k, (_, s) in enumerate(squares)])
    for name in ("points.csv", "register.csv", "staff.csv", "postings.csv", "old.csv"):
        Path(name).write_text("".join(",".join(row) + "\r\n" for row in rows_of(name)), "utf-8")
    return {str(p): json.loads(p.read_text("utf-8")) for p in Path().glob("*.geojson")}


def rows_of(name: str) -> list[list[str]]:
    """Return the rows of a sound table."""
    lon, lat = degrees(line((1, 1), (2, 2))).coords[0]
    if name == "points.csv":
        return [["id", "名称", "lon", "lat"], *[[str(k), f"点{k}", f"{lon + k * 1e-4:.6f}", f"{lat:.6f}"] for k in range(6)]]
    if name == "register.csv":
        return [["网格编码", "网格名称", "备注"], [A, "第一网格", "甲"], [B, "第二网格", ""], [C, "第三网格", "乙"], [D, "第四网格", "=1"]]
    if name == "staff.csv":
        return [["姓名", "手机", "岗位", "编号"], ["林一", "19900000001", "网格长", "s1"], ["王二", "19900000002", "民警", "s2"]]
    if name == "postings.csv":
        return [["岗位", "网格编码", "人员", "开始日期"], ["网格长", A, "s1", "2026-01-01"], ["民警", B, "s2", "2026-02-01"]]
    return [["code", "households", "persons"], [A, "12", "30"], [B, "7", "20"], [C, "", "5"], [D, "1.5", "3"]]


def command_for(name: str, file: str) -> str:
    """Return the command that takes such a table."""
    kind = name.removesuffix(".csv")
    if name == "points.csv":
        return f"locate county.gpkg {file} --out out.csv"
    if name == "old.csv":
        return f"crosswalk county.gpkg 1 1 --level unit --carry {file} --out out.csv"
    return f"import county.gpkg {file} --as {kind} --dry-run"


COMMANDS = tuple(f"""split county.gpkg {A} --line line.geojson --by 张三
merge county.gpkg {A} {B} --json
transfer county.gpkg --area area.geojson --to {B} --unlock
paint county.gpkg --cells 1,2 --to {B}
recode county.gpkg {A} 350526100001009
convert county.gpkg {A} --to comprehensive
undo county.gpkg
redo county.gpkg --json
log county.gpkg
branch county.gpkg new 草稿 --note 说明
branch county.gpkg list
combine county.gpkg 草稿 --take ours
approve county.gpkg 草稿 --step 审核
publish county.gpkg --by 张三 --reason 试 --in-force 2026-12-01
publish county.gpkg --list
info county.gpkg
check county.gpkg --rule size --all --out out.csv
stats county.gpkg --level unit --out out.csv
stats county.gpkg --level unit --quality
verify county.gpkg
export county.gpkg out.geojson --level unit --datum gcj02 --simplify 5 --role public --k 3
export county.gpkg out.csv --as-of 1
diff county.gpkg 1 1 --moves
lineage county.gpkg {A}
crosswalk county.gpkg 1 1 --level unit --weight households
audit county.gpkg --out out.xlsx
reach county.gpkg --minutes 15 --mode straight --level unit
cells county.gpkg --from roads --dry-run
except county.gpkg add --rule size --code {A} --until 2027-01-01 --by 张三 --reason 试
except county.gpkg list
fix county.gpkg --rule multi_part --all --dry-run
scheme show dehua --json
scheme check scheme.toml
who county.gpkg {A}
who county.gpkg --point 118.24,25.49 --datum wgs84 --as-of 2026-10-01
staffing county.gpkg --follow
post county.gpkg --role police --code {A} --staff s1 --since 2026-01-01
command county.gpkg --point 118.0,25.48 --radius 300
match county.gpkg grids.geojson --level unit --min-iou 0.5
copy county.gpkg out.gpkg
locate county.gpkg points.csv --out out.csv --datum bd09
reshape county.gpkg --line line.geojson --level unit
vertex county.gpkg --at 118.0,25.48 --to 118.0001,25.48 --level unit
draw county.gpkg {A[:12]} --area area.geojson
template out.xlsx --as register --county county.gpkg
report-incident county.gpkg --point 118.0,25.48 --category 公用设施/路灯故障 --at 2026-11-01T10:00:00
incident county.gpkg list --overdue
incident county.gpkg forward R1 --to {A} --note 转办
signs county.gpkg --level unit --out out.pdf
report county.gpkg --kind check --out out.pdf --month 2026-11
emergency county.gpkg list
propose county.gpkg --within {A[:12]} --out out.gpkg --households 5:30 --alternatives 2 --seed 1
fit county.gpkg {A} --households 5:30
fuse county.gpkg 甲=grids.geojson 乙=grids.geojson --out out.gpkg
regroup county.gpkg grids.geojson --target 2 --out out.gpkg
incidents county.gpkg --level unit --since 2026-01-01 --compare 2025-01-01:2025-12-31 --k 10
hotspots county.gpkg --level unit --of count
workload county.gpkg --weight households=0.5 --weight incidents=0.5
alerts county.gpkg --raster rain --above 100
population county.gpkg --level unit --method area
import county.gpkg register.csv --as register --dry-run --field code=网格编码
new out.gpkg --scheme generic --code 350526 --boundary area.geojson --name 县""".splitlines())
