"""Who is at the desk and what that person may do; asked again at every door that saves.

Without ``[auth]`` in ``.streamlit/secrets.toml`` there is one local user who may do everything; with
it Streamlit's own login is required, and ``[roles]`` says who may do what.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from gridgis.errors import InputError, RefusedError

ROLES = ("viewer", "drafter", "reviewer", "publisher")
"""Each may do what those before it may."""

OPEN = ("map", "incidents", "loads", "people", "export", "settings")
"""Pages for those who may only look; their small numbers are hidden, see `veil`."""

_LEAST: Mapping[str, str] = MappingProxyType({
    "look": "viewer", "save": "drafter", "approve": "reviewer", "publish": "publisher",
})  # fmt: skip
_DEEDS = MappingProxyType({
    "look": ("查看县区", "look at the county"), "save": ("修改县区", "change the county"),
    "approve": ("审核草案", "approve a draft"), "publish": ("发布版本", "publish a version"),
})  # fmt: skip


class Person(NamedTuple):
    """Who is logged in: a name to show, an address to tell namesakes apart, a role."""

    name: str
    mail: str
    role: str


def may(role: str, action: str) -> bool:
    """Tell whether a role may do something: look, save, approve, publish; an unknown role may nothing."""
    return role in ROLES and ROLES.index(role) >= ROLES.index(_LEAST[action])


def role_of(user: Mapping[str, Any], roles: Mapping[str, Any]) -> str:
    """Return the role of a user who is logged in.

    Parameters
    ----------
    user
        The claims of the login.
    roles
        The table ``[roles]``: e-mail address to role, capitals aside.

    Raises
    ------
    InputError
        The table names a role that does not exist.
    """
    mail = _mail(user)
    known = {str(k).strip().lower(): str(v).strip().lower() for k, v in roles.items()}
    role = known.get(mail, ROLES[0]) if mail else ROLES[0]
    if role not in ROLES:
        raise InputError(
            f".streamlit/secrets.toml 的 [roles] 中，{mail} 的权限“{role}”不存在：只能是 {'、'.join(ROLES)}。",
            f"[roles] in .streamlit/secrets.toml gives {mail} the role '{role}': there are only {', '.join(ROLES)}.",
        )
    return role


def _mail(user: Mapping[str, Any]) -> str:
    # An address that the provider has not verified is anybody's claim.
    return "" if user.get("email_verified") is False else str(user.get("email") or "").strip().lower()


def guarded() -> bool:
    """Tell whether a login is configured."""
    return bool(_secrets("auth"))


def open_to_residents() -> bool:
    """Tell whether residents may report without an account: unless a login is required and ``[public] report`` is not true."""
    return not guarded() or _secrets("public").get("report") is True


def person() -> Person | None:
    """Return who is logged in; None for the local user, or before the login."""
    user = st.user.to_dict()
    if not guarded() or not user.get("is_logged_in"):
        return None
    mail = _mail(user)
    name = str(user.get("name") or mail or user.get("sub") or "").strip()
    return Person(name, mail, role_of(user, _secrets("roles")))


def role() -> str:
    """Return the role of whoever is at the desk; empty before the login."""
    if not guarded():
        return ROLES[-1]
    found = person()
    return found.role if found else ""


def author() -> str:
    """Return what is recorded as `by`: the login's name and address, else the name typed."""
    found = person()
    if found is None:
        return str(st.session_state.get("author", "")).strip()
    return f"{found.name} <{found.mail}>" if found.mail and found.mail != found.name else found.name


def short(by: object) -> str:
    """Return a recorded author without the address, for lines that only tell."""
    text = str(by or "")
    return text.split(" <")[0] or text


def allowed(action: str) -> bool:
    """Tell whether whoever is at the desk may do something."""
    return may(role(), action)


def offered(page: str) -> bool:
    """Tell whether a page is for whoever is at the desk."""
    return allowed("save") or page in OPEN


def require(action: str) -> None:
    """Refuse what the person at the desk may not do.

    Raises
    ------
    RefusedError
        The role does not allow it.
    """
    if not allowed(action):
        zh, en = _DEEDS[action]
        raise RefusedError(
            f"您的权限不能{zh}，没有保存任何内容：请联系管理员调整 [roles]。",
            f"Your role may not {en}; nothing was saved. Ask the administrator for another role in [roles].",
        )


def _secrets(table: str) -> Mapping[str, Any]:
    try:
        found = st.secrets.get(table, {})
    except StreamlitSecretNotFoundError as error:
        # A file that cannot be read must not open the door that it was to close.
        broken = [path for path in st.get_option("secrets.files") if Path(path).exists()]
        if broken:
            raise InputError(
                f"“{broken[0]}”无法读取：请检查 TOML 写法。", f"'{broken[0]}' cannot be read: check its TOML."
            ) from error
        return {}
    if not isinstance(found, Mapping):
        raise InputError(
            f".streamlit/secrets.toml 的 {table} 应是一个表 [{table}]。",
            f"{table} in .streamlit/secrets.toml must be a table [{table}].",
        )
    return found
