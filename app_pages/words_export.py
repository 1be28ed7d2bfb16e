"""The words of the page that hands grids on."""

from __future__ import annotations

from types import MappingProxyType

EXPORT_WORDS: MappingProxyType[str, tuple[str, str]] = MappingProxyType({
    "export": ("导出", "Export"),
    "export_format": ("格式", "Format"),
    "export_for_geojson": ("网页地图和多数软件都能读。", "For maps on the web; read by most programs."),
    "export_for_gpkg": ("给 QGIS 等桌面软件，带配色和中文字段名。", "For QGIS and other desktop GIS, with styles and names of columns."),
    "export_for_shp": ("给 ArcGIS 等较早的软件；老软件打不开中文时选 GBK。",
                       "For ArcGIS and older programs; choose GBK where Chinese does not show."),
    "export_for_kml": ("给奥维、Google Earth 等地球软件。", "For Google Earth and the like."),
    "export_for_fgb": ("给数据量大的网页和程序。", "For large data on the web and in programs."),
    "export_for_parquet": ("给数据分析（Python、DuckDB 等）。", "For analysis in Python, DuckDB and the like."),
    "export_for_csv": ("表格，图形写成 WKT 一列。", "A table with the outline as a column of WKT."),
    "export_for_xlsx": ("给 Excel，没有图形。", "For Excel, without outlines."),
    "export_for_amap": ("给高德地图：每行一个网格的坐标串。", "For AMap: one line of coordinates a grid."),
    "export_for_baidu": ("给百度地图：每行一个网格的坐标串。", "For Baidu Maps: one line of coordinates a grid."),
    "role_internal_about": ("含台账各列，可能有人员信息，只发给内部。", "Every column of the register, maybe with names: not to be passed on."),
    "role_public_about": ("去掉台账各列，较小的数字隐去。", "Columns of the register are left out and small counts withheld."),
    "export_losses": ("这种格式的限制：", "Limits of this format:"),
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
