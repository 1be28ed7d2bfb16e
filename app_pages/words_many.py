"""Words of several planners at once: who did what, who edits where, who may do what."""

from __future__ import annotations

from types import MappingProxyType

MANY_WORDS: MappingProxyType[str, tuple[str, str]] = MappingProxyType({
    # what others did
    "did_split": ("拆分了 {what}", "split {what}"),
    "did_merge": ("合并了 {what}", "merged {what}"),
    "did_transfer": ("划转了 {what}", "moved an area between {what}"),
    "did_paint": ("涂绘了 {what}", "painted {what}"),
    "did_recode": ("改了 {what} 的编码", "recoded {what}"),
    "did_convert": ("改了 {what} 的类型", "changed the kind of {what}"),
    "did_reshape": ("调整了 {what} 的界线", "reshaped {what}"),
    "did_undo": ("撤销了版本 {what}", "undid version {what}"),
    "did_redo": ("重做了版本 {what}", "redid version {what}"),
    "did_import": ("导入了 {what}", "imported {what}"),
    "did_other": ("改动了 {what}", "changed {what}"),
    "story": ("{who} 在版本 {n} {did}", "{who} {did} in version {n}"),
    "story_more": ("；另有 {m} 项变更", "; {m} more"),
    "story_end": ("。", "."),
    "story_all": ("方案", "the plan"),
    "kept_choice": ("您的待确认变更不受影响。", "Your proposal is untouched."),
    "gone_choice": ("所选的 {codes} 已停用。", "{codes}, which you had chosen, has ended."),
    "kind_convert": ("改类型", "change of kind"),
    "kind_register": ("台账", "register"),
    # a proposal that somebody was faster than
    "contested": ("有人先改动了这里", "Someone was faster here"),
    "contested_what": (
        "{story}您的变更涉及同样的网格，还没有保存，画的线和选择都还在。",
        "{story} Your change is about the same grids. It is not saved, and what you drew or chose is still here.",
    ),
    "contested_ask": ("要按最新方案再看一次，还是放弃？", "Look at it again on the present plan, or drop it?"),
    "look_again": ("再看一次", "Look again"),
    # who edits where
    "present_one": ("{who} 正在编辑 {code}", "{who} is editing {code}"),
    "present_more": ("还有 {n} 人在编辑", "{n} more are editing"),
    # who I am
    "author_hint": ("您的姓名", "Your name"),
    "role": ("权限", "Role"),
    "role_viewer": ("查看", "Viewer"),
    "role_drafter": ("编制", "Drafter"),
    "role_reviewer": ("审核", "Reviewer"),
    "role_publisher": ("发布", "Publisher"),
    "role_only": ("您可以查看，不能修改。", "You may look, not change."),
    "login": ("登录", "Log in"),
    "logout": ("退出登录", "Log out"),
    "login_first": ("请用单位账号登录后使用。", "Log in with the account of your organisation."),
    "login_broken": (
        "登录组件没有装好：请管理员执行 pip install \"streamlit[auth]\"，并检查 .streamlit/secrets.toml 的 [auth]。",
        "The login is not ready: the administrator is to run pip install \"streamlit[auth]\" and to check [auth] in "
        ".streamlit/secrets.toml.",
    ),
})  # fmt: skip
