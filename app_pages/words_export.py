"""The words of the page that hands grids on."""

from __future__ import annotations

from types import MappingProxyType

EXPORT_WORDS: MappingProxyType[str, tuple[str, str]] = MappingProxyType({
    "export": ("导出", "Export"),
    "export_format": ("格式", "Format"),
    "export_encoding": ("文字编码", "Text encoding"),
    "export_role": ("给谁用", "For whom"),
    "role_internal": ("内部", "Internal"),
    "role_public": ("公开", "Public"),
    "export_k": ("隐去小于此数的人口、户数与事件", "Withhold counts of people and incidents below"),
    "export_simplify": ("化简（米，0 为不化简）", "Simplify (metres, 0 for not)"),
    "export_simplify_help": ("公共边化简后仍重合，县区外界不动。", "Shared edges stay shared; the county's outline stays as it is."),
    "export_withheld": ("隐去的数字", "Numbers withheld"),
    "export_rows": ("网格", "Grids"),
    "export_size": ("文件大小", "File size"),
    "export_download_size": ("下载大小（压缩包）", "Download (zip)"),
    "export_making": ("正在生成文件……", "Making the file…"),
    "export_hidden": ("隐去", "withheld"),
    "export_note": (
        "压缩包内有文件、字段说明和清单（版本、方案指纹、校验和）；编码为文本，取整后的坐标已核对无重叠。",
        "The zip holds the file, what its columns mean, and a manifest (version, hash of the plan, checksums); codes are "
        "text, and the rounded coordinates were checked for overlaps.",
    ),
    "datum": ("坐标基准", "Datum"),
    "datum_cgcs2000": ("CGCS2000 / WGS84", "CGCS2000 / WGS84"),
    "datum_gcj02": ("GCJ-02（高德、腾讯）", "GCJ-02 (Amap, Tencent)"),
    "datum_bd09": ("BD-09（百度）", "BD-09 (Baidu)"),
    "datum_warning": (
        "偏移坐标只用于对应的互联网地图，不要再导回本系统。",
        "Shifted coordinates are for that web map only; do not import them again.",
    ),
    "download": ("下载 {name}", "Download {name}"),
    "first_rows": ("共 {all} 个网格，前 {n} 个", "The first {n} of {all} grids"),
    "zone": ("分区", "Zone"),
})  # fmt: skip
