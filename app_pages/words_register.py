"""Words of the page of registers."""

from __future__ import annotations

from types import MappingProxyType

REGISTER_WORDS: MappingProxyType[str, tuple[str, str]] = MappingProxyType({
    "register": ("台账", "Registers"),
    "register_kind": ("台账", "Register"),
    "register_now": ("现有 {n} 行", "{n} rows at present"),
    "register_first": ("现有 {all} 行，显示前 {n} 行；可查找其余", "The first {n} of {all} rows; search for the others"),
    "register_find": ("查找编码、名称、电话等", "Find a code, name, telephone …"),
    "register_unfound": ("没有包含“{text}”的行", "No row holds '{text}'"),
    "register_none": ("还没有内容", "Nothing here yet"),
    "register_none_note": ("下载右侧的模板，填好后在此导入。", "Download the template at the right, fill it in and import it here."),
    "register_template": ("下载模板", "Download the template"),
    "register_template_grids": ("下载模板（已填好现有网格）", "Download the template (grids filled in)"),
    "register_import": ("导入", "Import"),
    "register_choose": ("选择文件", "Choose a file"),
    "register_files": ("XLSX、CSV、TSV，不超过 50 MB", "XLSX, CSV, TSV up to 50 MB"),
    "register_role": ("每行的人担任", "The person in each row is"),
    "register_no_role": ("不登记任职", "not posted"),
    "register_tip": (
        "先试读：逐行说明接受或拒绝的原因，确认后才写入；合格的行一次写入，不合格的行不影响其他行。身份证号不得导入。",
        "A trial comes first: every row is accepted or rejected with its reason, and nothing is written until you confirm. Good rows "
        "enter together; others do not hold them up. Identity card numbers are not imported.",
    ),
    "register_trial": ("试读“{name}”", "Trial of '{name}'"),
    "register_counts": (
        "共 {rows} 行：接受 {accepted}，拒绝 {rejected}，整理 {mended}，提醒 {warnings}；新增 {added}，更新 {replaced}，无变化 {unchanged}",
        "{rows} rows: {accepted} accepted, {rejected} rejected, {mended} mended, {warnings} with a warning; {added} new, {replaced} "
        "replaced, {unchanged} unchanged",
    ),
    "register_confirm": ("确认导入 {n} 行", "Import {n} rows"),
    "register_discard": ("放弃", "Discard"),
    "register_drop": ("略去列“{column}”再试读", "Leave out column '{column}' and try again"),
    "register_done": (
        "已导入“{name}”：接受 {accepted} 行，拒绝 {rejected} 行。",
        "Imported '{name}': {accepted} rows accepted, {rejected} rejected.",
    ),
    "register_row": ("行", "Row"),
    "register_what": ("结果", "Result"),
    "register_why": ("说明", "Why"),
    "register_rejected": ("拒绝", "Rejected"),
    "register_warning": ("提醒", "Warning"),
    "register_mended": ("已整理", "Mended"),
    "register_added": ("新增", "New"),
    "register_replaced": ("更新", "Replaced"),
    "register_more": ("另有 {n} 条未列出，见下载的报告。", "{n} more are in the report."),
    "register_report": ("下载报告", "Download the report"),
    "register_evidence": ("依据", "Evidence"),
})  # fmt: skip
