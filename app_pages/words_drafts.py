"""The words of the page on drafts and published versions."""

from __future__ import annotations

from types import MappingProxyType

DRAFT_WORDS: MappingProxyType[str, tuple[str, str]] = MappingProxyType({
    "drafts": ("草稿", "Drafts"),
    "drafts_none": (
        "还没有草稿。草稿在主线之外修改，并入之前主线不受影响。在“规划”页采用一个方案就成为草稿；也可在下面新建，由数据人员用命令行修改。",
        "There is no draft yet. A draft is changed apart from the main line, which stays as it is until the two are combined. Adopt a "
        "plan on the planning page and it becomes a draft; or begin one below, to be changed from the command line.",
    ),
    "draft": ("草稿名", "Draft"),
    "draft_base": ("起始版本", "Base"),
    "draft_edits": ("变更数", "Edits"),
    "draft_state": ("状态", "State"),
    "draft_by": ("建立人", "By"),
    "draft_note": ("说明", "Note"),
    "draft_open": ("进行中", "open"),
    "draft_combined": ("已并入", "combined"),
    "draft_dropped": ("已弃用", "put aside"),
    "draft_new": ("新建草稿", "Begin a draft"),
    "draft_begun": ("已新建草稿“{name}”。", "Began the draft '{name}'."),
    "draft_combine": ("并入主线", "Put on the main line"),
    "draft_done": ("草稿“{name}”已并入，成为版本 {n}，可在地图页撤销。", "The draft '{name}' is version {n} now; undo it on the map page."),
    "draft_questions": ("{n} 处待选", "To decide: {n}"),
    "draft_questions_note": ("主线与草稿都改过这里；全部选定之前什么都不改变。",
                             "Both changed the same ground; nothing changes before all is decided."),
    "draft_place": ("第 {n} 处", "Place {n}"),
    "draft_ours": ("取主线", "Keep the main line"),
    "draft_theirs": ("取草稿", "Take the draft"),
    "draft_show": ("在图上看", "Show on the map"),
    "draft_side_base": ("原方案", "Before"),
    "draft_side_ours": ("主线", "Main line"),
    "draft_side_theirs": ("草稿", "Draft"),
    "draft_answer": ("按所选并入", "Put it on the main line so"),
    "publish_title": ("发布当前版本 {n}", "Publish version {n}"),
    "publish_reason": ("发布原因", "Reason"),
    "publish_by": ("审批人", "Approved by"),
    "publish_do": ("发布", "Publish"),
    "publish_done": ("已发布版本 {n}（第 {k} 号），不可更改。", "Version {n} is published (number {k}) and cannot be changed."),
    "published": ("已发布 {n} 个版本，最近：版本 {v}，{day} 起施行。", "{n} versions published; the latest: version {v}, in force from {day}."),
    "kind_combine": ("并入草稿", "draft combined"),
})  # fmt: skip
